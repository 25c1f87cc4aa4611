"""Whom a node sees in a round of updates, by the settings that are in force now."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from musternode import standing
from musternode.carbon.kind import KIND
from musternode.paths import Paths
from musternode.servers import peers
from musternode.updates import service
from musternode.updates.turn import Sight
from tests.node_carbon_machine import machine
from tests.node_machine import machine as pair_machine


def leave_out(paths: Paths, name: str) -> None:
    """Let the settings in force have `name` absent."""
    file = paths.etc / "settings.json"
    document = json.loads(file.read_text())
    for member in document["members"]:
        member["present"] = member["name"] != name
    file.write_text(json.dumps(document))


def server(folder: Path) -> tuple[Sight, Sight]:
    """Return what a server sees before and after another one is absent."""
    with machine(folder) as node:
        look = service.of_servers(node.host(), KIND)
        before = look()
        leave_out(node.paths, "b")
        return before, look()


def pair(folder: Path) -> tuple[Sight, Sight]:
    """Return what one of a pair sees before and after the other one is absent."""
    with pair_machine(folder) as node:
        look = service.of_pair(node.host())
        before = look()
        leave_out(node.paths, "b")
        return before, look()


@pytest.mark.parametrize("sees", [server, pair])
def test_an_absent_node_is_seen_as_such_and_not_as_one_that_does_not_answer(
    sees: Callable[[Path], tuple[Sight, Sight]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "ask", lambda *_: None)
    monkeypatch.setattr(standing, "peer", lambda _: None)
    before, after = sees(tmp_path)
    others = [each.name for each in before.others]
    assert "b" in others
    assert before.absent == ()
    assert [each.name for each in after.others] == [name for name in others if name != "b"]
    assert after.absent == ("b",)

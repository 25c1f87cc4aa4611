"""A node of WSO2 Carbon as processes: how it begins, lives, and says why it ends."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from musternode import __main__ as main
from musternode import bootstrap, host, volume
from musternode.agent import service as agent
from musternode.carbon.host import Host
from musternode.carbon.kind import KIND
from musternode.failure import Failure
from musternode.h2 import clock
from musternode.host import Identity
from musternode.paths import Paths
from musternode.report import Reported
from musternode.servers import service
from musternode.state import Board, State
from tests.node_carbon import Node, document, sees
from tests.node_carbon_machine import Machine, machine
from tests.node_servers import GENERATION, serving
from tests.node_words import put
from tests.test_node_report import Handle
from tests.test_node_settings import DOCUMENT as PAIR

IDENTITY = Identity("a", "/p")


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Machine]:
    """Yield node a."""
    with machine(tmp_path) as made:
        yield made


def test_a_cause_in_the_stages_is_told_with_the_nodes_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handle = Handle()

    def fails(_kind: object, _: Host) -> None:
        raise Failure("no space")

    monkeypatch.setattr(service, "_stages", fails)
    assert service.begin(KIND, Paths(tmp_path), IDENTITY, document(wait_url=handle.url)) == 1
    assert [body["Reason"] for _, body in handle.taken] == ["node a: no space"]


def test_the_settings_are_kept_for_the_next_boot_before_anything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, found = document(wait_url="http://127.0.0.1:9/"), list[str]()
    monkeypatch.setattr(
        service, "_stages", lambda *_: found.append((tmp_path / "etc/muster/settings.json").read_text())
    )
    monkeypatch.setattr(bootstrap, "_formed", lambda *_: 0)
    assert service.begin(KIND, Paths(tmp_path), IDENTITY, text) == 0
    assert found == [text]


def test_a_member_that_ends_by_a_fault_has_reported_it_once(node: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    handle = Handle()
    host.save(node.paths, IDENTITY, node.changed(wait_url=handle.url))

    def strange(_kind: object, _: Host) -> int:
        raise ZeroDivisionError("odd")

    monkeypatch.setattr(service, "_live", strange)
    assert [service.run(KIND, node.host()), service.run(KIND, node.host())] == [1, 1]
    assert [body["Reason"] for _, body in handle.taken] == ["node a: musternode failed: ZeroDivisionError: odd"]


def test_settings_that_cannot_be_read_are_reported_where_they_say(tmp_path: Path) -> None:
    handle, paths = Handle(), Paths(tmp_path)
    host.save(paths, IDENTITY, document(wait_url=handle.url, format=2))
    with pytest.raises(Failure, match="format 2"):
        service.load(KIND, paths)
    assert ["format 2" in body["Reason"] for _, body in handle.taken] == [True]


def test_a_host_that_was_never_set_up_says_so(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="it has not been bootstrapped"):
        service.load(KIND, Paths(tmp_path))


def test_stages_that_were_not_all_done_are_reported_and_only_another_document_helps(
    node: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []
    board = Board(State("a", GENERATION))
    monkeypatch.setattr(Reported, "send_aside", lambda *given: sent.append(given[-1]["Reason"]))
    assert service._finished(KIND, node.host(), board)
    host.save_next(node.paths, node.document)
    monkeypatch.setattr("musternode.servers.stages.install", lambda *_: 1 / 0)
    assert not service._finished(KIND, node.host(), board)
    assert (board.state.phase, sent) == ("failed", [board.state.failure])
    assert board.state.failure == "node a: musternode failed: ZeroDivisionError: division by zero"


def test_the_parts_of_a_member_go_on_where_the_last_one_stood(node: Machine) -> None:
    kept = {"sight": {"id": "a", "others": {"10.0.1.11": "b"}, "told": {}, "left": [], "alone": ""}}
    file = node.paths.etc / "sight.json"
    file.write_text(json.dumps({**kept, "inode": 1, "offset": 0}))
    assert KIND.member(node.host()).word.sees == {"10.0.1.11": "b"}
    file.unlink()
    assert KIND.member(node.host()).word.id == ""


def test_the_agent_counts_the_members_that_this_one_sees(tmp_path: Path) -> None:
    paths, one = Paths(tmp_path), Node()
    one.runs("b")
    service._tell_seen(SimpleNamespace(paths=paths), one.member)  # type: ignore[arg-type]
    assert agent._members(paths) == 2
    assert (paths.public / "members.json").stat().st_mode & 0o777 == 0o644
    one.tick(sees("bc"))
    service._tell_seen(SimpleNamespace(paths=paths), one.member)  # type: ignore[arg-type]
    assert agent._members(paths) == 3


@pytest.mark.parametrize(
    ("value", "count"),
    [
        ({"members": 3}, 0),
        ({"members": 3, "at": 0.0}, 0),
        ({"members": "3", "at": 1e12}, 0),
        ({"members": 3, "at": 1e12}, 3),
    ],
)
def test_a_count_that_is_old_or_none_is_nobody(tmp_path: Path, value: dict[str, Any], count: int) -> None:
    put(tmp_path, "state.json", {**vars(serving("a")), "at": clock.now()})
    put(tmp_path, "members.json", value)
    assert agent._members(Paths(tmp_path)) == count


def test_without_a_count_the_states_of_the_pair_are_counted(tmp_path: Path) -> None:
    put(tmp_path, "state.json", {**vars(serving("a")), "at": clock.now()})
    assert agent._members(Paths(tmp_path)) == 1


def test_each_host_lives_as_what_its_document_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths, said = Paths(tmp_path), list[str]()

    def live(what: str) -> Any:
        def run(*given: Any) -> int:
            said.append(f"{what} {given[-1].node.name}")
            return 0

        return run

    monkeypatch.setattr(main, "Paths", lambda: paths)
    monkeypatch.setattr(service, "run", live("carbon"))
    monkeypatch.setattr(main, "_member", live("pair"))
    monkeypatch.setattr(volume, "mount", lambda name, id_, _: said.append(f"mount {name} {id_}"))
    for text in (document(), json.dumps(PAIR)):
        host.save(paths, IDENTITY, text)
        assert (main.main(["volume"]), main.main(["member"])) == (0, 0)
    assert said == ["mount a vol-a", "carbon a", "mount a vol-1", "pair a"]


def test_each_document_begins_what_it_is_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = list[str]()

    def begin(what: str) -> Any:
        def run(*given: Any) -> int:
            said.append(f"{what} {given[-2].node}")
            return 0

        return run

    monkeypatch.setattr(service, "begin", begin("carbon"))
    monkeypatch.setattr(bootstrap, "bootstrap", begin("pair"))
    for text in (document(), json.dumps(PAIR), "{"):
        (tmp_path / "document").write_text(text)
        main.main(["bootstrap", str(tmp_path / "document"), "a", "/p"])
    assert said == ["carbon a", "pair a", "pair a"]

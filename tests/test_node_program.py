"""Another program on a running node: what begins anew for it, and what the gate process needs to begin."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from musternode import __main__ as main
from musternode import host, rollback, rollout, standing, units
from musternode.aws import Credentials
from musternode.failure import Failure
from musternode.h2.database import UNIT as H2
from musternode.paths import Paths
from musternode.watch import Watch
from tests.node_machine import NEW_PROGRAM, Machine, Restart, machine
from tests.node_words import pair_json, put
from tests.test_node_rollout import saved
from tests.test_node_settings import DOCUMENT, former


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Machine]:
    """Yield node a."""
    with machine(tmp_path) as made:
        yield made


def roll_out(node: Machine, document: str) -> None:
    """Let the member see a document."""
    with pytest.raises(Restart):
        main._roll_out(node.host(), document, Watch(lambda: document, "old"), None)


def begin_anew(node: Machine) -> None:
    """Begin the member's process as far as its settings go."""
    rollout.finish(node.host())


GATE_ANEW = [f"stop {units.GATE}", f"enable {units.GATE}", f"start {units.GATE}"]


def test_a_new_program_restarts_agent_and_gate_and_the_gate_last(node: Machine) -> None:
    """The gate steps out of the pair for it; H2 is its own affair, and the application goes on."""
    document = node.new(asset={**DOCUMENT["asset"], "sha256": NEW_PROGRAM})
    node.apply(document)
    node.apply(document)  # once by each program
    assert node.services.said == [f"enable {units.AGENT}", f"restart {units.AGENT}", *GATE_ANEW]


def test_nobody_takes_a_gate_that_begins_anew_for_open(node: Machine, tmp_path: Path) -> None:
    """The other node's turn comes when this one serves: the old gate's last word must not say so for the new one."""
    put(tmp_path, "pair.json", pair_json())
    node.apply(node.new(asset={**DOCUMENT["asset"], "sha256": NEW_PROGRAM}))
    assert standing.look(node.paths) is not None
    node.apply(node.new(asset={**DOCUMENT["asset"], "sha256": NEW_PROGRAM}))
    assert standing.look(node.paths) is None


@pytest.mark.parametrize(
    ("pair", "waits"),
    [
        ({}, False),
        ({"peer": None}, True),
        ({"peer": {**pair_json()["peer"], "gate": "shut"}}, True),
        ({"peer": None, "gate": "shut"}, False),
    ],
)
def test_a_gate_waits_some_time_for_the_other_one_before_it_begins_anew(
    node: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pair: dict[str, Any], waits: bool
) -> None:
    """But not for ever: a program that heals a sick pair could never be brought."""
    waited: list[float] = []
    put(tmp_path, "pair.json", pair_json(**pair))

    def once(ready: Callable[[], bool], *, within: float, every: float) -> bool:  # noqa: ARG001 - as the real one
        found = ready()
        waited.extend([] if found else [within])
        return found

    monkeypatch.setattr(rollout, "poll", once)
    document = node.new(asset={**DOCUMENT["asset"], "sha256": NEW_PROGRAM})
    node.apply(document)
    node.apply(document)
    assert waited == ([rollout.PEER_WITHIN] if waits else [])
    assert node.services.said[-3:] == GATE_ANEW


def test_a_node_of_the_former_version_comes_up_with_the_new_program(node: Machine) -> None:
    """Its settings and its secrets lack what the new program needs; its H2 listens on the node's own address."""
    credentials = node.paths.etc / "credentials.json"
    kept = json.loads(credentials.read_text())
    del kept["peer"]
    credentials.write_text(json.dumps(kept))
    host.save(node.paths, host.Identity("a", "/p"), former())
    (node.paths.units / units.GATE).unlink()
    (node.paths.units / H2).write_text("[Service]\nExecStart=java -Dh2.bindAddress=10.64.0.10\n")
    host.save_next(node.paths, node.new())  # as the former program leaves it to the new one
    with pytest.raises(Failure, match="no key"):
        node.host().key()
    begin_anew(node)
    assert node.host().settings.generation == "new0new0new0new0"
    assert node.host().key() == b"k"
    stop, *anew = GATE_ANEW
    assert node.services.said[-4:] == [stop, f"stop {H2}", *anew]


def test_another_peer_key_is_refused_and_the_one_in_use_stays(node: Machine) -> None:
    """Between the two nodes' turns neither could speak to the other."""
    before = node.facts()
    node.cloud.key = "another"
    roll_out(node, node.new())
    begin_anew(node)
    assert node.facts() == before
    assert node.host().key() == b"k"
    failed = rollback.failed(node.paths)
    assert failed is not None
    assert "arn:3 holds another key" in failed.sentence


def test_a_gate_process_that_cannot_begin_waits_before_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Systemd starts the next one within 0.2 s: without a pause they would keep a processor busy."""
    pauses: list[float] = []
    monkeypatch.setattr(main, "time", SimpleNamespace(sleep=pauses.append))
    assert main._gate(Paths(tmp_path)) == 1
    saved(tmp_path, DOCUMENT)
    assert main._gate(Paths(tmp_path)) == 1
    host.save_credentials(Paths(tmp_path), {"admin": Credentials("sa", "x")})
    assert main._gate(Paths(tmp_path)) == 1
    assert pauses == [main.UNABLE] * 3
    assert "has not been bootstrapped" in caplog.text
    assert "no key of the peer port" in caplog.text


def test_the_gate_process_takes_up_settings_that_it_can_read_and_keeps_its_own_otherwise(tmp_path: Path) -> None:
    this = saved(tmp_path, DOCUMENT)
    host.save(this.paths, this.identity, json.dumps({**DOCUMENT, "takeover_interval": 0}))
    assert host.reread(this).settings.takeover_interval == 0
    host.save(this.paths, this.identity, json.dumps({**DOCUMENT, "format": 2}))
    assert host.reread(this) == this
    (this.paths.etc / "settings.json").unlink()
    assert host.reread(this) == this

"""A second settings document on a running pair."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from musternode import __main__ as main
from musternode import host, rollback, rollout, stages, units
from musternode.failure import Failure
from musternode.host import Host, Identity
from musternode.member import Member
from musternode.paths import Paths
from musternode.state import Board, State
from musternode.system import Systemd
from musternode.watch import Watch
from rehearsal.poll import poll
from tests.node_support import Silent, settings
from tests.node_words import whole
from tests.test_node_report import Handle
from tests.test_node_settings import DOCUMENT

NEW = json.dumps({**DOCUMENT, "generation": "new0new0new0new0"})


def watch(*documents: Any) -> Watch:
    """Return a watch over some readings of the parameter."""
    left = list(documents)

    def fetch() -> str:
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    return Watch(fetch, DOCUMENT["generation"])


def test_the_generation_in_force_is_not_offered_and_another_is() -> None:
    seen = watch(json.dumps(DOCUMENT), NEW)
    seen.look()
    assert seen.pending() is None
    seen.look()
    assert seen.pending() == NEW


def test_an_api_that_does_not_answer_changes_nothing() -> None:
    seen = watch(NEW, Failure("no answer"))
    seen.look()
    seen.look()
    assert seen.pending() == NEW


def test_a_generation_that_failed_is_not_tried_again_but_the_former_one_is() -> None:
    """A deploy that fails is rolled back: the parameter falls back, and what was half applied must go."""
    seen = watch(NEW, NEW, json.dumps(DOCUMENT))
    seen.look()
    seen.tried("new0new0new0new0")
    seen.look()
    assert seen.pending() is None
    seen.look()
    assert seen.pending() == json.dumps(DOCUMENT)


def test_a_fault_of_any_kind_does_not_end_the_watch() -> None:
    seen = watch(RuntimeError("strange"), NEW)
    seen.look()
    assert seen.pending() is None
    seen.look()
    assert seen.pending() == NEW


def test_a_document_of_a_newer_format_is_offered() -> None:
    newer = json.dumps({**json.loads(NEW), "format": 2, "more": {}})
    seen = watch(newer)
    seen.look()
    assert seen.pending() == newer


class Restart(Exception):  # noqa: N818 - stands for exec, which does not return
    """This process would have begun anew."""


def saved(tmp_path: Path, document: dict[str, Any]) -> Host:
    """Return node a with `document` in force; its asset is placed."""
    paths = Paths(tmp_path)
    host.save(paths, Identity("a", "/p"), json.dumps(document))
    (paths.opt / document["asset"]["sha256"][:16]).mkdir(parents=True)
    stages.link_asset(paths.current, paths.opt / document["asset"]["sha256"][:16])
    return host.load(paths)


def test_a_newer_document_is_left_to_the_asset_it_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    this = saved(tmp_path, DOCUMENT)
    asset = {**DOCUMENT["asset"], "sha256": "f" * 64}
    newer = json.dumps({**json.loads(NEW), "format": 2, "asset": asset})
    (this.paths.opt / ("f" * 16)).mkdir()

    def restart() -> None:
        raise Restart

    monkeypatch.setattr(rollback, "restart_self", restart)
    with pytest.raises(Restart):
        rollout.apply(this, newer)
    assert this.paths.current.resolve().name == "f" * 16
    assert host.unfinished(this.paths) == newer


def test_a_program_that_cannot_read_the_old_document_finishes_the_one_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = Paths(tmp_path)
    host.save(paths, Identity("a", "/p"), json.dumps({**DOCUMENT, "format": 0}))
    with pytest.raises(Failure, match="format 0"):
        host.load(paths)
    host.save_next(paths, NEW)
    this = host.load(paths)
    assert this.settings.generation == "new0new0new0new0"
    done: list[str] = []
    monkeypatch.setattr(rollout, "carry_out", lambda new, **_: done.append(new.settings.generation))
    rollout.finish(this)
    rollout.finish(host.load(paths))
    assert done == ["new0new0new0new0"]


def test_a_program_that_can_read_both_documents_stays_on_the_old_one_until_it_is_applied(tmp_path: Path) -> None:
    this = saved(tmp_path, DOCUMENT)
    host.save_next(this.paths, NEW)
    assert host.load(this.paths).settings.generation == DOCUMENT["generation"]


def test_a_document_that_this_program_cannot_read_and_that_names_no_other_is_reported_once(tmp_path: Path) -> None:
    this, handle = saved(tmp_path, DOCUMENT), Handle()
    newer = json.dumps({**json.loads(NEW), "format": 2, "wait_url": handle.url})
    seen = watch(newer, newer)
    seen.look()
    main._roll_out(this, newer, seen, None)
    poll(lambda: handle.taken, within=5)
    seen.look()
    assert seen.pending() is None
    assert ["format 2" in body["Reason"] for _, body in handle.taken] == [True]


def test_a_fault_in_musternode_is_reported_to_the_new_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    this, handle = saved(tmp_path, DOCUMENT), Handle()

    def strange(_this: Host, _document: str) -> None:
        raise ZeroDivisionError("odd")

    monkeypatch.setattr(rollout, "apply", strange)
    document = json.dumps({**json.loads(NEW), "wait_url": handle.url})
    main._roll_out(this, document, watch(), None)
    poll(lambda: handle.taken, within=5)
    assert handle.taken[0][1]["Reason"] == "node a: musternode failed: ZeroDivisionError: odd"


def test_a_member_that_ends_by_a_fault_has_reported_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handle = Handle()
    this = saved(tmp_path, {**DOCUMENT, "wait_url": handle.url})

    def strange(_this: Host) -> int:
        raise ZeroDivisionError("odd")

    monkeypatch.setattr(main, "_live", strange)
    assert [main._member(this), main._member(this)] == [1, 1]
    assert [body["Reason"] for _, body in handle.taken] == ["node a: musternode failed: ZeroDivisionError: odd"]


@pytest.mark.parametrize("unit", [units.MEMBER, units.READINESS, units.GATE, units.AGENT])
def test_units_that_must_live_are_started_without_limit(tmp_path: Path, unit: str) -> None:
    """The limit of systemd is 5 starts in 10 s; after that a unit stays down."""
    this = saved(tmp_path, DOCUMENT)
    text = units.units(this.settings, this.node, this.layout, this.paths)[unit]
    assert "\nStartLimitIntervalSec=0\n" in text.split("[Service]")[0]


def test_one_node_at_a_time_by_ordinal() -> None:
    own, peer = settings(), State("a", "new", phase="serving")
    assert rollout.is_turn(own, "a", "new", None)
    assert not rollout.is_turn(own, "b", "new", None)
    assert not rollout.is_turn(own, "b", "new", replace(peer, generation="old"))
    assert not rollout.is_turn(own, "b", "new", replace(peer, phase="starting"))
    assert rollout.is_turn(own, "b", "new", peer)


@pytest.mark.parametrize("wanted", ["", "a", "b"])
def test_nobody_waits_for_one_that_is_absent_or_will_be(wanted: str) -> None:
    """Whatever the silence of the other one: it is the document that says so."""
    pair, new = settings(), settings(absent=wanted)
    assert rollout.is_turn(settings(absent="a"), "b", "new", None, new)
    assert rollout.is_turn(pair, "b", "new", None, new) is bool(wanted)


def test_one_that_was_absent_may_come_back_elsewhere() -> None:
    moved = settings(addresses={"a": "127.0.1.1", "b": "127.0.1.9"})
    assert rollout.refusal(settings(absent="b"), moved) is None
    for before in (settings(), settings(absent="a")):
        reason = rollout.refusal(before, moved)
        assert reason is not None
        assert "nodes.b.present: false first" in reason


def test_a_node_that_waits_for_its_turn_says_for_whom_near_the_time_out(tmp_path: Path) -> None:
    this = Host(Identity("b", "/p"), settings(), Paths(tmp_path), Systemd())
    early = json.dumps({**DOCUMENT, "generation": "early"})
    assert rollout.waited_too_long(this, early, None) is None
    late = json.dumps({**DOCUMENT, "generation": "late", "formation_timeout": 0})
    sentence = rollout.waited_too_long(this, late, State("a", "old", phase="starting"))
    assert sentence is not None
    assert "node b waits" in sentence
    assert "node a (127.0.1.1): it is starting at generation old" in sentence
    assert rollout.waited_too_long(this, late, State("a", "old", failure="node a: no disk")) is None


def test_what_may_change_on_a_running_pair_is_not_refused() -> None:
    old = settings()
    assert (
        rollout.refusal(old, replace(old, generation="x", java=21, wait_url="http://y/", formation_timeout=60)) is None
    )
    assert rollout.refusal(old, replace(old, ports=replace(old.ports, http=8081, readiness=9181))) is None
    assert rollout.refusal(old, replace(old, takeover_interval=0)) is None
    assert rollout.refusal(old, replace(old, settings=replace(old.settings, admin_writes="any"))) is None


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (replace(settings(), ports=replace(settings().ports, database=9999)), "database's port"),
        (replace(settings(), settings=replace(settings().settings, database="other")), "database's name"),
        (replace(settings(), members=settings().members[:1]), "members"),
        (replace(settings(), secrets=replace(settings().secrets, peer="arn:other")), "secrets"),
        (replace(settings(), table="other"), "witness table"),
        (replace(settings(), ports=replace(settings().ports, between=9094)), "TLS between the nodes"),
    ],
)
def test_what_both_nodes_must_change_at_once_is_refused_by_name(changed: Any, named: str) -> None:
    reason = rollout.refusal(settings(), changed)
    assert reason is not None
    assert named in reason


def test_an_unexpected_fault_of_a_step_is_reported_and_the_member_goes_on() -> None:
    class Broken(Silent):
        """Stands for every part: each use of it is a fault nobody thought of."""

        def __getattr__(self, name: str) -> Any:
            raise ZeroDivisionError(name)

    broken: Any = Broken()
    board = Board(State("a", "g"))
    one = Member("a", settings(), broken, broken, board, whole, broken, float("inf"))
    one.tick()
    one.tick()
    assert board.state.phase == "failed"
    assert broken.sent[0]["Reason"] == "node a: musternode failed: ZeroDivisionError: running"
    assert len(broken.sent) == 1

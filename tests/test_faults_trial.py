"""A trial makes its faults when the schedule says, heals them whatever happens, and judges what it saw.

The clients and their history are real; the cluster is one store in memory, which both nodes serve.
"""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rehearsal.cdk_cli import ROOT
from rehearsal.checks import healing
from rehearsal.faults import connections, lending, pair, series, trial
from rehearsal.faults.fault import Fault, FaultError, Heal, once
from rehearsal.faults.judging import Judged
from rehearsal.faults.pair import Standing
from rehearsal.faults.schedule import Schedule, Step
from rehearsal.faults.series import Series
from rehearsal.guide.recipe import Line
from rehearsal.poll import NotYet
from rehearsal.writers import Shape
from rehearsal.writers.client import Place
from tests.test_writers import Store

IN = Standing("in", "open", 1, ("a", "b"), "a")
ALONE = Standing("in", "open", 2, ("a",), "a")


class World:
    """A pair that is whole unless something `ails` it; `log` tells what was done to it, and when."""

    def __init__(self) -> None:
        self.store = Store()
        self.ails: set[str] = set()
        self.hangs = ""
        self.log: list[tuple[float, str]] = []
        self.cleared = 0
        self.copies: dict[str, Callable[[dict[str, str]], dict[str, str]]] = {"a": dict, "b": dict}

    def fault(
        self, name: str, *, refuses: bool = False, worsens: Callable[[], None] | None = None, **more: Any
    ) -> Fault:
        def begin(_stage: Any) -> Heal:
            if refuses:
                raise FaultError("there is nothing to break")
            self.note(f"begin {name}")
            self.ails.add(name)
            if worsens:
                worsens()
            return once(lambda: self.mend(name))

        return Fault(name, name, begin, **more)

    def mend(self, name: str) -> None:
        self.ails.discard(name)
        self.note(f"heal {name}")

    def lose(self, key: str) -> None:
        del self.store.entries[key]

    def note(self, text: str) -> None:
        self.log.append((time.monotonic(), text))

    def whole(self, _stage: Any) -> bool:
        if self.ails:
            raise NotYet(f"ailing: {', '.join(sorted(self.ails))}")
        return True

    def agreed(self, _stage: Any) -> bool:
        if self.hangs:
            raise NotYet(f"connections of which one end alone knows: {self.hangs}")
        return True

    def dump(self, _scene: Any, member: Any, _statements: str) -> str:
        entries = self.copies[member.name](dict(self.store.entries))
        rows = [f"SCRIPT: INSERT INTO PUBLIC.CONFIGURATION VALUES('{k}', '{v}');" for k, v in entries.items()]
        return "\n".join(["", "SCRIPT: CREATE TABLE CONFIGURATION;", *rows, ""])

    def clear(self, _stage: Any) -> None:
        self.cleared += 1
        self.ails.clear()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World()
    threading.Thread(target=made.store.serve_forever, args=(0.02,), daemon=True).start()
    place = Place("a", lambda: Line(made.store.server_port))
    monkeypatch.setattr(pair, "whole", made.whole)
    monkeypatch.setattr(
        pair, "standings", lambda _: {"a": IN, "b": IN} if not made.ails else {"a": ALONE, "b": Standing()}
    )
    monkeypatch.setattr(connections, "agreed", made.agreed)
    monkeypatch.setattr(trial, "ask", made.dump)
    monkeypatch.setattr(lending, "first", lambda _stage, _since: None)
    monkeypatch.setattr(trial, "WHOLE_BEFORE", 1.0)
    monkeypatch.setattr(trial, "SETTLED", 0.3)
    monkeypatch.setattr(healing, "WITHIN", 2.0)
    monkeypatch.setattr(healing, "SERVED_WITHIN", 3.0)
    monkeypatch.setattr(series, "clear", made.clear)
    monkeypatch.setattr(series, "place_of", lambda _scene, member: Place(member.name, place.open))
    monkeypatch.setattr(series, "users_of", lambda _: place)
    yield made
    made.store.shutdown()
    made.store.server_close()


@pytest.fixture
def run(world: World, tmp_path: Path) -> Iterator[Callable[..., Judged]]:
    """Return a function that runs a schedule of `(fault, at, hold)` in one series."""
    scene: Any = SimpleNamespace(
        rehearsal=world,
        members=[SimpleNamespace(name=name) for name in "ab"],
        settings_document={"takeover_interval": 0},
    )
    known: dict[str, Fault] = {}
    made = Series(lambda: scene, tmp_path / "history.jsonl", known, Shape(1, 1, 1, 0.005))

    def run(*steps: tuple[Fault, float, float]) -> Judged:
        known.update({fault.name: fault for fault, _, _ in steps})
        return made.run(Schedule(0, tuple(Step(fault.name, at, hold) for fault, at, hold in steps)))

    yield run
    made.close()


def names(world: World) -> list[str]:
    return [text for _, text in world.log]


def test_faults_begin_and_heal_when_the_schedule_says_also_one_in_the_other(
    world: World, run: Callable[..., Judged]
) -> None:
    judged = run((world.fault("long"), 0.1, 0.6), (world.fault("short"), 0.3, 0.1))
    assert names(world) == ["begin long", "begin short", "heal short", "heal long"]
    moments = [moment for moment, _ in world.log]
    assert [round(moment - moments[0], 1) for moment in moments] == [0.0, 0.2, 0.3, 0.6]
    assert judged.verdict == "valid", judged.results
    assert judged.figures["acknowledged"] > 20


def test_a_write_that_a_copy_lacks_is_found_and_every_fault_is_cleared(
    world: World, run: Callable[..., Judged]
) -> None:
    world.copies["b"] = lambda entries: dict(list(entries.items())[1:])
    judged = run((world.fault("f"), 0.1, 0.1))
    assert judged.verdict == "invalid"
    assert judged.figures["lost"] == {"a": 0, "b": 1}
    assert world.cleared == 1


def test_what_was_acknowledged_in_one_trial_counts_in_the_next(world: World, run: Callable[..., Judged]) -> None:
    """And a loss is found once: the trial after it is judged by its own."""
    assert run((world.fault("f"), 0.1, 0.1)).verdict == "valid"
    first = next(iter(world.store.entries))
    lost = run((world.fault("g", worsens=lambda: world.lose(first)), 0.1, 0.1))
    assert (lost.verdict, lost.account.lost["a"]) == ("invalid", [first])
    assert run((world.fault("h"), 0.1, 0.1)).figures["lost"] == {"a": 0, "b": 0}


def test_a_fault_that_cannot_be_made_is_noted_and_the_other_is_judged(world: World, run: Callable[..., Judged]) -> None:
    judged = run((world.fault("no", refuses=True), 0.1, 0.1), (world.fault("yes"), 0.2, 0.1))
    assert names(world) == ["begin yes", "heal yes"]
    assert judged.verdict == "valid"
    assert run((world.fault("no", refuses=True), 0.1, 0.1)).verdict == "unknown"


def test_a_pair_that_does_not_heal_is_invalid_and_says_how_it_stands(world: World, run: Callable[..., Judged]) -> None:
    judged = run((world.fault("f", worsens=lambda: world.ails.add("for good")), 0.1, 0.1))
    assert judged.verdict == "invalid"
    assert any("last seen: not within" in result.detail and "for good" in result.detail for result in judged.results)


def test_a_connection_that_hangs_for_good_is_invalid_and_named(world: World, run: Callable[..., Judged]) -> None:
    world.hangs = "10.0.0.1:50001 to 10.0.0.2:9092"
    judged = run((world.fault("f"), 0.1, 0.1))
    assert judged.verdict == "invalid"
    (told,) = [result.detail for result in judged.results if result.verdict == "invalid"]
    assert "not every connection has two ends within 3 s" in told
    assert world.hangs in told


def test_a_pair_that_has_noticed_nothing_yet_is_not_healed(world: World, run: Callable[..., Judged]) -> None:
    """Right after the fault it still says that it is whole; from 0.2 s to 0.8 s later it does not."""

    def notice_later() -> None:
        threading.Timer(0.2, lambda: world.ails.add("noticed")).start()
        threading.Timer(0.8, lambda: world.ails.discard("noticed")).start()

    judged = run((world.fault("f", worsens=notice_later), 0.1, 0.0))
    assert judged.verdict == "valid"
    assert 0.7 < judged.figures["whole"] < 1.2


def test_a_pair_that_is_not_whole_before_is_left_alone(world: World, run: Callable[..., Judged]) -> None:
    world.ails.add("something")
    judged = run((world.fault("f"), 0.1, 0.1))
    assert (judged.verdict, names(world)) == ("unknown", [])
    assert world.cleared == 1
    assert run((world.fault("f"), 0.1, 0.1)).verdict == "valid"


def test_an_interruption_heals_and_ends_the_clients(world: World, run: Callable[..., Judged]) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    def begin(_stage: Any) -> Heal:
        world.note("begin last")
        interrupt()
        raise AssertionError

    with pytest.raises(KeyboardInterrupt):
        run((world.fault("first"), 0.1, 5.0), (Fault("last", "last", begin), 0.2, 1.0))
    assert names(world) == ["begin first", "begin last", "heal first"]
    before = len(world.store.entries)
    time.sleep(0.1)
    assert len(world.store.entries) == before


def test_a_crash_of_the_one_that_serves_is_noted_as_such(world: World, run: Callable[..., Judged]) -> None:
    """Only then may it take the last moment's writes."""

    def lose() -> None:
        world.lose(list(world.store.entries)[-4])

    crash = world.fault("crash", worsens=lose, crashes=("a",))
    assert run((world.fault("out"), 0.1, 0.6), (crash, 0.3, 0.0)).figures["excused"] == 1
    assert run((world.fault("again", worsens=lose, crashes=("a",)), 0.2, 0.0)).verdict == "invalid"


def test_the_first_copying_after_a_fault_is_found_in_what_the_gates_said() -> None:
    said = [
        f"1000.500000 ip-10-64-1-11 python3[70]: {lending.SAID}",
        f"1009.250000 ip-10-64-1-11 python3[70]: {lending.SAID}",
        "1004.000000 ip-10-64-0-10 python3[71]: the gate shuts: this node is no member any more",
        f"1007.750000 ip-10-64-0-10 python3[71]: {lending.SAID}",
    ]
    assert lending.earliest(said, since=1.0, ahead=1000.0) == pytest.approx(7.75)
    assert lending.earliest(said, since=9.5, ahead=1000.0) is None


def test_what_tells_of_a_copying_is_what_a_gate_says() -> None:
    """The words are the node's; another wording there would make every wait one of the fault."""
    source = (ROOT / "assets" / "node" / "musternode" / "h2" / "inside.py").read_text()
    reason = lending.SAID.removeprefix("the gate shuts: ")
    assert f'turn.shut("{reason}")' in source

"""A living member in its turn of updates does nothing else; members of every kind of cluster have a part in rounds."""

import datetime
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from musternode import __main__ as main
from musternode import guard, standing, switching, volume
from musternode.carbon.kind import KIND
from musternode.paths import Paths
from musternode.servers import peers, service
from musternode.settings import Updates
from musternode.state import LEAVING, SERVING, Board, State
from musternode.updates import words
from musternode.updates.units import SERVICE
from tests.node_carbon_machine import machine
from tests.node_machine import Recorded
from tests.node_machine import machine as pair_machine

NOW = "2026-W48"
SUNDAY = Updates("sunday", 3, "latest")
STEPS = 3


class Ended(BaseException):
    """The process ends, which otherwise goes on for ever."""


class One:
    """A member; `did` is how often it took a step, and how often settings were to be changed."""

    def __init__(self) -> None:
        self.board, self.did = Board(State("a", "g", phase=SERVING)), {"tick": 0, "change": 0}
        self.put_off_for: list[str] = []
        self.said: dict[str, State] = {}
        self.seen = frozenset[str]()

    def told(self, _: object, board: Board, __: object) -> "One":
        """Have the board that the process tells by."""
        self.board = board
        return self

    def tick(self) -> None:
        self.did["tick"] += 1

    def change(self, *_: object) -> None:
        self.did["change"] += 1

    def put_off(self, _: object, document: str, __: object, holder: str) -> None:
        assert document == "a document"
        self.put_off_for.append(holder)

    def listen(self) -> None:
        pass

    def states(self) -> dict[str, State]:
        return self.said

    def body(self) -> bytes:
        return b""


def say(paths: Paths, text: str) -> None:
    """Let a node have said `text`, if anything."""
    word = words.read(text)
    if word is not None:
        words.say(paths, word)


def with_updates(this: Any, updates: Updates | None = None, services: Recorded | None = None) -> Any:
    """Return a host with `updates` in its settings and other `services`, if there are any."""
    settings = replace(this.settings, updates=updates)
    return replace(this, settings=settings, services=services or this.services)


def ends_after(steps: int) -> Callable[[float], None]:
    """Return a sleep from which the process does not come back the so many-eth time."""
    left = [steps]

    def sleep(_: float) -> None:
        left[0] -= 1
        if left[0] <= 0:
            raise Ended

    return sleep


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a member touch neither the kernel nor the network."""
    idle = SimpleNamespace(look=lambda: None, start=lambda: None)
    monkeypatch.setattr(guard, "Guard", lambda *_: idle)
    monkeypatch.setattr(peers, "serve", lambda *_: None)
    for module in (service, main):
        # not the module's own: threads sleep by it, too
        monkeypatch.setattr(module, "time", SimpleNamespace(sleep=ends_after(STEPS), monotonic=time.monotonic))
        monkeypatch.setattr(module, "_finished", lambda *_: True)
        monkeypatch.setattr(module, "_trial", lambda *_: None)
        monkeypatch.setattr(module, "_judged", lambda *_: None)
    monkeypatch.setattr(service, "_growth", lambda _: idle)
    monkeypatch.setattr(service, "_keeper", lambda *_: idle)
    monkeypatch.setattr(service, "_tell_seen", lambda *_: None)
    monkeypatch.setattr(main, "Keeper", lambda *_: idle)
    monkeypatch.setattr(volume, "Growth", lambda *_: idle)


class Idle(Recorded):
    """Systemd under which nothing runs."""

    def running(self, _unit: str) -> bool:
        """Return that it does not."""
        return False


def server(folder: Path, monkeypatch: pytest.MonkeyPatch, one: One, own: str, others: str, **changed: Any) -> None:
    """Live as a server that says `own` of updates, if anything, while another says `others`."""
    with machine(folder) as node:
        this = with_updates(node.host(), **changed)
        one.said = {"b": State("b", "g", phase=SERVING, updates=others)}
        say(this.paths, own)
        watch = SimpleNamespace(start=lambda: None, pending=lambda: "a document")
        monkeypatch.setattr(service, "_parts", lambda *_: SimpleNamespace(member=one, watch=watch))
        monkeypatch.setattr(service, "_roll_out", one.change)
        monkeypatch.setattr(service, "put_off", one.put_off)
        with pytest.raises(Ended):
            service._live(KIND, this)


def pair(folder: Path, monkeypatch: pytest.MonkeyPatch, one: One, own: str, others: str, **changed: Any) -> None:
    """Live as one of a pair that says `own` of updates, if anything, while the other says `others`."""
    with pair_machine(folder) as node:
        this = with_updates(node.host(), **changed)
        say(this.paths, own)
        peer = State("b", "g", phase=SERVING, updates=others)
        watch = SimpleNamespace(start=lambda: None, pending=lambda: "a document")
        monkeypatch.setattr(standing, "peer", lambda _: peer)
        monkeypatch.setattr(switching, "in_use", lambda _: "user")
        monkeypatch.setattr(switching, "turner", lambda _: SimpleNamespace(start=lambda: None))
        monkeypatch.setattr(main, "Watch", lambda *_: watch)
        monkeypatch.setattr(main, "_assembled", one.told)
        monkeypatch.setattr(main, "_roll_out", one.change)
        monkeypatch.setattr(main, "put_off", one.put_off)
        with pytest.raises(Ended):
            main._live(this)


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("lives", [server, pair])
@pytest.mark.parametrize(
    ("own", "others", "did", "holder"),
    [
        (words.DONE, words.WAITS, {"tick": STEPS, "change": STEPS}, ""),
        (words.INSTALLS, words.WAITS, {"tick": 0, "change": 0}, "a"),
        (words.WAITS, words.RESTARTS, {"tick": STEPS, "change": 0}, "b"),
    ],
    ids=["nobody's turn", "its own turn", "another one's turn"],
)
def test_a_member_serves_and_changes_by_whose_turn_it_is(
    lives: Callable[..., None],
    own: str,
    others: str,
    did: dict[str, int],
    holder: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = One()
    lives(tmp_path, monkeypatch, one, f"{NOW} {own}", f"{NOW} {others}")
    assert one.did == did
    assert one.put_off_for == ([holder] * STEPS if holder else [])
    assert one.board.state.updates == f"{NOW} {own}"
    assert (one.board.state.phase == LEAVING) == (own in words.TURN)


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("lives", [server, pair])
@pytest.mark.parametrize("updates", [None, SUNDAY], ids=["without updates", "with updates"])
def test_a_member_takes_part_in_a_round_that_it_missed_by_the_hour_of_its_settings(
    lives: Callable[..., None], updates: Updates | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = words.number(datetime.datetime.now(datetime.UTC), SUNDAY)
    services = Idle()
    lives(tmp_path, monkeypatch, One(), "", f"{now} {words.WAITS}", updates=updates, services=services)
    assert services.said == ([] if updates is None else [f"start {SERVICE}"])

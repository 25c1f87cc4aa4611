"""A node's part in a round: what it does in which order, what it says of it, and what it says when it goes wrong."""

import errno
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from musternode import files
from musternode.failure import Failure
from musternode.paths import Paths
from musternode.state import SERVING, Board, State
from musternode.updates import words
from musternode.updates.part import Part
from musternode.updates.round import ABSENT, Round
from musternode.updates.turn import Other, Sight
from musternode.updates.words import Word
from tests.node_machine import Recorded

NOW = "2026-W48"


class Restarted(BaseException):
    """The host went down: nothing of this process goes on."""


@dataclass
class Host:
    """One node `b` after `a`; `at` holds what happens before the so many-eth look."""

    paths: Paths
    names: Sequence[str] = ("openssl",)
    broken: str = ""
    goes_down: bool = True
    other: State | None = field(default_factory=lambda: State("a", "g", phase=SERVING, updates=f"{NOW} done"))
    own: State | None = field(default_factory=lambda: State("b", "g", phase=SERVING))
    at: dict[int, Callable[[], object]] = field(default_factory=dict)
    did: list[str] = field(default_factory=list)
    meanwhile: Callable[[], object] = lambda: None
    looks: int = 0
    absent: tuple[str, ...] = ()
    now: float = 100.0

    def available(self) -> tuple[str, ...]:
        self._do("look")
        return tuple(self.names)

    def fetch(self) -> None:
        self._do("fetch")

    def install(self, names: Sequence[str]) -> None:
        self._do(f"install {' '.join(names)}")
        self.meanwhile()

    def restart(self) -> None:
        self._do("restart")
        if self.goes_down:
            raise Restarted

    def look(self) -> Sight:
        self.looks += 1
        self.at.get(self.looks, lambda: None)()
        return Sight(1, self.own, (Other("a", 0, self.other),), self.absent)

    def poll(self, condition: Callable[[], Any], *, within: float, every: float = 1.0) -> Any:
        """Ask as often as the time lets, ten times at most."""
        for _ in range(min(10, int(within / every))):
            if value := condition():
                return value
        return condition()

    def _do(self, what: str) -> None:
        word = words.load(self.paths)
        self.did.append(f"{what} ({word.phase if word else ''})")
        if self.broken and what.startswith(self.broken):
            raise Failure(f"`{self.broken}` ended with 100")

    def part(self, number: str = NOW) -> Round:
        """Return the part of this node."""
        return Round("b", number, self.paths, self, self.look, self.restart, self.poll, lambda: self.now)

    @property
    def said(self) -> Word:
        """What it said last."""
        word = words.load(self.paths)
        assert word is not None
        return word

    def boot(self) -> None:
        """Come back after a restart: what is in memory is gone."""
        for file in self.paths.run.glob("*"):
            file.unlink()


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """Return a host below a folder."""
    return Host(Paths(tmp_path))


def test_everything_is_done_in_its_order_and_the_turn_kept_through_the_restart(host: Host) -> None:
    with pytest.raises(Restarted):
        host.part().run()
    assert host.did == ["look (waits)", "fetch (waits)", "install openssl (installs)", "restart (restarts)"]
    assert (host.said.phase, words.restarted(host.paths)) == (words.RESTARTS, False)


def test_a_node_that_serves_after_its_restart_is_through_with_the_round_in_which_it_began(host: Host) -> None:
    with pytest.raises(Restarted):
        host.part().run()
    host.boot()
    host.did.clear()
    host.own = None
    host.at = {host.looks + 3: lambda: setattr(host, "own", State("b", "g", phase=SERVING))}
    assert host.part("2026-W49").run() == 0
    assert (host.said, host.did) == (Word(NOW, words.DONE), [])


def test_a_node_that_does_not_come_back_to_its_users_stops_the_round(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Restarted):
        host.part().run()
    host.boot()
    host.own = State("b", "g", phase="failed", failure="the application does not answer")
    assert host.part().run() == 1
    assert host.said.phase == words.FAILED
    assert "does not serve 900 s after its restart: it is failed the application does not answer" in caplog.text


def test_without_updates_nobody_is_led_away_and_no_turn_waited_for(host: Host) -> None:
    host.names, host.other = (), None
    assert host.part().run() == 0
    assert (host.did, host.looks, host.said.phase) == (["look (waits)"], 0, words.DONE)


@pytest.mark.parametrize(
    ("step", "done"),
    [("look", ["look"]), ("fetch", ["look", "fetch"]), ("install", ["look", "fetch", "install openssl"])],
)
def test_a_step_that_fails_ends_the_part_and_is_told_with_what_to_do(
    host: Host, caplog: pytest.LogCaptureFixture, step: str, done: list[str]
) -> None:
    host.broken = step
    assert host.part().run() == 1
    assert [each.partition(" (")[0] for each in host.did] == done
    assert host.said.phase == words.FAILED
    assert host.said.cause in caplog.text
    assert host.said.cause.startswith(f"its security updates failed: `{step}` ended with 100; mend it, then `systemctl")


def test_a_failed_node_stops_this_one_before_its_users_notice(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    assert host.other is not None
    host.other = replace(host.other, updates=f"{NOW} {words.FAILED}")
    assert host.part().run() == 1
    assert host.said.phase == words.STOPPED
    assert [each.partition(" ")[0] for each in host.did] == ["look", "fetch"]
    assert "node b: its security updates wait for another round: node a could not be updated" in caplog.text


def gives_back(host: Host, name: str, value: object, *, looks: int) -> None:
    """See that the turn is given back one look after `name` has become `value`, for three looks, and then taken."""
    before, phases = getattr(host, name), list[str]()
    host.at = {
        looks: lambda: setattr(host, name, value),
        looks + 1: lambda: phases.append(host.said.phase),
        looks + 3: lambda: setattr(host, name, before),
    }
    with pytest.raises(Restarted):
        host.part().run()
    assert phases == [words.WAITS]
    assert host.did[-1] == "restart (restarts)"


def test_a_turn_is_given_back_if_another_node_goes_away_meanwhile(host: Host) -> None:
    """And taken again once that one is back."""
    gives_back(host, "other", None, looks=4)


def test_a_turn_is_given_back_if_settings_came_to_this_node_at_the_same_moment(host: Host) -> None:
    """Its member looked before it heard of the turn."""
    assert host.own is not None
    gives_back(host, "own", replace(host.own, updates=f"{NOW} {words.CHANGES}"), looks=2)


def test_users_are_taken_back_if_another_node_goes_away_during_the_installation(host: Host) -> None:
    """The restart comes once that one is back and users have been led away again."""
    there, phases = host.other, []

    def goes() -> None:
        host.other = None
        first = host.looks + 1
        host.at = {at: lambda: phases.append(host.said.phase) for at in range(first, first + 30)}
        host.at[first + 3] = lambda: setattr(host, "other", there)

    host.meanwhile = goes
    with pytest.raises(Restarted):
        host.part().run()
    assert [*dict.fromkeys(phases)] == [words.INSTALLS, words.WAITS, words.LEADS]
    assert host.did[-2:] == ["install openssl (installs)", "restart (restarts)"]


def test_a_node_that_cannot_restart_for_another_one_says_for_which(host: Host) -> None:
    host.meanwhile = lambda: setattr(host, "other", None)
    assert host.part().run() == 1
    assert host.did[-1] == "install openssl (installs)"
    told = "its updates are installed, but its turn to restart did not come within 21600 s: node a does not answer"
    assert told in host.said.cause


@pytest.mark.parametrize("broken", ["install", "restart"])
def test_what_was_installed_without_a_restart_is_restarted_for_when_begun_again(host: Host, broken: str) -> None:
    host.broken = broken
    assert host.part().run() == 1
    host.broken, host.names = "", ()
    host.did.clear()
    with pytest.raises(Restarted):
        host.part().run()
    assert host.did == ["look (waits)", "restart (restarts)"]
    host.boot()
    assert host.part().run() == 0
    assert host.part().run() == 0
    assert host.did[2:] == ["look (waits)"]


def test_absent_nodes_are_waited_for_as_long_as_a_roll_may_take(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    """And no longer: those that are absent for good would keep updates away for ever."""
    caplog.set_level("INFO", logger="musternode.updates.round")
    host.absent, phases = ("c", "d"), []

    def at(seconds: float) -> None:
        host.now = 100 + seconds
        phases.append(host.said.phase)

    host.at = {2: lambda: at(ABSENT - 1), 3: lambda: at(ABSENT - 1), 4: lambda: at(ABSENT), 5: lambda: at(ABSENT)}
    with pytest.raises(Restarted):
        host.part().run()
    assert "the turn of node b has not come: node c is absent by the cluster file" in caplog.text
    assert "node b goes on without c, d, absent by the cluster file for 3600 s" in caplog.text
    assert phases == [words.WAITS, words.WAITS, words.WAITS, words.LEADS]


def test_a_node_that_is_taken_out_later_is_waited_for_as_long(host: Host) -> None:
    host.other = None
    absent, present = (lambda: setattr(host, "absent", ("c",))), (lambda: setattr(host, "absent", ()))
    host.at = {1: absent, 2: present, 3: lambda: setattr(host, "now", 100 + ABSENT), 4: absent}
    host.at[5] = lambda: setattr(host, "other", State("a", "g", phase=SERVING, updates=f"{NOW} done"))
    assert host.part().run() == 1
    assert "node c is absent by the cluster file" in host.said.cause
    assert host.did[-1] == "fetch (waits)"


def test_a_turn_that_never_comes_is_told_with_its_reason(host: Host) -> None:
    host.other = None
    assert host.part().run() == 1
    assert "its turn did not come within 21600 s: node a does not answer" in host.said.cause


def test_a_host_that_does_not_go_down_is_told(host: Host) -> None:
    host.goes_down = False
    assert host.part().run() == 1
    assert "the node did not restart within 600 s" in host.said.cause


@pytest.mark.parametrize("phase", [words.LEADS, words.INSTALLS])
def test_a_node_that_went_off_in_the_middle_says_so_and_restarts_no_more(host: Host, phase: str) -> None:
    words.say(host.paths, Word(NOW, phase))
    host.boot()
    assert host.part().run() == 1
    assert "went off in its turn; look whether packages are half installed" in host.said.cause
    assert host.did == []


def test_a_process_that_was_ended_in_its_turn_is_told(host: Host) -> None:
    words.say(host.paths, Word(NOW, words.INSTALLS))
    assert host.part().run() == 1
    assert "its process was ended in its turn" in host.said.cause


def test_a_fault_of_this_program_is_told_like_any_other(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "fetch", lambda: 1 / 0)
    assert host.part().run() == 1
    assert "musternode failed: ZeroDivisionError" in host.said.cause


class FullDisk:
    """The root volume, on which no file has had any room since it became `full`; what is in memory has."""

    def __init__(self, paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full, self._paths, self._write = False, paths, files.write
        monkeypatch.setattr(files, "write", self.write)

    def write(self, path: Path, content: bytes, **more: Any) -> bool:
        if self.full and not path.is_relative_to(self._paths.run):
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._write(path, content, **more)


@pytest.mark.parametrize("told", ["No space left on device", "`apt-get upgrade` ended with 100"])
def test_a_full_disk_ends_the_turn_and_is_told(host: Host, monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    """Else the node would say for ever that it has its turn, with its users led away."""
    disk = FullDisk(host.paths, monkeypatch)

    def fills() -> None:
        disk.full = True
        if told.startswith("`"):
            raise Failure(told)

    host.meanwhile = fills
    assert host.part().run() == 1
    assert host.did[-1] == "install openssl (installs)"
    assert told in host.said.cause
    board = Board(State("b", "g", phase=SERVING))
    part = Part(host.paths, board, Recorded(), None)
    assert (part.look({}), board.state.updates) == (False, f"{NOW} {words.FAILED}")


def test_once_the_disk_has_room_again_the_round_goes_on(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = FullDisk(host.paths, monkeypatch)
    disk.full = True
    assert host.part().run() == 1
    disk.full = False
    with pytest.raises(Restarted):
        host.part().run()
    assert host.said.phase == words.RESTARTS


def test_what_no_disk_could_keep_is_not_said_any_more_after_a_restart(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    words.say(host.paths, Word(NOW, words.LEADS))
    FullDisk(host.paths, monkeypatch).full = True
    words.end(host.paths, Word(NOW, words.FAILED, "why"))
    assert words.load(host.paths) == Word(NOW, words.FAILED, "why")
    host.boot()
    assert words.load(host.paths) is None


def test_a_word_outlives_a_loss_of_power_whole(host: Host) -> None:
    words.say(host.paths, Word(NOW, words.DONE))
    assert words.load(host.paths) == Word(NOW, words.DONE)
    (host.paths.etc / "updates.json").write_text("{")
    assert words.load(host.paths) is None

"""What a member does about updates beside its own work: it tells, it leads away, it keeps changes apart."""

import datetime
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

from musternode import bootstrap, settings
from musternode.failure import Failure
from musternode.paths import Paths
from musternode.report import Reported
from musternode.settings import Updates
from musternode.state import LEAVING, SERVING, Board, State
from musternode.updates import holding, words
from musternode.updates.part import EVERY, HELD, Part
from musternode.updates.units import SERVICE
from musternode.updates.words import Word
from musternode.watch import Watch
from tests.node_machine import Recorded

NOW, BEFORE = "2026-W48", "2026-W47"
SUNDAY = Updates("sunday", 3, "latest")
AT = datetime.datetime(2026, 11, 29, 3, 0, 1, tzinfo=datetime.UTC)


class Node:
    """A member's part, below a folder; `up` is whether the process of the round runs."""

    def __init__(self, folder: Path, updates: Updates | None = SUNDAY) -> None:
        self.paths, self.now, self.up, self.broken = Paths(folder), 100.0, False, ""
        self.started: list[str] = []
        self.ends: Callable[[], object] = lambda: None
        self.board = Board(State("b", "g", phase=SERVING))
        self.part = Part(self.paths, self.board, self._services(), updates, lambda: self.now, lambda: AT)

    def _services(self) -> Recorded:
        node = self

        class Services(Recorded):
            def start(self, unit: str) -> None:
                if node.broken:
                    raise Failure(node.broken)
                node.started.append(unit)

            def running(self, _: str) -> bool:
                node.ends()
                return node.up

        return Services()

    def says(self, phase: str, number: str = NOW) -> None:
        """Say how far it is."""
        words.say(self.paths, Word(number, phase))

    def boot(self) -> None:
        """Come back after a restart."""
        (self.paths.run / "has-turn").unlink()


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """Return a node that has said nothing yet."""
    return Node(tmp_path)


def peer(phase: str, number: str = NOW) -> dict[str, State]:
    """Return what the other node says, by its name."""
    return {"a": State("a", "g", phase=SERVING, updates=f"{number} {phase}")}


def test_a_node_without_updates_says_nothing_of_them(node: Node) -> None:
    assert not node.part.look({})
    assert (node.board.state.updates, node.started) == ("", [])


@pytest.mark.parametrize("phase", [words.WAITS, words.DONE, words.FAILED, words.STOPPED])
def test_others_hear_how_far_it_is_while_it_serves_on(node: Node, phase: str) -> None:
    node.says(phase)
    assert not node.part.look({})
    assert (node.board.state.updates, node.board.state.phase) == (f"{NOW} {phase}", SERVING)


@pytest.mark.parametrize("phase", sorted(words.TURN))
def test_in_its_turn_its_users_are_led_away_and_it_does_nothing_else(node: Node, phase: str) -> None:
    node.up = True
    node.says(phase)
    assert node.part.look(peer(words.WAITS))
    assert (node.board.state.phase, node.started) == (LEAVING, [])


@pytest.mark.parametrize("others", [{}, {"a": State("a", "g", phase="copying")}], ids=["not heard", "copying"])
def test_where_nobody_else_serves_it_serves_on_until_it_restarts(node: Node, others: dict[str, State]) -> None:
    """An installation may take half an hour, and the other one of a pair be gone meanwhile."""
    for phase in (words.LEADS, words.INSTALLS):
        node.says(phase)
        assert not node.part.look(others)
        assert node.board.state.phase == SERVING
    node.says(words.RESTARTS)
    assert node.part.look(others)
    assert node.board.state.phase == LEAVING


def test_after_the_restart_it_serves_and_the_round_goes_on(node: Node) -> None:
    node.says(words.RESTARTS)
    node.boot()
    assert not node.part.look({})
    assert node.board.state.phase == SERVING
    assert node.started == [SERVICE]


def test_a_round_whose_process_was_ended_is_begun_again_and_not_each_half_second(node: Node) -> None:
    node.says(words.INSTALLS)
    for _ in range(3):
        node.part.look({})
    assert node.started == [SERVICE]
    node.now += EVERY
    node.part.look({})
    assert node.started == [SERVICE, SERVICE]


def test_a_process_that_ended_while_it_waited_is_begun_again_in_its_round(node: Node) -> None:
    node.says(words.WAITS)
    assert not node.part.look({})
    assert (node.board.state.phase, node.started) == (SERVING, [SERVICE])


def test_one_that_waited_in_a_round_of_before_is_left_to_the_next_hour(node: Node) -> None:
    node.says(words.WAITS, BEFORE)
    node.part.look({})
    assert node.started == []


@pytest.mark.parametrize("phase", [words.DONE, words.FAILED, words.STOPPED])
@pytest.mark.parametrize("others", [words.WAITS, words.INSTALLS])
def test_what_is_over_is_not_begun_again(node: Node, phase: str, others: str) -> None:
    node.says(phase)
    node.part.look(peer(others))
    assert node.started == []


def test_a_round_that_ends_at_the_same_moment_is_not_begun_again(node: Node) -> None:
    node.says(words.WAITS)
    node.ends = lambda: node.says(words.FAILED)
    node.part.look({})
    assert node.started == []


@pytest.mark.parametrize("said", ["", words.DONE, words.FAILED])
@pytest.mark.parametrize("others", [words.WAITS, *sorted(words.TURN)])
def test_a_node_that_was_not_there_at_the_hour_takes_part_while_the_round_goes_on(
    node: Node, said: str, others: str
) -> None:
    """Else those after it would wait for it for hours."""
    if said:
        node.says(said, BEFORE)
    assert not node.part.look(peer(others))
    assert node.started == [SERVICE]


@pytest.mark.parametrize(
    "others",
    [
        {},
        peer(words.DONE),
        peer(words.FAILED),
        peer(words.CHANGES),
        peer(words.WAITS, BEFORE),
        {"a": State("a", "g", phase=SERVING)},
    ],
)
def test_it_waits_for_the_next_one_if_no_round_goes_on(node: Node, others: dict[str, State]) -> None:
    node.part.look(others)
    assert node.started == []


def test_a_node_that_is_to_have_no_updates_takes_part_in_none(tmp_path: Path) -> None:
    node = Node(tmp_path, None)
    node.part.look(peer(words.WAITS))
    assert node.started == []


def test_a_host_that_shuts_down_starts_nothing_and_no_member_fails_for_it(node: Node) -> None:
    node.broken = "`systemctl start` ended with 1: Transaction is destructive"
    node.says(words.RESTARTS)
    assert node.part.look({})


@pytest.mark.parametrize("phase", sorted(words.TURN))
def test_another_node_in_its_turn_keeps_changes_back_while_it_is_not_heard_too(node: Node, phase: str) -> None:
    assert node.part.busy(peer(words.WAITS)) is None
    assert node.part.busy(peer(phase)) == "a"
    node.now += HELD - 1
    assert node.part.busy({}) == "a"


def test_changes_go_on_once_it_is_through_or_gone_for_long(node: Node) -> None:
    node.part.busy(peer(words.RESTARTS))
    assert node.part.busy(peer(words.DONE)) is None
    node.part.busy(peer(words.RESTARTS))
    node.now += HELD
    assert node.part.busy({}) is None


def test_a_change_is_told_so_that_no_other_one_begins_its_turn(node: Node) -> None:
    node.part.change()
    assert words.read(node.board.state.updates) == Word("-", words.CHANGES)
    node.says(words.DONE)
    node.part.change()
    assert words.read(node.board.state.updates) == Word(NOW, words.CHANGES)
    node.part.look({})  # the change is over, or was refused
    assert words.read(node.board.state.updates) == Word(NOW, words.DONE)


def test_settings_change_while_nobody_has_its_turn(node: Node) -> None:
    assert node.part.holder(peer(words.WAITS)) is None
    assert node.part.holder(peer(words.INSTALLS)) == "a"
    assert node.part.holder(peer(words.DONE)) is None


def test_a_node_changes_nothing_in_its_own_turn_but_may_be_mended_after_its_restart(node: Node) -> None:
    node.says(words.INSTALLS)
    assert node.part.holder({}) == "b"
    node.says(words.RESTARTS)
    node.boot()
    assert node.part.holder({}) is None


class Deploy:
    """A document that comes while a node has its turn; `told` is what the deploy hears of it."""

    def __init__(self, paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
        self.told: list[tuple[str, str, str]] = []
        self.now, self.watch = 1000.0, Watch(lambda: self.document(), "g")
        self.watch.look()
        self._this = SimpleNamespace(
            identity=SimpleNamespace(node="b"),
            paths=paths,
            settings=settings.outline(self.document(formation_timeout=400)),
        )
        monkeypatch.setattr(bootstrap, "time", SimpleNamespace(time=lambda: self.now))
        monkeypatch.setattr(Reported, "send_aside", lambda _, *given: self._tell(*given))

    def document(self, **more: object) -> str:
        asset = {"bucket": "b", "key": "k", "sha256": "0" * 64}
        return json.dumps({"generation": "next", "wait_url": "https://wait", "asset": asset, **more})

    def _tell(self, url: str, generation: str, body: Mapping[str, str]) -> None:
        self.told.append((url, generation, body["Reason"]))

    def goes_on(self, **more: object) -> None:
        """Let the member look once."""
        if self.watch.pending() is not None:
            holding.put_off(self._this, self.document(**more), self.watch, "a")


def test_a_deploy_that_a_turn_keeps_waiting_hears_of_it_before_its_time_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy = Deploy(Paths(tmp_path), monkeypatch)
    deploy.goes_on()
    deploy.now += 400 - 60 - 1
    deploy.goes_on()
    assert deploy.told == []
    deploy.now += 1
    deploy.goes_on()
    sentence = "node b waits to change to generation next: node a has its turn of security updates"
    assert deploy.told == [("https://wait", "next", sentence)]
    assert deploy.watch.pending() is None


def test_the_time_out_is_that_of_the_document_that_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deploy = Deploy(Paths(tmp_path), monkeypatch)
    deploy.goes_on(formation_timeout=40)
    deploy.now += 30
    deploy.goes_on(formation_timeout=40)
    assert len(deploy.told) == 1

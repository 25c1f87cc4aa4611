"""What a node does about the repository, look by look; and with two real ones, how it is handed over."""

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from musternode.appserver.artifacts import UNASKED, Artifacts
from musternode.appserver.backups import AGAIN, Backups
from musternode.appserver.pair import Pair, other
from musternode.appserver.settings import Settings
from musternode.appserver.words import Word
from musternode.failure import Failure
from musternode.h2.backup import Last
from musternode.subversion import mirror
from musternode.subversion.keeping import Keeper
from musternode.subversion.svnsync import Source
from musternode.subversion.words import SILENT, Role, Step
from musternode.subversion.words import Word as Held
from tests.appserver_support import chosen, held
from tests.node_servers import address
from tests.subversion_support import CHECKOUT, COMMIT, Node, names, needs_svn, node_in, put, svn


@dataclass
class Keeps:
    """A keeper that does what it is told to."""

    word: Held = field(default_factory=lambda: held("a", None))
    settled: bool = False
    broken: str = ""
    looks: int = 0

    def look(self) -> Step:
        """Count, or fail."""
        self.looks += 1
        if self.broken:
            raise Failure(self.broken)
        return Step.NOTHING


class Repository:
    """The cluster's repository, and one node's look after it, under a clock."""

    def __init__(self, keeper: Keeps | None = None) -> None:
        self.now, self.broken, self.done = 100.0, "", list[str]()
        self.artifacts = Artifacts(
            self.ask,
            keeper,
            retire=lambda: self.done.append("retire"),
            backup=lambda: self.done.append("backup"),
            clock=lambda: self.now,
        )

    def ask(self) -> str:
        """Tell its identity."""
        self.done.append("ask")
        if self.broken:
            raise Failure(self.broken)
        return "uuid-1"

    def step(self, times: int = 1, seconds: float = 1.0) -> list[str]:
        """Return what was done in some steps."""
        self.done.clear()
        for _ in range(times):
            self.now += seconds
            self.artifacts.step()
        return list(self.done)


def test_before_it_has_been_asked_nobody_takes_it_for_one_that_answers() -> None:
    assert Repository().artifacts.fault == UNASKED


def test_it_is_asked_seldom_while_it_answers_and_often_while_it_does_not(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    seen = Repository()
    assert len(seen.step(times=20)) == 20 / mirror.EVERY
    assert (seen.artifacts.uuid, seen.artifacts.fault, caplog.messages) == ("uuid-1", "", [])
    seen.broken = "nobody listens"
    assert len(seen.step(times=20)) >= 10
    assert (seen.artifacts.uuid, seen.artifacts.fault) == ("uuid-1", "nobody listens")
    seen.broken = ""
    seen.step(times=2)
    assert caplog.messages == [
        "no artifacts come or go, what is here goes on: nobody listens",
        "the repository of artifacts answers again",
    ]


def test_it_is_asked_often_while_the_product_reads_it_by_an_account_of_before() -> None:
    answers = [True, True, False]
    seen = Artifacts(lambda: "uuid-1", outdated=lambda: answers.pop(0), clock=lambda: 100.0)
    for _ in range(9):
        seen.step()
    assert (answers, seen.outdated) == ([], False)


def test_what_is_here_is_told_to_nobody_before_it_has_been_looked_at() -> None:
    """The other management node would take it for nothing, and begin an empty one."""
    keeper = Keeps(broken="no svnlook")
    seen = Repository(keeper)
    keeper.settled = True
    for _ in range(2):
        assert (seen.artifacts.held, seen.artifacts.settled) == (None, False)
        seen.step()
    assert seen.artifacts.lacks == "no svnlook"
    keeper.broken = ""
    seen.step()
    assert (seen.artifacts.held, seen.artifacts.settled, seen.artifacts.lacks) == (keeper.word, True, "")


def test_a_keeper_is_asked_each_second_until_it_has_settled() -> None:
    keeper = Keeps()
    seen = Repository(keeper)
    seen.step(times=5)
    assert keeper.looks == 5
    keeper.settled = True
    seen.step(times=20)
    assert keeper.looks == 7


def test_an_unexpected_fault_is_one_sentence_and_the_next_look_comes(caplog: pytest.LogCaptureFixture) -> None:
    keeper = Keeps()
    seen = Repository(keeper)
    keeper.word = None  # type: ignore[assignment]
    seen.step(times=3)
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 1
    assert "AttributeError" in seen.artifacts.lacks
    assert keeper.looks == 3


def test_accounts_are_shut_out_once_after_all_have_formed() -> None:
    seen = Repository(Keeps())
    assert "retire" not in seen.step(times=3)
    seen.artifacts.formed()
    assert seen.step(times=3).count("retire") == 1


@pytest.mark.parametrize(
    ("role", "settled", "made"), [(Role.COMMITTING, True, 1), (Role.COMMITTING, False, 0), (Role.PASSIVE, True, 0)]
)
def test_backups_are_the_committing_nodes(role: Role, made: int, *, settled: bool) -> None:
    seen = Repository(Keeps(held("a", role), settled))
    assert seen.step().count("backup") == made


# backups


class Night:
    """Backups under a clock of their own."""

    def __init__(self, folder: Path) -> None:
        self.now, self.sent, self.broken = 1_800_000_000.0, list[float](), ""
        self.last = Last(folder / "last")
        self.backups = Backups(self.send, self.last, 2, lambda: self.now)

    def send(self, at: float) -> str:
        """Remember, or fail."""
        self.sent.append(at)
        if self.broken:
            raise Failure(self.broken)
        return "key"

    def look(self) -> None:
        """Look, and wait for what that began."""
        self.backups.look()
        for thread in threading.enumerate():
            if thread.name == "backup":
                thread.join()


def test_one_is_made_a_night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    night = Night(tmp_path)
    noted = [0.0]
    monkeypatch.setattr(Last, "at", lambda _: noted[0])
    monkeypatch.setattr(Last, "note", lambda _: noted.__setitem__(0, night.now))
    for _ in range(3 * 24):
        night.look()
        night.now += 3600
    assert len(night.sent) == 4  # the first one at once


def test_one_that_failed_is_tried_again_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    night = Night(tmp_path)
    night.broken = "the bucket is gone"
    for _ in range(4):
        night.look()
        night.now += AGAIN / 2
    assert len(night.sent) == 2
    assert "was not backed up: the bucket is gone" in caplog.text
    assert night.last.at() == 0.0


# two real repositories


class Manager:
    """A management node as its process has it, with a real repository; what it hears is what the other one says."""

    def __init__(self, name: str, node: Node, settings: Settings) -> None:
        self.name, self.node, self.now, self.beside = name, node, 0.0, dict[str, Manager]()
        self.told(settings)

    def told(self, settings: Settings) -> None:
        """Begin anew with these settings."""
        began = (self.node.place.repository / "db/current").is_file()
        self.settings, found = settings, other(settings, self.name, began=began)
        self.pair = Here(settings, self.name, found, self.heard, lambda: CHECKOUT, lambda: self.now)
        self.pair.beside = self.beside
        keeper = Keeper(
            self.name, self.node.place, self.node, self.pair.role, self.pair if found else None,
            folders=["-1234"], clock=lambda: self.now,
        )  # fmt: skip
        self.artifacts = Artifacts(lambda: "", keeper, clock=lambda: self.now)

    def heard(self) -> dict[str, Word]:
        """Return the words of those beside it."""
        return {address(each.name): each.says() for each in self.beside.values()}

    def says(self) -> Word:
        """Return what it says."""
        leaving = tuple(one.address for one in self.settings.members if not one.present)
        return Word(f"id-{self.name}", {}, held=self.artifacts.held, leaving=leaving)

    def step(self) -> None:
        """Let a second pass."""
        self.now += 1
        self.artifacts.step()
        assert self.artifacts.lacks == ""

    def role(self) -> Role | None:
        """Return what its repository is."""
        return self.artifacts.held.role if self.artifacts.held else None


class Here(Pair):
    """A pair whose addresses are all this machine's."""

    beside: dict[str, Manager]

    def source(self) -> Source:
        """Return where the other one's is, on loopback."""
        return next(iter(self.beside.values())).node.source


@pytest.fixture
def managers(tmp_path: Path) -> Iterator[tuple[Manager, Manager]]:
    """Yield two management nodes, of which a commits, with an artifact on both."""
    with node_in(tmp_path / "a") as one, node_in(tmp_path / "b") as two:
        a, b = Manager("a", one, chosen()), Manager("b", two, chosen())
        a.beside["b"], b.beside["a"] = b, a
        rounds(a, b, times=4)
        put(one, "-1234/first")
        rounds(a, b, times=12)
        assert (a.role(), b.role()) == (Role.COMMITTING, Role.PASSIVE)
        assert names(two) == ["-1234/"]
        yield a, b


def rounds(*managers: Manager, times: int) -> None:
    """Let seconds pass for them all."""
    for _ in range(times):
        for each in managers:
            each.step()


def artifacts_of(node: Node) -> list[str]:
    """Return what the first tenant has."""
    return svn(CHECKOUT, "list", f"{node.url}/-1234").split()


@needs_svn
@pytest.mark.parametrize("first", ["old", "new"])
def test_the_other_one_takes_over_with_all_that_was_committed_whoever_is_told_first(
    managers: tuple[Manager, Manager], first: str
) -> None:
    a, b = managers
    new = chosen(product={"committer": "b"})
    for each in (a, b) if first == "old" else (b, a):
        if each is a:
            put(a.node, "-1234/last")
        each.told(new)
        for _ in range(3):
            rounds(a, b, times=1)
            assert (a.role(), b.role()) != (Role.COMMITTING, Role.COMMITTING)
    rounds(a, b, times=3)
    assert (a.role(), b.role()) == (Role.PASSIVE, Role.COMMITTING)
    assert artifacts_of(b.node) == ["first/", "last/"]
    put(b.node, "-1234/next")
    with pytest.raises(Failure):
        put(a.node, "-1234/stale")
    rounds(a, b, times=12)
    assert artifacts_of(a.node) == ["first/", "last/", "next/"]


@needs_svn
def test_one_that_is_taken_out_of_the_file_hands_over_all_it_has_while_it_still_runs(
    managers: tuple[Manager, Manager],
) -> None:
    """It never has its turn: its settings stay those of before."""
    a, b = managers
    put(a.node, "-1234/last")
    b.told(chosen(absent="a", product={"committer": "b"}))
    rounds(a, b, times=6)
    assert (a.role(), b.role()) == (Role.PASSIVE, Role.COMMITTING)
    assert artifacts_of(b.node) == ["first/", "last/"]
    with pytest.raises(Failure):
        put(a.node, "-1234/stale")


@needs_svn
def test_one_that_is_taken_out_because_it_is_dead_is_not_waited_for(managers: tuple[Manager, Manager]) -> None:
    a, b = managers
    a.node.stop()
    b.beside.clear()
    b.told(chosen(absent="a", product={"committer": "b"}))
    rounds(b, times=int(SILENT) - 5)
    assert b.role() is Role.PASSIVE
    rounds(b, times=10)
    assert b.role() is Role.COMMITTING
    svn(COMMIT, "mkdir", "--message", "m", f"{b.node.url}/-1234/next")

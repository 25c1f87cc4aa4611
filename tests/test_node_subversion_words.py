"""Which management node commits: what follows from two words, and what any course of changes leads to."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.subversion import words
from musternode.subversion.words import SILENT, Role, Step, Word, step

COMMITTING, PASSIVE = Role.COMMITTING, Role.PASSIVE
NONE = Word("a")
OTHERS_NONE = Word("b")
LONG = SILENT + 1


def a(role: Role, term: int = 1, youngest: int = 5) -> Word:
    """Return the word of a node with a repository."""
    return Word("a", role, term, "u", youngest)


def b(role: Role, term: int = 1, youngest: int = 5) -> Word:
    """Return that of the other one."""
    return Word("b", role, term, "u", youngest)


@pytest.mark.parametrize(
    ("wanted", "here", "other", "silent", "chosen"),
    [
        (COMMITTING, NONE, OTHERS_NONE, 0, Step.MAKE),
        (COMMITTING, NONE, None, LONG, Step.WAIT),  # the other one may hold all that there is
        (COMMITTING, NONE, b(PASSIVE), 0, Step.MIRROR),  # a new volume: what there was is over there
        (COMMITTING, a(COMMITTING), None, LONG, Step.NOTHING),
        (COMMITTING, a(COMMITTING), b(PASSIVE), 0, Step.NOTHING),
        (COMMITTING, a(COMMITTING), b(COMMITTING, 2), 0, Step.DEMOTE),  # settings of before, after a long absence
        (COMMITTING, a(COMMITTING, 2), b(COMMITTING, 1), 0, Step.NOTHING),
        (COMMITTING, a(PASSIVE), b(COMMITTING), 0, Step.MIRROR),
        (COMMITTING, a(PASSIVE), b(PASSIVE), 0, Step.PROMOTE),
        (COMMITTING, a(PASSIVE), b(PASSIVE, youngest=6), 0, Step.MIRROR),  # its last revisions first
        (COMMITTING, a(PASSIVE), b(PASSIVE, 2, 1), 0, Step.MIRROR),
        (COMMITTING, a(PASSIVE), OTHERS_NONE, 0, Step.PROMOTE),
        (COMMITTING, a(PASSIVE), None, SILENT - 1, Step.WAIT),
        (COMMITTING, a(PASSIVE), None, LONG, Step.PROMOTE),
        (PASSIVE, a(COMMITTING), b(PASSIVE), 0, Step.DEMOTE),
        (PASSIVE, a(COMMITTING), None, LONG, Step.DEMOTE),
        (PASSIVE, a(PASSIVE), b(COMMITTING), 0, Step.MIRROR),
        (PASSIVE, NONE, b(COMMITTING), 0, Step.MIRROR),
        (PASSIVE, NONE, b(PASSIVE), 0, Step.WAIT),
        (PASSIVE, a(PASSIVE), None, LONG, Step.WAIT),
    ],
)
def test_a_node_of_two_does_what_both_words_lead_to(
    wanted: Role, here: Word, other: Word | None, silent: float, chosen: Step
) -> None:
    assert step(wanted, here, other, pair=True, silent=silent) is chosen


@pytest.mark.parametrize(
    ("here", "chosen"), [(NONE, Step.MAKE), (a(PASSIVE), Step.PROMOTE), (a(COMMITTING), Step.NOTHING)]
)
def test_the_only_management_node_waits_for_nobody(here: Word, chosen: Step) -> None:
    assert step(COMMITTING, here, None, pair=False, silent=0) is chosen


def test_of_two_that_commit_in_one_term_exactly_one_gives_way() -> None:
    chosen = {
        step(COMMITTING, a(COMMITTING), b(COMMITTING), pair=True, silent=0),
        step(COMMITTING, b(COMMITTING), a(COMMITTING), pair=True, silent=0),
    }
    assert chosen == {Step.NOTHING, Step.DEMOTE}


def test_a_new_term_is_above_both() -> None:
    assert words.following(a(PASSIVE, 3), b(PASSIVE, 7)) == 8
    assert words.following(a(PASSIVE, 3), None) == 4


@given(
    word=st.builds(
        Word, st.text(), st.sampled_from([None, *Role]), st.integers(0, 99), st.text(), st.integers(0, 10**9)
    )
)
def test_a_word_is_read_back_as_it_was_said(word: Word) -> None:
    assert words.read(words.document(word)) == word


@pytest.mark.parametrize(
    "change",
    [{"node": 1}, {"role": "king"}, {"role": 1}, {"term": "1"}, {"term": True}, {"uuid": None}, {"youngest": 1.5}],
)
def test_what_is_no_word_is_none(change: dict[str, Any]) -> None:
    assert words.read({**words.document(a(PASSIVE)), **change}) is None
    assert words.read([]) is None


@dataclass
class Machine:
    """A management node: its settings, its repository as the list of its commits, and since when it is alone."""

    name: str
    wanted: Role
    role: Role | None = None
    term: int = 0
    commits: list[str] = field(default_factory=list)
    up: bool = True
    silent: float = 0.0

    @property
    def word(self) -> Word:
        if self.role is None:
            return Word(self.name, term=self.term)
        return Word(self.name, self.role, self.term, "u", len(self.commits))


class World:
    """Two of them, whose steps happen one after the other."""

    def __init__(self) -> None:
        self.a, self.b = Machine("a", COMMITTING), Machine("b", PASSIVE)
        self.acknowledged: list[str] = []

    def look(self, one: Machine) -> None:
        """Let `one` do a step, if it runs."""
        other = self.b if one is self.a else self.a
        if not one.up:
            return
        said = other.word if other.up else None
        one.silent = 0.0 if said else one.silent + 10.0
        chosen = step(one.wanted, one.word, said, pair=True, silent=one.silent)
        if chosen in (Step.MAKE, Step.PROMOTE):
            one.role, one.term = COMMITTING, words.following(one.word, said)
        if chosen is Step.DEMOTE:
            one.role = PASSIVE
        if chosen is Step.MIRROR and said is not None:
            one.role, one.term, one.commits = PASSIVE, max(one.term, said.term), list(other.commits)

    def commit(self, one: Machine) -> None:
        """Let a client commit into the repository of `one`, which takes it or not."""
        if one.up and one.role is COMMITTING:
            one.commits.append(f"{one.name}{len(self.acknowledged)}")
            self.acknowledged.append(one.commits[-1])

    def want(self, committer: str, of: Machine) -> None:
        """Give `of` settings by which `committer` commits."""
        of.wanted = COMMITTING if of.name == committer else PASSIVE

    def settle(self) -> None:
        """Let both look often enough."""
        for _ in range(8):
            self.look(self.a)
            self.look(self.b)


EVENTS = st.lists(
    st.tuples(st.sampled_from(["look", "commit", "want a", "want b", "toggle"]), st.sampled_from(["a", "b"])),
    max_size=40,
)


def happen(world: World, events: list[tuple[str, str]], *, outages: bool) -> None:
    """Let `events` happen."""
    for what, name in events:
        one = world.a if name == "a" else world.b
        if what == "look":
            world.look(one)
        elif what == "commit":
            world.commit(one)
        elif what == "toggle":
            one.up = not (outages and one.up)
        else:
            world.want(what[-1], one)
        if not outages:
            assert not (world.a.role is COMMITTING and world.b.role is COMMITTING)


@given(events=EVENTS, last=st.sampled_from(["a", "b"]))
def test_in_any_course_of_changes_nothing_that_was_acknowledged_is_lost_and_two_never_commit(
    events: list[tuple[str, str]], last: str
) -> None:
    world = World()
    happen(world, events, outages=False)
    for one in (world.a, world.b):
        world.want(last, one)
    world.settle()
    first, second = (world.a, world.b) if last == "a" else (world.b, world.a)
    assert (first.role, second.role) == (COMMITTING, PASSIVE)
    assert first.commits == second.commits == world.acknowledged


@given(events=EVENTS, last=st.sampled_from(["a", "b"]))
def test_after_any_outages_exactly_the_wanted_one_commits_and_the_other_one_is_its_mirror(
    events: list[tuple[str, str]], last: str
) -> None:
    world = World()
    happen(world, events, outages=True)
    for one in (world.a, world.b):
        one.up = True
        world.want(last, one)
    world.settle()
    first, second = (world.a, world.b) if last == "a" else (world.b, world.a)
    assert (first.role, second.role) == (COMMITTING, PASSIVE)
    assert first.commits == second.commits


def test_without_waiting_for_the_other_one_commits_would_be_lost() -> None:
    """The control: a node that takes over at once lacks what the former one took last."""
    world = World()
    world.settle()
    world.commit(world.a)
    world.b.role, world.b.term, world.b.wanted = COMMITTING, 2, COMMITTING
    world.want("b", world.a)
    world.settle()
    assert world.b.commits != world.acknowledged

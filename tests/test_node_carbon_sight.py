"""Whom a member sees by its log and the others' words, and when that is enough to be given users."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from musternode.carbon import sight
from musternode.carbon.lines import ALONE, BEGINS, JOINED, LEFT, LOCAL, Event
from musternode.carbon.sight import Sight, Word
from tests.test_node_state import JSON

A, B, C, D = (f"10.0.1.{number}" for number in range(10, 14))
WANTED = {A, B, C}
RUNS = [Event(BEGINS), Event(LOCAL, id="a")]


def after(*events: Event, before: Sight | None = None) -> Sight:
    """Return the sight after some events of the log of a."""
    now = before or Sight()
    for event in events:
        now = sight.after(now, event)
    return now


def joined(address: str, id_: str) -> Event:
    """Return the event of a member that comes."""
    return Event(JOINED, address, id_)


def left(address: str, id_: str) -> Event:
    """Return the event of a member that goes."""
    return Event(LEFT, address, id_)


def seen(now: Sight) -> set[str]:
    """Return whom a sees."""
    return set(sight.seen(now, A, WANTED))


def test_nobody_is_seen_before_the_engine_runs() -> None:
    assert seen(after(Event(BEGINS), joined(B, "b"))) == set()
    assert seen(after(Event(BEGINS), joined(B, "b"), Event(LOCAL, id="a"))) == {A, B}


def test_strangers_are_not_seen() -> None:
    assert seen(after(*RUNS, joined("10.9.9.9", "x"), joined(B, "b"))) == {A, B}


def test_one_that_leaves_is_seen_no_more_until_it_comes_again() -> None:
    gone = after(*RUNS, joined(B, "b"), left(B, "b"))
    assert seen(gone) == {A}
    assert seen(after(joined(B, "b2"), before=gone)) == {A, B}


def test_an_engine_that_begins_anew_sees_nobody() -> None:
    assert after(*RUNS, joined(B, "b"), left(B, "b"), Event(ALONE, text="x"), Event(BEGINS)) == Sight()


def told(now: Sight, **words: Word) -> Sight:
    """Return the sight of a after the words of the nodes that are named."""
    return sight.with_words(now, A, {{"b": B, "c": C, "d": D}[name]: word for name, word in words.items()})


def test_those_that_were_there_before_are_known_by_their_own_words() -> None:
    assert seen(told(after(*RUNS), b=Word("b", {A: "a"}))) == {A, B}


def test_those_that_came_at_the_same_moment_are_known_by_the_words_of_who_was_there_before() -> None:
    """The engine's listener begins when it has joined: two that join at once are in neither's log."""
    assert seen(told(after(*RUNS), b=Word("b", {A: "a", C: "c"}))) == {A, B, C}


def test_those_that_one_in_the_log_names_are_of_the_same_cluster() -> None:
    assert seen(told(after(*RUNS, joined(B, "b")), b=Word("b", {C: "c"}))) == {A, B, C}


@pytest.mark.parametrize(
    "word", [Word("b", {A: "a0", C: "c"}), Word("b", {C: "c"}), Word("", {A: "a", C: "c"}), Word("b", {})]
)
def test_words_that_are_not_of_this_very_run_say_nothing(word: Word) -> None:
    assert seen(told(after(*RUNS), b=word)) == {A}
    assert told(Sight(), b=Word("b", {A: ""})) == Sight()


def test_one_in_the_log_that_has_begun_anew_since_says_nothing() -> None:
    assert seen(told(after(*RUNS, joined(B, "b")), b=Word("b2", {C: "c"}))) == {A, B}


def test_one_that_another_saw_leave_is_seen_no_more_unless_the_log_itself_names_it() -> None:
    """This run's listener may have begun too late for it."""
    before = told(after(*RUNS), b=Word("b", {A: "a", C: "c"}))
    assert seen(told(before, b=Word("b", {A: "a"}, left=(C,)))) == {A, B}
    assert seen(told(after(joined(C, "c2"), before=before), b=Word("b", {A: "a"}, left=(C,)))) == {A, B, C}


def test_those_that_were_told_of_stay_while_nobody_speaks() -> None:
    before = told(after(*RUNS), b=Word("b", {A: "a", C: "c"}))
    assert seen(told(before)) == {A, B, C}


@pytest.mark.parametrize("before", [(), (joined(B, "b"),)])
def test_an_older_word_never_brings_back_one_that_left(before: tuple[Event, ...]) -> None:
    """Not even if it was heard for the first time after that, nor by way of a third one."""
    now = after(*RUNS, *before, left(B, "b"))
    assert seen(told(now, b=Word("b", {A: "a"}))) == {A}
    assert seen(told(now, c=Word("c", {A: "a", B: "b"}))) == {A, C}


def test_an_older_word_of_one_that_left_says_nothing_of_others() -> None:
    assert seen(told(after(*RUNS, left(B, "b")), b=Word("b", {A: "a", C: "c"}))) == {A}


def test_one_that_was_known_by_its_former_id_leaves_too() -> None:
    """An engine takes another id when it merges with others after a split; its own log has no word of that."""
    now = told(after(*RUNS), b=Word("b", {A: "a"}))
    assert seen(after(left(B, "b2"), before=now)) == {A}


def test_an_engine_is_alone_as_long_as_it_has_seen_nobody_else() -> None:
    alone = after(*RUNS, Event(ALONE, text="first"), Event(ALONE, text="second"))
    assert alone.alone == "first"
    for now in (after(joined(B, "b"), before=alone), told(alone, b=Word("b", {A: "a"}))):
        assert after(left(B, "b"), before=now).alone == ""


def test_of_two_the_one_that_was_with_the_other_and_saw_it_leave_stays_ready() -> None:
    pair = {A, B}
    assert sight.enough(after(*RUNS, joined(B, "b")), A, pair)
    assert sight.enough(after(*RUNS, joined(B, "b"), left(B, "b")), A, pair)
    assert sight.enough(after(*RUNS, left(B, "b")), A, pair)  # it was there before, and its word was not heard in time


def test_of_two_one_that_was_never_with_the_other_is_not_ready() -> None:
    pair = {A, B}
    assert not sight.enough(after(*RUNS), A, pair)
    assert not sight.enough(after(*RUNS, joined(C, "c"), left(C, "c")), A, pair)
    assert not sight.enough(after(Event(BEGINS), joined(B, "b"), left(B, "b")), A, pair)


def test_of_three_the_last_one_is_not_ready_even_if_it_saw_both_others_leave() -> None:
    now = after(*RUNS, joined(B, "b"), joined(C, "c"), left(B, "b"), left(C, "c"))
    assert not sight.enough(now, A, {A, B, C})


def test_of_two_a_stranger_that_comes_and_goes_changes_nothing() -> None:
    """As the third one does of a pair that grows."""
    now = after(*RUNS, joined(B, "b"), left(B, "b"), joined(C, "c"))
    assert sight.enough(now, A, {A, B})
    assert sight.enough(after(left(C, "c"), before=now), A, {A, B})


@pytest.mark.parametrize("wanted", range(1, 17))
def test_a_majority_is_ready_and_no_smaller_part(wanted: int) -> None:
    addresses = [f"10.0.2.{number}" for number in range(wanted)]
    own, *others = addresses
    ready = {
        number: sight.enough(Sight("a", {one: one for one in others[: number - 1]}), own, addresses)
        for number in range(1, wanted + 1)
    }
    assert ready == {number: number * 2 > wanted for number in ready}


def test_half_of_four_are_not_ready_even_if_they_saw_the_others_leave() -> None:
    now = after(*RUNS, *(joined(one, one) for one in (B, C, D)), left(C, C), left(D, D))
    assert not sight.enough(now, A, {A, B, C, D})


def test_no_two_parts_of_more_than_two_are_ready_at_once() -> None:
    for wanted in range(3, 17):
        addresses = [f"10.0.2.{number}" for number in range(wanted)]
        for cut in range(1, wanted):
            parts = (addresses[:cut], addresses[cut:])
            ready = [sight.enough(Sight("x", {one: one for one in part[1:]}), part[0], addresses) for part in parts]
            assert ready.count(True) <= 1


def test_one_that_is_to_leave_counts_itself_for_nothing() -> None:
    assert sight.seen(Sight("a", {B: "b"}), "", {B, C, D}) == {B}


EVENTS = st.lists(
    st.builds(
        Event,
        st.sampled_from([BEGINS, LOCAL, JOINED, LEFT, ALONE]),
        st.sampled_from([B, C, D]),
        st.sampled_from(["", "x", "y"]),
        st.sampled_from(["", "alone"]),
    ),
    max_size=12,
)
RUN_IDS = st.sampled_from(["", "x", "y"])
WORDS = st.dictionaries(
    st.sampled_from([B, C, D]),
    st.builds(
        Word,
        RUN_IDS,
        st.dictionaries(st.sampled_from([A, B, C, D]), RUN_IDS),
        st.lists(st.sampled_from([B, C, D])).map(tuple),
    ),
)


@given(EVENTS, WORDS)
def test_whatever_is_said_only_wanted_ones_are_seen_and_nobody_is_both_here_and_gone(
    events: list[Event], words: dict[str, Word]
) -> None:
    now = sight.with_words(after(*events), A, words)
    assert seen(now) <= WANTED
    assert bool(seen(now)) is bool(now.id)
    assert A not in {*now.others, *now.told}
    assert not set(now.left) & {*now.others, *now.told}
    assert not (now.alone and now.id and (now.others or now.told))


@given(EVENTS, WORDS)
def test_a_sight_that_was_kept_is_the_same(events: list[Event], words: dict[str, Word]) -> None:
    now = sight.with_words(after(*events), A, words)
    assert sight.read(sight.written(now)) == now


@given(JSON)
def test_anything_else_that_was_kept_is_no_sight(value: Any) -> None:
    found = sight.read(value)
    assert found is None or isinstance(found, Sight)


class Cluster(RuleBasedStateMachine):
    """Three members, their engines and logs as they really are, and words that may be old; each reads when it likes.

    An engine's log names who comes and goes from when it listens: the first one does at once, those that join it some
    time later. Nobody goes before those that joined have been introduced.
    """

    @initialize()
    def begin(self) -> None:
        """Nobody runs."""
        self.runs = dict.fromkeys([A, B, C], "")
        self.sights = {address: Sight() for address in self.runs}
        self.unread: dict[str, list[Event]] = {address: [] for address in self.runs}
        self.heard: dict[str, dict[str, Word]] = {address: {} for address in self.runs}
        self.listen: set[str] = set()
        self.apart, self.strange, self.number = "", False, 0

    def alive(self, *but: str) -> dict[str, str]:
        """Return the runs that there are, by their addresses."""
        return {address: run for address, run in self.runs.items() if run and address not in but}

    def fresh(self, address: str) -> str:
        """Return an id that nobody has had."""
        self.number += 1
        return f"{address}-{self.number}"

    def tell(self, kind: str, address: str) -> None:
        """Let the logs of the others say what happens to `address`."""
        for other in self.listen & set(self.alive(address)):
            self.unread[other].append(Event(kind, address, self.runs[address]))

    @rule(address=st.sampled_from([A, B, C]))
    def start(self, address: str) -> None:
        """Start an engine, which joins those that run."""
        if self.runs[address] or self.apart:
            return
        self.unread[address].append(Event(BEGINS))
        self.runs[address] = self.fresh(address)
        self.tell(JOINED, address)
        self.strange = bool(self.alive(address))
        if not self.strange:
            self.hears(address)

    @rule(address=st.sampled_from([A, B, C]))
    def hears(self, address: str) -> None:
        """Let an engine that has joined begin to listen."""
        if self.runs[address] and address not in self.listen:
            self.listen.add(address)
            self.unread[address].append(Event(LOCAL, id=self.runs[address]))

    @rule(address=st.sampled_from([A, B, C]))
    def kill(self, address: str) -> None:
        """End an engine."""
        if self.runs[address] and not self.apart and not self.strange:
            self.tell(LEFT, address)
            self.runs[address] = ""
            self.listen.discard(address)

    @rule(address=st.sampled_from([A, B, C]))
    def cut(self, address: str) -> None:
        """Cut an engine off: both sides see each other leave."""
        if self.runs[address] and not self.apart and not self.strange:
            self.tell(LEFT, address)
            self.unread[address] += [Event(LEFT, one, run) for one, run in self.alive(address).items()]
            self.apart = address

    @rule()
    def heal(self) -> None:
        """Let it come back: it merges under another id, which its own log does not tell."""
        if address := self.apart:
            self.apart, self.runs[address] = "", self.fresh(address)
            self.tell(JOINED, address)
            self.unread[address] += [joined(one, run) for one, run in self.alive(address).items()]

    @rule(address=st.sampled_from([A, B, C]))
    def read(self, address: str) -> None:
        """Let a member read its log, and then the words that it has."""
        now = after(*self.unread[address], before=self.sights[address])
        self.sights[address] = sight.with_words(now, address, self.heard[address])
        self.unread[address] = []

    @rule(speaker=st.sampled_from([A, B, C]), hearer=st.sampled_from([A, B, C]))
    def speak(self, speaker: str, hearer: str) -> None:
        """Let a member hear another's word as it is now, whatever came to pass meanwhile."""
        if self.runs[speaker] and speaker != hearer:
            now = self.sights[speaker]
            self.heard[hearer][speaker] = Word(now.id, now.others, now.left)

    @rule()
    def introduce(self) -> None:
        """Let all listen, read, and hear each other."""
        for address in self.alive():
            self.hears(address)
        for _ in range(3):
            for address in self.alive():
                self.read(address)
            self.heard = {address: {} for address in self.runs}
            for speaker in self.alive():
                for hearer in self.alive():
                    self.speak(speaker, hearer)
        for address in self.alive():
            self.read(address)
        self.strange = False

    @invariant()
    def one_that_has_read_its_log_sees_nobody_who_has_left(self) -> None:
        """Whatever words it still has."""
        for address in getattr(self, "listen", ()):
            if not self.unread[address]:
                here = {one for one in self.alive() if one == address or self.apart not in {one, address}}
                assert sight.seen(self.sights[address], address, self.runs) <= here

    def teardown(self) -> None:
        """Once all is quiet and all have spoken, each that runs sees all that run, and nobody else."""
        self.heal()
        self.introduce()
        for address in self.alive():
            assert sight.seen(self.sights[address], address, self.runs) == set(self.alive())


TestCluster = Cluster.TestCase

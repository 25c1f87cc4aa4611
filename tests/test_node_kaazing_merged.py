"""Which gateway begins anew after a merge, and when."""

from collections import deque
from dataclasses import dataclass, field

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from musternode.kaazing.merged import BEGIN_ANEW, LEAD_AWAY, SERVE, WAIT, Plan, Word, is_turn, step

DRAIN, LATEST = 30.0, 12
FINE = Word(1, serving=True)
OTHER = Word(2, serving=True)


def merged(ordinal: int, *, serving: bool = True) -> Word:
    """Return the word of a member whose run has merged."""
    return Word(ordinal, serving, merged=True)


def steps(own: Word, others: list[Word], *times: float, run: str = "r1") -> list[str]:
    """Return what to do at some times, one plan after the other."""
    plan, done = Plan(), []
    for now in times:
        plan, what = step(plan, run, own, others, now, DRAIN)
        done.append(what)
    return done


def test_a_gateway_that_has_not_merged_goes_on() -> None:
    assert steps(FINE, [OTHER, merged(3)], 0, 100) == [SERVE, SERVE]


def test_one_that_has_merged_leads_its_users_away_and_then_begins_anew_once() -> None:
    assert steps(merged(1), [OTHER], 0, 10, 29.9, 30, 31, 99) == [
        LEAD_AWAY,
        LEAD_AWAY,
        LEAD_AWAY,
        BEGIN_ANEW,
        LEAD_AWAY,
        LEAD_AWAY,
    ]


def test_a_run_that_comes_after_is_not_the_one_that_merged() -> None:
    plan, _ = step(Plan("r1", 0.0, done=True), "r2", FINE, [OTHER], 40.0, DRAIN)
    assert (plan, plan.draining) == (Plan("r2"), False)


def test_a_run_that_merges_again_is_led_away_anew() -> None:
    plan, what = step(Plan("r1", 0.0, done=True), "r2", merged(1), [OTHER], 40.0, DRAIN)
    assert (plan, what) == (Plan("r2", 40.0), LEAD_AWAY)


def test_a_restart_that_was_not_under_way_is_asked_for_again() -> None:
    """The plan is kept only once it is."""
    plan = Plan("r1", 0.0)
    for now in (30.0, 31.0):
        assert step(plan, "r1", merged(1), [OTHER], now, DRAIN)[1] == BEGIN_ANEW


def test_of_those_that_have_merged_the_lowest_ordinal_comes_first() -> None:
    assert is_turn(merged(1), (merged(2), OTHER))
    assert not is_turn(merged(2), (merged(1), Word(3, serving=True)))
    assert is_turn(merged(2), (FINE, merged(3)))


@pytest.mark.parametrize("other", [Word(2, serving=False), merged(2, serving=False)])
def test_none_begins_anew_beside_one_that_has_no_users(other: Word) -> None:
    """One that leads them away, that comes up again, or that is broken."""
    assert steps(merged(1), [other, Word(3, serving=True)], 0, 100) == [WAIT, WAIT]


def test_none_begins_anew_alone() -> None:
    assert steps(merged(1), [], 0, 100) == [WAIT, WAIT]


def test_users_come_again_while_it_waits_for_another_one() -> None:
    plan, _ = step(Plan(), "r1", merged(1), [OTHER], 0.0, DRAIN)
    assert plan.draining
    plan, what = step(plan, "r1", merged(1), [Word(2, serving=False)], 10.0, DRAIN)
    assert (plan.draining, what) == (False, WAIT)
    assert step(plan, "r1", merged(1), [OTHER], 35.0, DRAIN)[1] == LEAD_AWAY  # from the beginning


@dataclass
class Member:
    """One of a simulated cluster: what it does each second, and what the others hear of it `late` seconds later."""

    ordinal: int
    late: int
    merges_at: int
    comes_up: int
    plan: Plan = field(default_factory=Plan)
    run: int = 0
    down_until: int = -1
    merges: bool = False
    restarts: int = 0
    said: deque[Word] = field(default_factory=deque)

    def word(self, now: int) -> Word:
        """Return what is true of it."""
        return Word(self.ordinal, not self.plan.draining and now >= self.down_until, merged=self.merges)

    def hears(self) -> Word:
        """Return the last word of it that has come to the others."""
        return self.said[0]

    def live(self, now: int, others: list[Word]) -> None:
        """Do one second's work."""
        if now == self.merges_at:
            self.merges = True
        if now >= self.down_until:
            own = Word(self.ordinal, serving=True, merged=self.merges)
            self.plan, what = step(self.plan, str(self.run), own, others, float(now), DRAIN)
            if what == BEGIN_ANEW:
                self.restarts, self.run = self.restarts + 1, self.run + 1
                self.merges, self.down_until = False, now + self.comes_up
        self.said.append(self.word(now))
        if len(self.said) > self.late + 1:
            self.said.popleft()


@given(
    st.lists(st.tuples(st.integers(0, LATEST), st.integers(0, 60), st.integers(1, 40)), min_size=2, max_size=5),
    st.none() | st.integers(0, 4),
)
@example([(LATEST, 0, 1), (LATEST, 0, 1)], None)
def test_one_after_the_other_each_that_merged_begins_anew_once_and_users_find_another(
    members: list[tuple[int, int, int]], spared: int | None
) -> None:
    """Words come up to `LATEST` s late, a gateway is up within 40 s; all members have merged, or all but one."""
    cluster = [Member(number, *each) for number, each in enumerate(members)]
    if spared is not None:
        cluster[spared % len(cluster)].merges_at = -1
    for member in cluster:
        member.said.append(Word(member.ordinal, serving=True))
    bare = 0
    for now in range(60 + len(cluster) * 150):
        heard = [member.hears() for member in cluster]
        for member in cluster:
            member.live(now, [word for word in heard if word.ordinal != member.ordinal])
        assert sum(now < member.down_until for member in cluster) <= 1
        bare = 0 if any(member.word(now).serving for member in cluster) else bare + 1
        assert bare <= LATEST + 1  # as long as two have not heard of each other
    assert [member.restarts for member in cluster] == [member.merges_at >= 0 for member in cluster]


def test_the_simulation_sees_two_that_begin_anew_at_once() -> None:
    """The control: words that come too late."""
    pair = [Member(0, 100, 0, 40), Member(1, 100, 0, 40)]
    for member in pair:
        member.said.extend([Word(member.ordinal, serving=True)] * 100)
    down = 0
    for now in range(60):
        heard = [member.hears() for member in pair]
        for member in pair:
            member.live(now, [word for word in heard if word.ordinal != member.ordinal])
        down = max(down, sum(now < member.down_until for member in pair))
    assert down == 2

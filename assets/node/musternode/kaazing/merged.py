"""When a gateway that has merged is to begin anew: a pure function of what the members say of themselves.

After a cut has healed the gateways are one cluster again, but those that have joined the others (their logs say "is
MERGED") are missing from what all share of their services, for good (5.6.2). Only another run mends that. Users are
led away first, and never from two gateways at a time, because those of one must find another.
"""

from dataclasses import dataclass, replace
from typing import Iterable, Optional, Tuple

DRAIN = 30.0
"""Seconds without new users before another run: longer than the health checks after which the balancer sends none."""
SERVE, WAIT, LEAD_AWAY, BEGIN_ANEW = "serve", "wait", "lead away", "begin anew"
"""What to do: go on; go on until it is this gateway's turn; take no new users; restart the gateway now."""


@dataclass(frozen=True)
class Word:
    """What a member says of itself: its place among all, whether it is given users, whether its run has merged.

    One that leads its users away is given none.
    """

    ordinal: int
    serving: bool
    merged: bool = False


@dataclass(frozen=True)
class Plan:
    """What goes on in the gateway's run `run`: since when users are led away (any clock), or that it is over.

    `done` is whether another run has been asked for: once is enough, however often this one merges.
    """

    run: str = ""
    since: Optional[float] = None
    done: bool = False

    @property
    def draining(self) -> bool:
        """Whether users are led away, so that this member is not ready."""
        return self.since is not None


def step(plan: Plan, run: str, own: Word, others: Iterable[Word], now: float, drain: float = DRAIN) -> Tuple[Plan, str]:
    """Return the plan after `plan` at the time `now`, and what to do.

    `run` is the id of the gateway's run, `own` what is true of it; `others` are the last words of those that answer.
    Keep the plan that comes with `BEGIN_ANEW` only once the restart is under way. Words may be late by less than half
    of `drain`: two members may begin at once to lead users away, until they hear of each other, but not to restart.
    """
    if run != plan.run:
        plan = Plan(run)
    if plan.done:
        return plan, LEAD_AWAY
    if not own.merged:
        return Plan(run), SERVE
    if not is_turn(own, tuple(others)):
        return Plan(run), WAIT
    since = now if plan.since is None else plan.since
    if now - since < drain:
        return replace(plan, since=since), LEAD_AWAY
    return Plan(run, since, done=True), BEGIN_ANEW


def is_turn(own: Word, others: Tuple[Word, ...]) -> bool:
    """Return whether the member that says `own` may lead its users away, or go on with that.

    All `others` must be given users, and one at least: a member that comes up again, or is broken, leaves no room for
    another one. Of those that have merged the lowest ordinal comes first.
    """
    if not others or not all(other.serving for other in others):
        return False
    return not any(other.merged and other.ordinal < own.ordinal for other in others)

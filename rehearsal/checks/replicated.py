"""A session made on one node continues on every other: what users lose with a node is nothing that they had.

Each member is asked directly, from the balancer's network namespace, so that no stickiness helps.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from rehearsal.checks.check import Check
from rehearsal.checks.result import Finding, invalid, unknown, valid
from rehearsal.checks.scene import Scene
from rehearsal.visitor import CookieJar

SESSIONS = 3
"""Sessions made on each member."""


@dataclass(frozen=True)
class Step:
    """One request with the cookie of the user `user`, whose session `maker` made: the answer of `member` to it.

    `expected` is the how many-eth request it was. A code other than 200 comes without the rest.
    """

    user: str
    maker: str
    member: str
    expected: int
    code: int
    session: str = ""
    count: int = 0


def record(scene: Scene) -> Iterable[Step]:
    """Make sessions on each member, and take each to all the others and back."""
    names = [member.name for member in scene.members]
    for maker in names:
        others = [name for name in names if name != maker]
        for number in range(SESSIONS):
            yield from walk(scene, f"{maker}-{number}", CookieJar(), [maker, *others, maker])


def walk(scene: Scene, user: str, jar: CookieJar, way: Sequence[str], done: int = 0) -> Iterable[Step]:
    """Send one user's cookies to the members of `way`, in order; `done` requests of this user went before."""
    places = {member.name: member for member in scene.members}
    for expected, name in enumerate(way, done + 1):
        with scene.direct(places[name], jar) as client:
            answer = client.request("GET", "/api/session")
        told = answer.json() if answer.code == 200 else {}
        yield Step(user, way[0], name, expected, answer.code, str(told.get("session", "")), int(told.get("count", 0)))


def judge(steps: Sequence[Step]) -> Finding:
    """Every answered request must go on in its session; members that were not asked leave it unproved."""
    if faults := _faults(steps):
        return invalid(f"{len(faults)} of {len(steps)} requests did not go on in their session: {faults[0]}")
    if refused := [step for step in steps if step.code != 200]:
        return unknown(f"{refused[0].member} answered {refused[0].code} to GET /api/session")
    tried = {(step.maker, step.member) for step in steps}
    members = {name for pair in tried for name in pair}
    missing = sorted(f"{a} to {b}" for a in members for b in members if (a, b) not in tried)
    if len(members) < 2 or missing:
        return unknown(f"not tried: {', '.join(missing) or 'more than one member'}")
    if len({step.session for step in steps}) < len({step.user for step in steps}):
        return unknown("users shared sessions, so that none of them was another's")
    users = len({step.user for step in steps})
    return valid(f"{users} sessions went on from each of {', '.join(sorted(members))} to all the others and back")


def _faults(steps: Sequence[Step]) -> list[str]:
    """Return what was lost, one text for each request that found it so."""
    faults = []
    for _, own in groupby(steps, key=lambda step: step.user):
        walked = [step for step in own if step.code == 200]
        made = walked[0].session if walked else ""
        faults += [_told(step) for step in walked if (step.session, step.count) != (made, step.expected)]
    return faults


def _told(step: Step) -> str:
    return f"made on {step.maker}, request {step.expected} on {step.member} was the session's {step.count}."


CHECK = Check("a session made on one node continues on another", Step, record, judge)

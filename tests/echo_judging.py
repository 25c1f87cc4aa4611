"""What users of an echo were told, and whether it holds together. Pure.

Each message is unlike every other one, so that an answer tells of itself to which message of which user it is one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import inf

from rehearsal.checks.result import Finding, invalid, unknown, valid

OPENED, SENT, ANSWERED = "opened", "sent", "answered"
ENDED, SILENT, LEFT = "ended", "silent", "left"
"""How a connection goes: the other side closed it; it owed an answer for too long; or its user had no more to say."""


@dataclass(frozen=True)
class Event:
    """What a user saw at the moment `at` on a connection of its own, of which `line` is the number.

    `text` is that of a message or an answer.
    """

    user: int
    line: int
    at: float
    kind: str
    text: str = ""


@dataclass(frozen=True)
class Line:
    """One connection: how many answers came right, and the oldest message without one at its end.

    `opened`, `ended` and `waiting` are moments; `ended` is None for one that its user left, or that goes on. `silent`:
    it ended because its user gave it up.
    """

    opened: float
    ended: float | None
    sent: int
    answered: int
    twice: int
    wrong: int
    waiting: float | None
    silent: bool

    @property
    def unanswered(self) -> int:
        """Messages without an answer."""
        return self.sent - self.answered


@dataclass(frozen=True)
class Tally:
    """What all users saw. `lost` are users without a connection: none ever, or none after one that ended.

    `ended` are connections that the other side closed, `silent` those that a user gave up. `unanswered` are messages on
    either, which nobody acknowledged; `overdue` those on others. `longest`
    is how long a user was without the echo: from the first message that was not answered, or from the connection's end,
    until the next connection.
    """

    users: int
    lines: int
    ended: int
    silent: int
    sent: int
    answered: int
    unanswered: int
    overdue: int
    twice: int
    wrong: int
    lost: int
    longest: float

    def __str__(self) -> str:
        return (
            f"{self.users} users on {self.lines} connections, {self.ended} of them ended and {self.silent} given up: "
            f"{self.answered} of {self.sent} messages answered, "
            f"{self.unanswered} unanswered on connections that ended, {self.overdue} on others, {self.twice} answered "
            f"twice, {self.wrong} wrongly; {self.lost} users not connected, {self.longest:.1f} s without at most"
        )


def tally(events: Iterable[Event], users: int) -> Tally:
    """Return what `users` users saw; the events of each are in their order."""
    by_user = {number: list(own) for number, own in groupby(sorted(events, key=_user), key=_user)}
    answers: set[str] = set()
    lines = {number: _lines(own, answers) for number, own in by_user.items()}
    every = [line for own in lines.values() for line in own]
    waits = [wait for own in lines.values() for wait in _waits(own)]
    return Tally(
        users=len(lines),
        lines=len(every),
        ended=sum(line.ended is not None and not line.silent for line in every),
        silent=sum(line.silent for line in every),
        sent=sum(line.sent for line in every),
        answered=sum(line.answered for line in every),
        unanswered=sum(line.unanswered for line in every if line.ended is not None),
        overdue=sum(line.unanswered for line in every if line.ended is None),
        twice=sum(line.twice for line in every),
        wrong=sum(line.wrong for line in every),
        lost=users - len(lines) + waits.count(inf),
        longest=max((wait for wait in waits if wait != inf), default=0.0),
    )


def judge(seen: Tally, within: float, may_end: int = 0) -> Finding:
    """No answer is wrong or comes twice, none is missing where the connection stands, nobody waits for longer.

    Only so many connections end or are given up as `may_end` says: elsewhere a message without an answer is a lost one.
    """
    flawed = {
        "answered twice": seen.twice,
        "answered wrongly": seen.wrong,
        "unanswered on connections that stood": seen.overdue,
        "users not connected again": seen.lost,
    }
    faults = [f"{count} {what}" for what, count in flawed.items() if count]
    if seen.ended + seen.silent > may_end:
        faults.append(f"{seen.ended} connections ended and {seen.silent} were given up, {may_end} may go")
    if seen.longest > within:
        faults.append(f"{seen.longest:.1f} s without a connection, {within:g} s are allowed")
    if faults:
        return invalid(f"{'; '.join(faults)} ({seen})")
    return valid(str(seen)) if seen.answered else unknown(f"nothing was answered ({seen})")


def _user(event: Event) -> int:
    return event.user


def _number(event: Event) -> int:
    return event.line


def _lines(own: Sequence[Event], answers: set[str]) -> list[Line]:
    """Return a user's connections that were opened; `answers` are those that came to anybody before."""
    found = [list(events) for _, events in groupby(own, key=_number)]
    return [_line(events, answers) for events in found if any(event.kind == OPENED for event in events)]


def _line(events: Sequence[Event], answers: set[str]) -> Line:
    """Follow a connection: its answers are its messages, one after the other from the first one on."""
    sent: list[Event] = []
    right = twice = wrong = 0
    moments: Mapping[str, float] = {event.kind: event.at for event in events}
    for event in events:
        if event.kind == SENT:
            sent.append(event)
        if event.kind != ANSWERED:
            continue
        if event.text in answers:
            twice += 1
        elif right < len(sent) and sent[right].text == event.text:
            right += 1
        else:
            wrong += 1
        answers.add(event.text)
    waiting = sent[right].at if right < len(sent) else None
    ended = moments.get(ENDED, moments.get(SILENT))
    return Line(moments[OPENED], ended, len(sent), right, twice, wrong, waiting, SILENT in moments)


def _waits(lines: Sequence[Line]) -> list[float]:
    """Return how long a user was without the echo each time, for ever if to the end."""
    after: list[Line | None] = [*lines[1:], None]
    waits = [
        (following.opened if following else inf) - (line.ended if line.waiting is None else line.waiting)
        for line, following in zip(lines, after, strict=True)
        if line.ended is not None
    ]
    return waits or ([] if lines else [inf])

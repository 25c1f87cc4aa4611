"""Events put together as PutLogEvents takes them.

Limits: CloudWatch Logs API Reference, PutLogEvents; of the size of an event the smaller one of its history is kept.
"""

from dataclasses import dataclass
from typing import List, Sequence

MOST_BYTES = 1_048_576
MOST_EVENTS = 10_000
OVERHEAD = 26
"""Bytes that each event counts beside its UTF-8 text."""
LONGEST = 262_144 - OVERHEAD
SPAN = 24 * 3600 * 1000
OLDEST = 14 * 24 * 3600 * 1000 - 3_600_000
"""Milliseconds: 14 days, less an hour for the way."""


@dataclass(frozen=True)
class Event:
    """Time in milliseconds since 1970 and text, which is not empty."""

    at: int
    text: str

    @property
    def size(self) -> int:
        """What the event counts."""
        return len(self.text.encode("utf-8")) + OVERHEAD


def batches(events: Sequence[Event], now: int) -> List[List[Event]]:
    """Return `events` in batches that the API takes, each in the order of time; `now` is in milliseconds.

    Too long ones are cut and say so, those from the future (a clock that was set back) count as from now. Those that
    the API would refuse for their age are left out.
    """
    fit = [Event(min(event.at, now), cut(event.text)) for event in events if event.at > now - OLDEST]
    found: List[List[Event]] = []
    size = 0
    for event in sorted(fit, key=lambda one: one.at):
        batch, own = found[-1] if found else [], event.size
        full = len(batch) >= MOST_EVENTS or size + own > MOST_BYTES
        if not batch or full or event.at - batch[0].at >= SPAN:
            found.append([])
            size = 0
        found[-1].append(event)
        size += own
    return found


def cut(text: str) -> str:
    """Return `text`, or its beginning and how many bytes it had if it is too long for one event."""
    raw = text.encode("utf-8")
    if len(raw) <= LONGEST:
        return text
    note = f" [cut: {len(raw)} bytes]"
    return raw[: LONGEST - len(note)].decode("utf-8", "ignore") + note

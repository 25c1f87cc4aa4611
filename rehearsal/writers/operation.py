"""What one client asked of one node, when, and what came of it: a line of the history by which a run is judged."""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["acknowledged", "refused", "indeterminate"]
"""`acknowledged`: answered with success. `refused`: answered otherwise, or never sent as nobody listened.
`indeterminate`: no answer came; a write may have been done, or may be done later."""

WRITE, READ, VISIT = "write", "read", "visit"


@dataclass(frozen=True)
class Operation:
    """One operation of `client` at `node`; times are seconds of this machine's monotonic clock.

    A write says what it wrote; a read which key, what was expected there (`value`) and what it got (`found`, None for
    no entry); a visit, through the balancer, which host answered (`found`).
    """

    client: str
    node: str
    kind: str
    key: str
    value: str
    start: float
    end: float
    outcome: Outcome
    code: int = 0
    found: str | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the user got what was asked for."""
        return self.outcome == "acknowledged"

    @property
    def seconds(self) -> float:
        """How long the user waited."""
        return self.end - self.start

"""What was decided about the requests of hosts and users."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rehearsal.account.iam.policy import Match


@dataclass(frozen=True)
class Decision:
    """One decision: `verdict` is Allow, ExplicitDeny, ImplicitDeny, NoBoundary, NoTrust or Undecidable.

    `principal` is the caller's ARN; `role` and `session` are empty for a user.
    """

    at: datetime.datetime
    principal: str
    role: str
    session: str
    action: str
    resource: str
    verdict: str
    statement: Match | None
    detail: str = ""

    @property
    def allowed(self) -> bool:
        """Whether IAM let the caller do it."""
        return self.verdict == "Allow"


def told(decisions: Iterable[Decision]) -> list[dict[str, Any]]:
    """Return decisions as other processes read them: who asked for what, and whether it was allowed."""
    names = ("principal", "action", "resource", "allowed")
    return [{name: getattr(decision, name) for name in names} for decision in decisions]

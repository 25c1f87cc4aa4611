"""What was decided about the requests of hosts and users."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rehearsal.account.iam.policy import Match


@dataclass(frozen=True)
class Decision:
    """One decision: `verdict` is an outcome of `policy.Verdict`, NoTrust or Undecidable; `detail` says what is unknown.

    `principal` is the caller's ARN, `anonymous` if nobody signed; `role` and `session` are empty for a user.
    `statement` is what decided, None if nothing spoke of the request.
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


_TOLD = ("principal", "role", "session", "action", "resource", "allowed", "verdict", "detail")


def told(decisions: Iterable[Decision]) -> list[dict[str, Any]]:
    """Return decisions as other processes read them: who asked for what and when, what was decided, and by what.

    `statement` tells the policy, the statement's place in it (from 0) and its `Sid` ('' if it has none).
    """
    return [
        {"at": each.at.isoformat(), "statement": _statement(each.statement)}
        | {name: getattr(each, name) for name in _TOLD}
        for each in decisions
    ]


def _statement(by: Match | None) -> dict[str, Any] | None:
    return {"policy": by.policy, "index": by.index, "sid": by.statement.get("Sid", "")} if by else None

"""sts:AssumeRole: what a caller asks for, whom a role trusts, and for how long.

Source: AWS STS API reference, "AssumeRole".
"""

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import unescape

from rehearsal.account.iam.faults import InvalidRequestError, UndecidableError
from rehearsal.account.iam.named import names
from rehearsal.account.iam.policy import Ask, Document, Verdict, decide, document, listed
from rehearsal.account.iam.principals import Principal

ACTION = "sts:AssumeRole"
KNOWN = {"Action", "Version", "RoleArn", "RoleSessionName", "DurationSeconds", "ExternalId"}
SESSION = re.compile(r"[\w+=,.@-]*", re.ASCII)
ROLE = re.compile(r"arn:aws:iam::\d{12}:role/.+")
LEAST_SECONDS, CHAINED_SECONDS, MOST_SECONDS = 900, 3600, 43200
"""The shortest life of a session, the longest of one that a role's session asks for, and the longest of all."""


@dataclass(frozen=True)
class Wanted:
    """A session that a caller asks for."""

    role_arn: str
    session: str
    seconds: int
    external_id: str = ""

    def context(self) -> dict[str, list[str]]:
        """Return the condition keys that such a request has."""
        return {
            "sts:rolesessionname": [self.session],
            "sts:externalid": [self.external_id] if self.external_id else [],
        }


def wanted(given: Mapping[str, Any]) -> Wanted:
    """Return what a request asks for.

    Raises `InvalidRequestError` as STS does, `UndecidableError` for a parameter that is not known here.
    """
    if unknown := sorted({name for name in given if not name.startswith("X-Amz-")} - KNOWN):
        raise UndecidableError(f"sts:AssumeRole with {unknown} is not supported by this emulated account")
    role, session, seconds = (given.get(name, "") for name in ("RoleArn", "RoleSessionName", "DurationSeconds"))
    if not ROLE.fullmatch(role):
        raise InvalidRequestError(f"{role} is invalid")
    _refuse_bad_session(session)
    return Wanted(role, session, _seconds(seconds or str(CHAINED_SECONDS)), given.get("ExternalId", ""))


def _refuse_bad_session(session: str) -> None:
    if len(session) < 2:
        raise _invalid(session, "roleSessionName", "Member must have length greater than or equal to 2")
    if len(session) > 64:
        raise _invalid(session, "roleSessionName", "Member must have length less than or equal to 64")
    if not SESSION.fullmatch(session):
        raise _invalid(session, "roleSessionName", r"Member must satisfy regular expression pattern: [\w+=,.@-]*")


def _seconds(text: str) -> int:
    if not text.isdecimal() or int(text) < LEAST_SECONDS:
        raise _invalid(text, "durationSeconds", f"Member must have value greater than or equal to {LEAST_SECONDS}")
    if int(text) > MOST_SECONDS:
        raise _invalid(text, "durationSeconds", f"Member must have value less than or equal to {MOST_SECONDS}")
    return int(text)


def _invalid(value: str, member: str, constraint: str) -> InvalidRequestError:
    text = f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    return InvalidRequestError(text)


def check_seconds(asked: Wanted, caller: Principal, longest: int) -> None:
    """Raise `InvalidRequestError` if a session would outlive what its caller, or its role (`longest`), may have."""
    if caller.role and asked.seconds > CHAINED_SECONDS:
        text = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
        raise InvalidRequestError(text)
    if asked.seconds > longest:
        raise InvalidRequestError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")


def issued(answer: str, asked: Wanted) -> tuple[str, Principal]:
    """Return the key of STS's answer, and who signs with it."""

    def text(name: str) -> str:
        found = re.search(f"<{name}>(.*?)</{name}>", answer)
        return unescape(found[1]) if found else ""

    expiration = datetime.datetime.fromisoformat(text("Expiration"))
    role = asked.role_arn.rsplit("/", 1)[1]
    names = {"role": role, "role_arn": asked.role_arn, "session": asked.session}
    arn = f"arn:aws:sts::{asked.role_arn.split(':')[4]}:assumed-role/{role}/{asked.session}"
    secret, token = text("SecretAccessKey"), text("SessionToken")
    return text("AccessKeyId"), Principal(arn, secret, token, expiration=expiration, **names)


def trusts(role: Mapping[str, Any] | None, caller: Principal, ask: Ask) -> Verdict:
    """Return what a role's trust policy says of a caller; None is a role that does not exist.

    Within one account AWS lets a trust policy do alone that names the very caller. Here it never does, so what works
    here works between accounts too. Raises `UndecidableError` for what is not known.
    """
    policy = role["AssumeRolePolicyDocument"] if role else {"Statement": []}
    speaking = _about(policy, caller, ask.resource)
    verdict = decide([speaking], None, ask)
    return Verdict("NoTrust") if verdict.outcome == "ImplicitDeny" else verdict


def _about(policy: Mapping[str, Any], caller: Principal, role_arn: str) -> Document:
    """Return the statements about a caller, in the form of a policy that allows something on the role."""
    speaking = []
    for statement in listed(policy["Statement"]):
        if "Principal" not in statement:
            raise UndecidableError("a trust policy without Principal is not supported by this emulated account")
        if names(statement["Principal"], caller, "trust policy"):
            rest = {name: value for name, value in statement.items() if name != "Principal"}
            speaking.append({**rest, "Resource": role_arn})
    return document(f"trust policy of {role_arn}", {**policy, "Statement": speaking})

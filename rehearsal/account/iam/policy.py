"""Policy documents: which statement decides a request."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rehearsal.account.iam.conditions import holds, operator
from rehearsal.account.iam.faults import UndecidableError
from rehearsal.account.iam.variables import VARIABLE, Context, arn_like, filled, like

VERSION = "2012-10-17"
"""The policy language in which variables are variables."""
ELEMENTS = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}


@dataclass(frozen=True)
class Document:
    """A policy by its name in the role."""

    name: str
    statements: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Match:
    """A statement that speaks about a request: the policy's name and the statement's place in it, from 0."""

    policy: str
    index: int
    statement: Mapping[str, Any]


@dataclass(frozen=True)
class Ask:
    """What a request wants: `ssm:GetParameter` on an ARN, or on `*` where the action knows no resources."""

    action: str
    resource: str
    context: Context


@dataclass(frozen=True)
class Verdict:
    """`outcome` is Allow, ExplicitDeny, ImplicitDeny, NoBoundary or NoEndpointPolicy; `by` what decided, if it did."""

    outcome: str
    by: Match | None = None

    @property
    def allowed(self) -> bool:
        """Whether the request may go on."""
        return self.outcome == "Allow"


def document(name: str, given: Mapping[str, Any]) -> Document:
    """Return a document as IAM gives it.

    Raises `UndecidableError` for an element or operator that is not known, whether or not a request comes to it.
    """
    try:
        return Document(name, [_checked(statement, given.get("Version")) for statement in listed(given["Statement"])])
    except UndecidableError as fault:
        raise UndecidableError(f"policy {name}: {fault}") from fault


def _checked(statement: Mapping[str, Any], version: object) -> Mapping[str, Any]:
    if unknown := sorted(set(statement) - ELEMENTS):
        raise UndecidableError(f"elements {unknown} are not supported by this emulated account")
    if statement["Effect"] not in ("Allow", "Deny"):
        raise UndecidableError(f"the effect {statement['Effect']} is not supported by this emulated account")
    if version != VERSION and VARIABLE.search(json.dumps(statement)):
        raise UndecidableError(f"variables in a policy of version {version} are not supported by this emulated account")
    for text in statement.get("Condition", {}):
        operator(text)
    return statement


def decide(documents: Sequence[Document], boundary: Sequence[Document] | None, ask: Ask) -> Verdict:
    """Return the verdict: a deny wins, then an allow is needed, and one in the boundary too if there is one."""
    matches = _matches(documents, ask)
    limits = _matches(boundary or (), ask)
    for match in (*matches, *limits):
        if match.statement["Effect"] == "Deny":
            return Verdict("ExplicitDeny", match)
    if not matches:
        return Verdict("ImplicitDeny")
    if boundary is not None and not limits:
        return Verdict("NoBoundary")
    return Verdict("Allow", matches[0])


def _matches(documents: Sequence[Document], ask: Ask) -> list[Match]:
    return [
        Match(each.name, index, statement)
        for each in documents
        for index, statement in enumerate(each.statements)
        if matches(statement, ask)
    ]


def matches(statement: Mapping[str, Any], ask: Ask) -> bool:
    """Return whether a statement speaks about a request."""
    if not _names(statement, "Action", lambda text: like(text.lower(), ask.action.lower())):
        return False
    if not _names(statement, "Resource", lambda text: _is_resource(text, ask)):
        return False
    lines = [
        holds(text, key, wanted, ask.context)
        for text, pairs in statement.get("Condition", {}).items()
        for key, wanted in pairs.items()
    ]  # every one of them is looked at, so that none that is not known hides behind one that does not hold
    return all(lines)


def _names(statement: Mapping[str, Any], element: str, test: Any) -> bool:
    if element in statement:
        return any(map(test, listed(statement[element])))
    if f"Not{element}" in statement:
        return not any(map(test, listed(statement[f"Not{element}"])))
    raise UndecidableError(f"a statement without {element} is not supported by this emulated account")


def _is_resource(text: str, ask: Ask) -> bool:
    if text == "*":
        return True
    *before, _ = text.split(":", 5)
    if len(before) != 5 or VARIABLE.search(":".join(before)):
        raise UndecidableError(f"the resource {text} is not supported by this emulated account")
    wanted = filled(text, ask.context)
    return wanted is not None and arn_like(wanted, ask.resource)


def listed(value: Any) -> list[Any]:
    """Return a value that may stand alone or in a list as a list."""
    return value if isinstance(value, list) else [value]

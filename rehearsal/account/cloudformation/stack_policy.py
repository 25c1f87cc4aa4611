"""Stack policies: what an update may do to which resource.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.account.cloudformation.faults import Refusal, ResourceError, UnsupportedError
from rehearsal.account.iam.policy import listed
from rehearsal.account.iam.variables import like

MODIFY, REPLACE, DELETE = "Update:Modify", "Update:Replace", "Update:Delete"
ACTIONS = {MODIFY, REPLACE, DELETE, "Update:*"}
ELEMENTS = {"Sid", "Effect", "Action", "NotAction", "Principal", "Resource", "NotResource", "Condition"}
OPERATORS = {"StringEquals", "StringLike"}
MOST_BYTES = 16384
"""Source: the API reference of SetStackPolicy."""

Statement = Mapping[str, Any]
Policy = Sequence[Statement]


def parse(body: str) -> Policy:
    """Return the statements of a stack policy. Raises `Refusal` as AWS does, `UnsupportedError` for what is unknown."""
    if not 0 < len(body.encode()) <= MOST_BYTES:
        raise Refusal(f"StackPolicyBody must have between 1 and {MOST_BYTES} bytes")
    try:
        document = json.loads(body)
    except ValueError as fault:
        raise Refusal(f"Error validating stack policy: {fault}") from fault
    if not isinstance(document, dict) or "Statement" not in document or set(document) - {"Statement", "Version"}:
        raise Refusal("Error validating stack policy: Invalid policy")
    statements: list[Statement] = listed(document["Statement"])
    for statement in statements:
        _check(statement)
    return statements


def _check(statement: Statement) -> None:
    if unknown := sorted(set(statement) - ELEMENTS):
        raise Refusal(f"Error validating stack policy: Unknown policy element(s): {unknown}")
    if statement.get("Effect") not in ("Allow", "Deny") or statement.get("Principal") != "*":
        raise Refusal('Error validating stack policy: Effect must be Allow or Deny, Principal must be "*"')
    for this, other in (("Action", "NotAction"), ("Resource", "NotResource")):
        if (this in statement) == (other in statement):
            raise Refusal(f"Error validating stack policy: exactly one of {this} and {other} is needed")
    if unknown := sorted(set(listed(statement.get("Action", statement.get("NotAction")))) - ACTIONS):
        raise Refusal(f"Error validating stack policy: Unknown actions {unknown}")
    for operator, lines in statement.get("Condition", {}).items():
        if operator not in OPERATORS or set(lines) != {"ResourceType"}:
            raise UnsupportedError(f"stack policy condition {operator} {sorted(lines)} is not supported here")


def check(policy: Policy | None, action: str, logical_id: str, type_: str) -> None:
    """Raise `ResourceError`, in CloudFormation's words, unless the policy lets an update do this to a resource.

    Without a policy everything is allowed; with one, a deny wins and what no statement allows is denied.
    """
    if policy is None:
        return
    speaking = [index for index, each in enumerate(policy, 1) if _speaks(each, action, logical_id, type_)]
    denying = [index for index in speaking if policy[index - 1]["Effect"] == "Deny"]
    if speaking and not denying:
        return
    numbers = denying or [index for index, each in enumerate(policy, 1) if each["Effect"] == "Allow"] or [1]
    parts = [
        f"Statement [#{number}] does not allow [{action}] for resource [LogicalResourceId/{logical_id}];"
        for number in numbers
    ]
    raise ResourceError(f"Action denied by stack policy: {' '.join(parts)}")


def _speaks(statement: Statement, action: str, logical_id: str, type_: str) -> bool:
    return (
        _named(statement, "Action", action)
        and _named(statement, "Resource", f"LogicalResourceId/{logical_id}")
        and all(
            any(type_ == text if operator == "StringEquals" else like(text, type_) for text in listed(wanted))
            for operator, lines in statement.get("Condition", {}).items()
            for wanted in lines.values()
        )
    )


def _named(statement: Statement, element: str, value: str) -> bool:
    if element in statement:
        return any(like(text, value) for text in listed(statement[element]))
    return not any(like(text, value) for text in listed(statement[f"Not{element}"]))

"""What nodes may do is what they do: all that they have asked of the account was decided, and none of it was refused.

A refusal would be a statement that is missing, or a call that nobody needs; what could not be decided proves nothing.
"""

import json
import urllib.request
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from muster.names import stack_name
from rehearsal.checks.check import Check
from rehearsal.checks.result import Finding, invalid, unknown, valid
from rehearsal.checks.scene import Scene
from rehearsal.drive import Rehearsal

ALLOW, UNDECIDABLE = "Allow", "Undecidable"
UNSEEN = "none"
"""In place of a verdict: nothing of a member's was decided."""

ANYBODY: Final = "anonymous"
"""Who asked without saying who it is."""

HARMLESS: Final[Mapping[str, str]] = {
    "s3:ListBucket": "to know whether to tell that the object is not there",
}
"""Refusals that break nothing, by action and by what the account says of them: nobody has asked to list a bucket, S3
asks itself whether it may tell a reader that an object is absent (S3 API Reference, GetObject: permissions)."""


@dataclass(frozen=True)
class Asked:
    """What `who` (a member, else a role or user) has asked for `times` times, with one verdict by one statement.

    `statement` is the Sid of what decided, or its policy's name and place where it has none; empty if nothing did.
    """

    who: str
    action: str
    resource: str
    verdict: str
    statement: str = ""
    detail: str = ""
    times: int = 1


def record(scene: Scene, since: int = 0) -> Iterable[Asked]:
    """Read every decision about a role or user of the stack, and about who said no name, after the first `since`."""
    ours = identities(scene.rehearsal, stack_name(scene.cluster.name))
    names = {member.instance: member.name for member in scene.members}
    found = asked([each for each in decisions(scene.rehearsal)[since:] if identity(each) in {*ours, ANYBODY}], names)
    yield from found
    yield from (Asked(name, "", "", UNSEEN, times=0) for name in names.values() if not _seen(found, name))


def decisions(rehearsal: Rehearsal) -> list[Mapping[str, Any]]:
    """Return every decision about a request of a host or user since the account began, in their order."""
    with urllib.request.urlopen(f"{rehearsal.state.url}/muster/decisions", timeout=20) as answer:  # noqa: S310 - http to this machine
        found: list[Mapping[str, Any]] = json.load(answer)
        return found


def identities(rehearsal: Rehearsal, stack: str) -> set[str]:
    """Return the names of the roles and users that a stack has now."""
    found = rehearsal.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    kinds = ("AWS::IAM::Role", "AWS::IAM::User")
    return {str(each["PhysicalResourceId"]) for each in found if each["ResourceType"] in kinds}


def identity(decision: Mapping[str, Any]) -> str:
    """Return the name of the role or user about whom something was decided."""
    return str(decision["role"] or decision["principal"].rpartition("/")[2])


def asked(decisions: Iterable[Mapping[str, Any]], names: Mapping[str, str]) -> list[Asked]:
    """Return decisions with equal ones counted, members by the `names` of their instances; of resources the first."""
    times: Counter[tuple[str, ...]] = Counter()
    resources: dict[tuple[str, ...], str] = {}
    for each in decisions:
        who = names.get(each["session"], identity(each))
        key = (who, each["action"], each["verdict"], statement(each), each["detail"])
        times[key] += 1
        resources.setdefault(key, each["resource"])
    return [
        Asked(who, action, resources[key], verdict, by, detail, times[key])
        for key in times
        for who, action, verdict, by, detail in [key]
    ]


def statement(decision: Mapping[str, Any]) -> str:
    """Return what a statement that decided is called, nothing if none did."""
    by = decision["statement"]
    if by is None:
        return ""
    return str(by["sid"] or f"{by['policy'].rpartition('/')[2]}[{by['index']}]")


def judge(asked: Sequence[Asked]) -> Finding:
    """Call what was refused or could not be decided invalid; a member of which nothing was seen proves nothing."""
    if undecided := [each for each in asked if each.verdict == UNDECIDABLE]:
        return invalid("; ".join(f"{each.who} {each.action}: {each.detail}" for each in undecided))
    if refused := [each for each in asked if each.verdict not in (ALLOW, UNSEEN) and not harmless(each)]:
        return invalid("; ".join(f"{each.who} {each.action} on {each.resource}: {each.verdict}" for each in refused))
    if unseen := [each.who for each in asked if each.verdict == UNSEEN]:
        return unknown(f"nothing was asked by {', '.join(unseen)}")
    used = [each for each in asked if each.verdict == ALLOW]
    if not used:
        return unknown("nothing was asked")
    return valid(f"{sum(each.times for each in used)} requests, none refused: {_by_statement(used)}")


def harmless(refused: Asked) -> bool:
    """Return whether something was refused that nobody needs."""
    return HARMLESS.get(refused.action) == refused.detail


def _seen(found: Iterable[Asked], name: str) -> bool:
    return any((each.who, each.verdict) == (name, ALLOW) for each in found)


def _by_statement(used: Iterable[Asked]) -> str:
    times: Counter[str] = Counter()
    for each in used:
        times[f"{each.action} by {each.statement}"] += each.times
    return ", ".join(f"{what} {times[what]}" for what in sorted(times))


CHECK = Check("what nodes may do is what they do", Asked, record, judge)

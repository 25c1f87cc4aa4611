"""What a trial is judged by: every promise that its faults put to the test, each with its figures."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from rehearsal.checks import acknowledged, availability, copies, healing, lone
from rehearsal.checks.acknowledged import Account, Excuse
from rehearsal.checks.availability import Waits
from rehearsal.checks.result import CheckResult, Finding, Verdict, overall, unknown
from rehearsal.faults.fault import Fault
from rehearsal.faults.trial import Injected, Seen
from rehearsal.writers.operation import WRITE, Operation

FLUSH = 1.5
"""Seconds before a crash of every copy that may be lost: H2 is made to flush each second, and a flush takes a while."""

UNNOTICED = 1.5
"""Seconds that a client waits now and then on a busy machine; what costs more is noticed."""


@dataclass(frozen=True)
class Judged:
    """The results of a trial, its sums, and the figures for tables."""

    results: Sequence[CheckResult]
    account: Account
    figures: Mapping[str, Any]

    @property
    def verdict(self) -> Verdict:
        """The worst of all."""
        return overall(self.results)


def judge(
    seen: Seen, known: Mapping[str, Fault], operations: Sequence[Operation], forgiven: Collection[str] = ()
) -> Judged:
    """Judge a trial by its own record alone. `operations` may hold those of earlier trials of the same cluster."""
    account = acknowledged.settle(operations, seen.kept, excuses(seen.faults, known), forgiven)
    findings: dict[str, Finding] = {acknowledged.NAME: acknowledged.judge(account)}
    findings[copies.CHECK.name] = copies.judge(seen.copies)
    findings[healing.NAME] = healing.judge(seen.healing)
    if all(known[each.fault].unnoticed for each in seen.faults):
        waits = _waits(seen, operations)
        findings["no client notices"] = availability.judge(waits, dict.fromkeys(waits, UNNOTICED))
    for each in seen.faults:
        if known[each.fault].parts and each.heals:
            findings[f"{lone.NAME}: {each.fault}"] = lone.judge(operations, each.begun, each.heals)
    if all(each.refused for each in seen.faults):
        findings["a fault was made"] = unknown("; ".join(each.refused for each in seen.faults))
    results = [CheckResult(name, finding.verdict, finding.detail) for name, finding in findings.items()]
    return Judged(results, account, _figures(seen, known, operations, account))


def excuses(faults: Sequence[Injected], known: Mapping[str, Fault]) -> list[Excuse]:
    """Return the moments at which every copy in service may have crashed with what it had not flushed.

    A crash of both nodes is one, by one fault or by two that come so close that what the first one lost was not flushed
    on the other yet; so is a crash of the one node that served. Any other is none: one copy has every acknowledged
    write. Where no node said who served, nothing is excused.
    """
    crashed = [(each, set(known[each.fault].crashes)) for each in faults if not each.refused]
    made = [(each, nodes) for each, nodes in crashed if nodes]
    found = [_excuse(each) for each, nodes in made if len(nodes) > 1 or (each.served and set(each.served) <= nodes)]
    for (one, nodes), (other, others) in combinations(made, 2):
        later = max(one, other, key=lambda each: each.begins)
        if nodes != others and len(later.served) > 1 and _apart(one, other) < FLUSH:
            found.append(_excuse(one, other))
    return found


def _excuse(*crashes: Injected) -> Excuse:
    """Return what these crashes together excuse: either copy may be the one that goes on.

    A fault that lasts may end its server at any moment of it.
    """
    last = max(max(each.begun, each.healed) for each in crashes)
    first = min(each.begins for each in crashes)
    return Excuse(last, FLUSH + last - first, min(each.begun for each in crashes))


def _apart(one: Injected, other: Injected) -> float:
    """Return the seconds from the end of the one to the begin of the other, negative if they overlap."""
    spans = sorted((each.begins, max(each.begun, each.healed)) for each in (one, other))
    return spans[1][0] - spans[0][1]


def _figures(
    seen: Seen, known: Mapping[str, Fault], operations: Sequence[Operation], account: Account
) -> dict[str, Any]:
    since = min(each.begins for each in seen.faults)
    healed = max(each.healed or each.begun for each in seen.faults)
    waits = _waits(seen, operations)
    users = availability.of_users(operations, since, seen.ended)
    return {
        "acknowledged": sum(o.kind == WRITE and o.succeeded and o.start >= seen.started for o in operations),
        "lost": {member: len(keys) for member, keys in account.lost.items()},
        "excused": len(account.excused),
        "excused_oldest": round(account.oldest, 3),
        "refused": [each.fault for each in seen.faults if each.refused],
        "unexpected": sum(map(len, account.unexpected.values())),
        "stale": len(account.stale),
        "indeterminate": account.indeterminate,
        "lasted": round(healed - since, 2),
        "survivor": _survivor([known[each.fault] for each in seen.faults], waits),
        "failover": {node: round(each.failover, 3) for node, each in waits.items()},
        "later": {node: round(each.later, 3) for node, each in waits.items()},
        "p95": {node: round(each.p95, 3) for node, each in waits.items()},
        "users": round(users.longest, 3),
        "whole": _rounded(seen.healing.whole),
        "equal": _rounded(seen.healing.equal),
    }


def _waits(seen: Seen, operations: Sequence[Operation]) -> dict[str, Waits]:
    """Return the waits at each node from the first fault to the end."""
    since = min(each.begins for each in seen.faults)
    nodes = sorted({each.node for each in operations if each.kind in availability.DATABASE})
    return {node: availability.at_node(operations, node, since, seen.ended, seen.lent) for node in nodes}


def _survivor(faults: Sequence[Fault], waits: Mapping[str, Waits]) -> str:
    """Return the node whose application is to go on: of nodes that are apart the one that waited less; or none."""
    if len(faults) != 1:
        return ""
    if faults[0].survivor or not faults[0].parts:
        return faults[0].survivor
    return min(waits, key=lambda node: waits[node].failover, default="")


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)

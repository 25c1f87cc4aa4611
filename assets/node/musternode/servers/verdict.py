"""What a member tells the wait handle of its generation: a pure function of what it knows."""

from dataclasses import dataclass
from typing import Callable, FrozenSet, List, Mapping, Optional

from .. import report
from ..report import Body
from ..state import SERVING, State
from .settings import Document


@dataclass(frozen=True)
class Known:
    """What decides: this member's state, the addresses that it sees, and what others say of themselves.

    `joined` is whether its own product is a member, if only of a cluster of one. `fault` is a sentence about the
    product with which there is no use in waiting, empty for none. `late` is whether the time-out is near.
    """

    own: State
    seen: FrozenSet[str]
    peers: Mapping[str, State]
    joined: bool
    late: bool
    fault: str = ""


def verdict(node: str, settings: Document, known: Known, complaint: Callable[[], str]) -> Optional[Body]:
    """Return the report that is due, or None; `complaint` says what is wrong with the product.

    One that merely waits stays silent until the time-out is near, so that the cause is named by the node that has it.
    """
    if known.own.formed:
        return report.success(node, len(settings.present))
    fault = known.fault or known.own.failure
    if fault:
        return report.failure(node, _named(node, fault))
    if not known.late:
        return None
    return report.failure(node, waiting(node, settings, known, complaint))


def waiting(node: str, settings: Document, known: Known, complaint: Callable[[], str]) -> str:
    """Return for what or whom this member still waits."""
    if not known.own.healthy or not known.joined:
        return f"node {node}: {complaint()}"
    missing = [one for one in settings.others(node) if one.address not in known.seen]
    if not missing:
        return f"node {node} sees all members and waits for {_slow(node, settings, known)}"
    silent = [one.name for one in missing if one.name not in known.peers]
    named = ", ".join(f"{one.name} ({one.address})" for one in missing)
    words = (
        f"node {node} sees {len(known.seen)} of {len(settings.present)} members; missing: {named}; look at the rule "
        f"for TCP {settings.ports.member} of the shared security group muster-{settings.cluster}, and at the log of "
        "the product there"
    )
    if silent:
        words += f"; no answer on TCP {settings.ports.peer} from {', '.join(silent)}: see its console and journal"
    return words


def _slow(node: str, settings: Document, known: Known) -> str:
    slow: List[str] = []
    for other in settings.others(node):
        theirs = known.peers.get(other.name)
        if theirs is None or theirs.phase != SERVING:
            slow.append(f"{other.name}, which {'does not answer' if theirs is None else f'is {theirs.phase}'}")
    return "; ".join(slow) or "the others to see all members too"


def _named(node: str, sentence: str) -> str:
    return sentence if f"node {node}" in sentence else f"node {node}: {sentence}"

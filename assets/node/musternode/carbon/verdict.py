"""What a member tells the wait handle of its generation: a pure function of what it knows."""

from dataclasses import dataclass
from typing import Callable, FrozenSet, List, Mapping, Optional

from .. import report
from ..report import Body
from ..state import SERVING, State
from .settings import AWS, Settings
from .sight import Sight


@dataclass(frozen=True)
class Known:
    """What decides: this member's state and sight, the addresses that it sees, and what others say of themselves.

    `late` is whether the time-out is near.
    """

    own: State
    sight: Sight
    seen: FrozenSet[str]
    peers: Mapping[str, State]
    late: bool


def verdict(node: str, settings: Settings, known: Known, complaint: Callable[[], str]) -> Optional[Body]:
    """Return the report that is due, or None; `complaint` says what is wrong with the product.

    An engine that says it goes on alone has ended the forming: it would serve users of its own. One that merely waits
    stays silent until the time-out is near, so that the cause is named by the node that has it.
    """
    if known.own.formed:
        return report.success(node, len(settings.present))
    if known.sight.alone and len(settings.present) > 1:
        return report.failure(node, f"node {node}: its engine says: {known.sight.alone}{_hint(settings)}")
    if known.own.failure:
        return report.failure(node, _named(node, known.own.failure))
    if not known.late:
        return None
    return report.failure(node, waiting(node, settings, known, complaint))


def waiting(node: str, settings: Settings, known: Known, complaint: Callable[[], str]) -> str:
    """Return for what or whom this member still waits."""
    if not known.own.healthy or not known.sight.id:
        return f"node {node}: {complaint()}"
    missing = [one for one in settings.others(node) if one.address not in known.seen]
    if not missing:
        return f"node {node} sees all members and waits for {_slow(node, settings, known)}"
    silent = [one.name for one in missing if one.name not in known.peers]
    named = ", ".join(f"{one.name} ({one.address})" for one in missing)
    port = settings.ports.member
    words = (
        f"node {node} sees {len(known.seen)} of {len(settings.present)} members; missing: {named}; look at the rule "
        f"for TCP {port} of the shared security group muster-{settings.cluster}, and at the log of the product there"
    )
    if silent:
        words += f"; no answer on TCP {settings.ports.peer} from {', '.join(silent)}: see its console and journal"
    return words


def _slow(node: str, settings: Settings, known: Known) -> str:
    slow: List[str] = []
    for other in settings.others(node):
        theirs = known.peers.get(other.name)
        if theirs is None or theirs.phase != SERVING:
            slow.append(f"{other.name}, which {'does not answer' if theirs is None else f'is {theirs.phase}'}")
    return "; ".join(slow) or "the others to see all members too"


def _hint(settings: Settings) -> str:
    if settings.settings.membership != AWS:
        return ""
    return f" Look at its leave for ec2:DescribeInstances in {settings.region}, at its way to the EC2 API and its trust"


def _named(node: str, sentence: str) -> str:
    return sentence if f"node {node}" in sentence else f"node {node}: {sentence}"

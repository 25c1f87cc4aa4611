"""What is known of the nodes from outside: their instances, and what their gates said last in CloudWatch Logs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from muster.names import log_group_name
from operations.aws import Missing
from operations.h2.pair import Pair
from operations.observed import own_and_strays

GATE: Final = "muster-gate: "
"""What a line of the gate process begins with in the log group of the nodes."""
LINES: Final = 1000
"""Lines of a node's log that are looked through, the newest."""
SHOWN: Final = 3
_EPOCH: Final = re.compile(r"\bepoch (\d+)\b")


@dataclass(frozen=True)
class Line:
    """A line of a node's log."""

    at: datetime
    text: str


def instances(pair: Pair) -> Mapping[str, str]:
    """Return the state of each node's instance by node; a node without one is missing. Raises `Failure`."""
    return {name: each.state for name, each in own_and_strays(pair.aws, pair.cluster.name)[0].items()}


def said(pair: Pair, node: str) -> list[Line]:
    """Return the newest lines of the gate process of `node`, oldest first; none if it has no log. Raises `Failure`."""
    group = log_group_name(pair.cluster.name, "node")
    try:
        events = pair.aws.call(
            "logs", "get_log_events", logGroupName=group, logStreamName=node, limit=LINES, startFromHead=False
        )["events"]
    except Missing:
        return []
    lines = [Line(datetime.fromtimestamp(each["timestamp"] / 1000, UTC), each["message"]) for each in events]
    return [Line(each.at, each.text.removeprefix(GATE)) for each in lines if each.text.startswith(GATE)]


def highest_epoch(pair: Pair) -> int:
    """Return the highest epoch that a node has told of lately, 0 if none has. Raises `Failure`."""
    texts = [line.text for node in pair.cluster.nodes for line in said(pair, node)]
    return max((int(number) for text in texts for number in _EPOCH.findall(text)), default=0)

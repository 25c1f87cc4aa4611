"""What CloudWatch is told of a node each minute, in namespace `Muster`."""

import os
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from ..state import SERVING, State
from ..updates import words
from ..updates.words import Word
from .quiet import Quiet

NAMESPACE = "Muster"
EVERY = 60.0
Values = Mapping[str, Tuple[float, str]]
"""Value and unit by the name of a metric."""


class Meter:
    """Sends the metrics of `node` in `cluster`; `client` is boto3's of `cloudwatch`, `measure` takes them."""

    def __init__(self, client: Any, cluster: str, node: str, measure: Callable[[], Values], quiet: Quiet) -> None:
        self._client = client
        self._dimensions = [{"Name": "Cluster", "Value": cluster}, {"Name": "Node", "Value": node}]
        self._measure = measure
        self._quiet = quiet

    def run(self, sleep: Callable[[float], None] = time.sleep) -> None:
        """Send each minute, for as long as the process lives; a minute that could not be sent is gone."""
        while True:
            began = time.monotonic()
            self.send()
            sleep(max(1.0, EVERY - (time.monotonic() - began)))

    def send(self) -> None:
        """Send once; raises nothing that the API is to blame for."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._client.put_metric_data(Namespace=NAMESPACE, MetricData=self._data(self._measure()))
        except (BotoCoreError, ClientError) as fault:
            self._quiet.fault("sending metrics", str(fault))
            return
        self._quiet.fine("sending metrics")

    def _data(self, values: Values) -> List[Dict[str, Any]]:
        return [
            {"MetricName": name, "Dimensions": self._dimensions, "Value": value, "Unit": unit}
            for name, (value, unit) in sorted(values.items())
        ]


def measured(serving: int, root: Path, data: Path, meminfo: Path, word: Optional[Word] = None) -> Values:
    """Return the metrics now, with the number of members that serve; the data volume is left out while not mounted.

    `word` is how far this node is with security updates, None where it takes no part in any.
    """
    found = {
        "Members": (float(serving), "Count"),
        "RootUsed": (disk_used(os.statvfs(root)), "Percent"),
        "MemoryUsed": (memory_used(meminfo.read_text()), "Percent"),
    }
    if word is not None:
        found["UpdatesFailed"] = (float(word.phase in words.OVER), "Count")
    if os.path.ismount(data):
        found["DiskUsed"] = (disk_used(os.statvfs(data)), "Percent")
    return found


def members(states: Sequence[Optional[State]]) -> int:
    """Return how many members serve; None is one that does not answer."""
    return sum(1 for state in states if state is not None and state.phase == SERVING)


def disk_used(found: os.statvfs_result) -> float:
    """Return how full a file system is for who is not root, in percent, as df(1) counts."""
    used = found.f_blocks - found.f_bfree
    return percent(used, used + found.f_bavail)


def memory_used(meminfo: str) -> float:
    """Return the percentage of memory that no new program could have, from the text of /proc/meminfo."""
    pairs = (line.split(":", 1) for line in meminfo.splitlines() if ":" in line)
    kibibytes = {name: int(rest.split()[0]) for name, rest in pairs}
    total = kibibytes["MemTotal"]
    return percent(total - kibibytes["MemAvailable"], total)


def percent(part: int, whole: int) -> float:
    """Return `part` of `whole` in percent, within 0 and 100."""
    return max(0.0, min(100.0, 100.0 * part / whole)) if whole > 0 else 0.0

"""What CloudWatch is told of a node each minute."""

import os
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from musternode.agent import metrics
from musternode.agent.quiet import Quiet
from musternode.state import State
from musternode.updates import words
from musternode.updates.words import Word
from tests.test_node_agent import refused

MEMINFO = "MemTotal:  1000 kB\nMemFree:  100 kB\nMemAvailable:  250 kB\nHugePages_Total:  0\n"


def test_memory_counts_as_used_that_no_new_program_could_have() -> None:
    assert metrics.memory_used(MEMINFO) == 75.0


def test_a_disk_is_as_full_as_df_says(tmp_path: Path) -> None:
    found = os.statvfs(tmp_path)
    used = found.f_blocks - found.f_bfree
    assert metrics.disk_used(found) == pytest.approx(100 * used / (used + found.f_bavail))


def test_a_volume_that_is_not_mounted_has_no_figure(tmp_path: Path) -> None:
    """The root volume's figure in its place would be a lie."""
    (tmp_path / "meminfo").write_text(MEMINFO)
    off = metrics.measured(0, tmp_path, tmp_path, tmp_path / "meminfo")
    on = metrics.measured(0, tmp_path, Path("/proc"), tmp_path / "meminfo")
    assert ("DiskUsed" in off, "DiskUsed" in on) == (False, True)


@pytest.mark.parametrize(
    ("phase", "failed"),
    [(words.WAITS, 0.0), (words.RESTARTS, 0.0), (words.DONE, 0.0), *((one, 1.0) for one in words.OVER)],
)
def test_a_round_of_updates_that_is_over_before_its_end_is_a_figure(tmp_path: Path, phase: str, failed: float) -> None:
    (tmp_path / "meminfo").write_text(MEMINFO)
    told = metrics.measured(0, tmp_path, tmp_path, tmp_path / "meminfo", Word("2026-W48", phase))
    assert told["UpdatesFailed"] == (failed, "Count")
    assert "UpdatesFailed" not in metrics.measured(0, tmp_path, tmp_path, tmp_path / "meminfo")


@pytest.mark.parametrize(
    ("states", "answer"),
    [
        ([State("a", "g", phase="serving"), State("b", "g", phase="serving")], 2),
        ([State("a", "g", phase="serving"), None], 1),
        ([State("a", "g", phase="waiting"), None], 0),
    ],
)
def test_members_are_those_that_serve(states: list[State | None], answer: int) -> None:
    assert metrics.members(states) == answer


class CloudWatch:
    """Keeps what it is told, or refuses."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault
        self.told: list[dict[str, Any]] = []

    def put_metric_data(self, **given: Any) -> None:
        """Take metrics."""
        if self.fault:
            raise self.fault
        self.told.append(given)


def test_metrics_carry_cluster_and_node() -> None:
    client = CloudWatch()
    metrics.Meter(client, "as400", "a", lambda: {"Members": (2.0, "Count")}, Quiet()).send()
    dimensions = [{"Name": "Cluster", "Value": "as400"}, {"Name": "Node", "Value": "a"}]
    data = [{"MetricName": "Members", "Dimensions": dimensions, "Value": 2.0, "Unit": "Count"}]
    assert client.told == [{"Namespace": "Muster", "MetricData": data}]


@pytest.mark.parametrize("fault", [refused("AccessDenied"), EndpointConnectionError(endpoint_url="https://m/")])
def test_a_minute_that_cannot_be_sent_ends_nothing(fault: Exception, caplog: pytest.LogCaptureFixture) -> None:
    metrics.Meter(CloudWatch(fault), "as400", "a", lambda: {"Members": (2.0, "Count")}, Quiet()).send()
    assert "sending metrics" in caplog.text

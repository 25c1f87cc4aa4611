"""What nodes log and measure arrives: a word that is said now in each journal, each log group, and recent metrics."""

import datetime
import secrets
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from muster.names import MEMORY, NAMESPACE, log_group_names
from rehearsal.checks.check import Check
from rehearsal.checks.result import Finding, invalid, unknown, valid
from rehearsal.checks.scene import Member, Scene
from rehearsal.poll import poll

NODE: Final = "node"
"""The log group of what is said on a node by what is neither product nor database."""

WITHIN = 20.0
"""Seconds in which a word must arrive: the agent gathers for 5 s, and tries again after some if the API is busy."""

RECENT: Final = 90.0
"""Seconds: a metric is sent each 60 s, and some late while the machine is busy."""


@dataclass(frozen=True)
class Shipped:
    """What has arrived of `member`: in a log group (`what` is its name), or as metrics.

    `arrived` counts events, or values of the last `RECENT` seconds; in the log group of the node those alone that hold
    the word said for this check.
    """

    member: str
    what: str
    arrived: int


METRICS: Final = f"metrics of {NAMESPACE}"


def record(scene: Scene) -> Iterable[Shipped]:
    """Say a word on every member at once and look for it; count what is in the other groups, and recent metrics."""
    groups = log_group_names(scene.cluster)
    with ThreadPoolExecutor(max_workers=len(scene.members)) as crowd:
        arrived = list(crowd.map(lambda member: _said(scene, groups[NODE], member), scene.members))
    for member, count in zip(scene.members, arrived, strict=True):
        yield Shipped(member.name, groups[NODE], count)
    for member in scene.members:
        for kind, group in groups.items():
            if kind != NODE:
                yield Shipped(member.name, group, _events(scene, group, member))
        yield Shipped(member.name, METRICS, _metrics(scene, member))


def _said(scene: Scene, group: str, member: Member) -> int:
    """Let process 1 of a member's host log the name of a unit that is new, and count it in the log group."""
    word = f"muster-check-{secrets.token_hex(8)}"
    scene.run_in(member, ["systemd-run", "--quiet", "--collect", f"--unit={word}", "true"], within=10)
    with suppress(TimeoutError):
        return poll(lambda: _events(scene, group, member, word), within=WITHIN, every=0.5)
    return 0


def _events(scene: Scene, group: str, member: Member, word: str = "") -> int:
    """Return how many of the newest events of a member's stream hold `word`; none if it has no stream."""
    try:
        found = scene.client("logs").get_log_events(logGroupName=group, logStreamName=member.name, limit=200)
    except ClientError as fault:
        if fault.response["Error"]["Code"] == "ResourceNotFoundException":
            return 0
        raise
    return sum(word in event["message"] for event in found["events"])


def _metrics(scene: Scene, member: Member) -> int:
    now = datetime.datetime.now(datetime.UTC)
    dimensions = {"Cluster": scene.cluster.name, "Node": member.name}
    found: Mapping[str, Any] = scene.client("cloudwatch").get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName=MEMORY,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=now - datetime.timedelta(seconds=RECENT),
        EndTime=now + datetime.timedelta(seconds=1),
        Period=1,
        Statistics=["SampleCount"],
    )
    return len(found["Datapoints"])


def judge(shipped: Sequence[Shipped]) -> Finding:
    """Call a member of which something has not arrived invalid."""
    members = {each.member for each in shipped}
    if not members:
        return unknown("no member is known")
    if missing := [each for each in shipped if each.arrived == 0]:
        return invalid("; ".join(f"nothing of {each.member} in {each.what}" for each in missing))
    if lacking := [name for name in members if METRICS not in {each.what for each in shipped if each.member == name}]:
        return unknown(f"nobody looked for {METRICS} of {', '.join(sorted(lacking))}")
    groups = sorted({each.what for each in shipped} - {METRICS})
    return valid(f"what {len(members)} members say arrives in {', '.join(groups)}, and so do {METRICS}")


CHECK = Check("what nodes log and measure arrives", Shipped, record, judge)

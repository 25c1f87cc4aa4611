"""`cdk deploy` to the emulated account, told as it goes, and what came of it."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from muster.spec import Cluster, cluster_lock, plan
from rehearsal.drive import DeployFailed, Rehearsal
from rehearsal.healthy import Group, all_serve, names_serve
from rehearsal.last_words import last_line
from rehearsal.poll import NotYet, poll

HEALTHY_SECONDS = 60.0

COUNTED = re.compile(r"\|\s*(\d+/\d+)\s*\|[^|]*\|\s*(\w+)\s*\|\s*([\w:]+)\s*\|\s*(\S+)")
"""`stack | 12/44 | time | STATUS | type | logical id`: the event lines of `cdk deploy --progress events`."""

CAUSE = re.compile(r"\|\s*(?:CREATE|UPDATE)_FAILED\s*\|\s*(?P<type>[\w:]+)\s*\|\s*(?P<what>.*)$")
CANCELLED = ("Resource creation cancelled", "Resource update cancelled")


class Deployment:
    """One cluster's stack in a running rehearsal."""

    def __init__(self, rehearsal: Rehearsal, cluster: Cluster, record: Path) -> None:
        self._rehearsal = rehearsal
        self._cluster = cluster
        self._record = record
        self._outputs: dict[str, str] = {}

    def deploy(self, assembly: Path, *, tell: Callable[[str], None]) -> None:
        """Run the real `cdk deploy` and wait for its end. Raises `DeployFailed` with the cause from the events."""
        outputs = self._record / "outputs.json"
        run = self._rehearsal.cdk(
            *("deploy", "--app", str(assembly), "--require-approval", "never", "--progress", "events"),
            *("--outputs-file", str(outputs)),
            listen=lambda line: tell(progress_of(line) or "cdk deploy"),
        )
        (self._record / "deploy.log").write_text(run.output)
        if run.code:
            raise DeployFailed(cause(run.output))
        self._outputs = next(iter(json.loads(outputs.read_text()).values()))

    def url(self) -> str:
        """Return the balancer's URL as the stack put it out."""
        return self._outputs["Url"]

    def members(self) -> list[dict[str, str]]:
        """Return name, zone, address and instance of each member."""
        inventory = self._rehearsal.inventory()
        return [
            {
                "name": member.name,
                "zone": member.zone,
                "address": member.address,
                "instance": inventory.host(member.name).instance,
            }
            for member in plan(self._cluster, cluster_lock(self._cluster)).present
        ]

    def wait_until_healthy(self) -> None:
        """Wait until the balancer finds every port of every node healthy, and one where administration is led to one.

        Where host names tell nodes apart, each node is wanted in the group of its own name. Raises `TimeoutError` with
        the last states.
        """
        cluster, balancing = self._cluster, self._rehearsal.client("elbv2")
        wanted, hosts = targets(cluster), cluster.about.hosts(cluster)

        def healthy() -> bool:
            names = {host.instance: host.node for host in self._rehearsal.inventory().hosts} if hosts else {}
            described = balancing.describe_target_groups()["TargetGroups"]
            found = [_group(balancing, each, names) for each in described]
            if names_serve(found, hosts, cluster.present_nodes) if hosts else all_serve(found, wanted):
                return True
            states = [state for each in found for state in each.states]
            raise NotYet(f"targets are {', '.join(states) or 'not registered'}")

        poll(healthy, within=HEALTHY_SECONDS, every=0.3)


def targets(cluster: Cluster) -> int:
    """Return how many targets a group has: a node that is to get more users than another has several ports."""
    ports = cluster.about.targets(cluster)
    return sum(len(ports[node]) for node in cluster.present_nodes)


def _group(balancing: Any, described: Mapping[str, Any], names: Mapping[str, str]) -> Group:
    """Return the balancer's view of each target of a group, with nodes by the `names` of instances."""
    found = balancing.describe_target_health(TargetGroupArn=described["TargetGroupArn"])["TargetHealthDescriptions"]
    targets = [
        (names.get(each["Target"]["Id"], each["Target"]["Id"]), str(each["TargetHealth"]["State"])) for each in found
    ]
    return Group(described.get("HealthCheckPath"), targets)


def cause(output: str) -> str:
    """Return the sentence for which a deploy failed: the first failed resource's reason, or the last line.

    >>> cause("s | 1/2 | 1:00:00 | CREATE_FAILED | AWS::EC2::VPC | Vpc no more addresses")
    'AWS::EC2::VPC Vpc no more addresses'
    """
    for line in output.splitlines():
        found = CAUSE.search(line)
        if found and not any(word in line for word in CANCELLED):
            return f"{found['type']} {found['what'].strip()}"
    return last_line(output) or "cdk deploy said nothing"


def progress_of(line: str) -> str | None:
    """Return what an event line tells of the progress: count, resource, status; None for any other line."""
    event = COUNTED.search(line)
    if event is None:
        return None
    count, status, _kind, what = event.groups()
    return f"{count} {what} {status}"

"""What a cluster file takes for granted in its account, given to the emulated one before the first deploy.

And what is left in it after the last destroy.
"""

import json
import urllib.request

from muster.spec import Cluster
from rehearsal.account.existing import Existing, FileSystem, Subnet, Vpc
from rehearsal.drive import Rehearsal

SERVICES = ("s3", "dynamodb", "ec2", "ssm", "ssmmessages", "secretsmanager", "logs", "monitoring")
"""What nodes may call. An existing VPC without a NAT route has endpoints for those that Muster is not to make."""


def existing(cluster: Cluster) -> Existing:
    """Return what has to exist before `cluster` is deployed: its VPC, hosted zone, boundary, file system, login."""
    domain, boundary = cluster.balancer.domain, cluster.permission_boundary
    return Existing(
        vpcs=_vpcs(cluster),
        zones={domain.zone: domain.name.partition(".")[2]} if domain else {},
        policies=[boundary.rsplit("/", 1)[1]] if boundary else [],
        file_systems=_file_systems(cluster),
        logins=sorted(cluster.about.given_secrets(cluster).values()),
        key=cluster.kms_key or "",
    )


def _file_systems(cluster: Cluster) -> list[FileSystem]:
    """Return the file system that the cluster file names: its mount targets are where the nodes are."""
    wanted, vpc = cluster.about.shared_files(cluster), cluster.network.vpc
    if vpc is None or wanted is None or not wanted.startswith("fs-"):
        return []
    return [FileSystem(wanted, vpc.id, [place.nodes.id for place in vpc.zones.values()])]


def _vpcs(cluster: Cluster) -> list[Vpc]:
    vpc, egress = cluster.network.vpc, cluster.network.egress
    if vpc is None:
        return []
    tables = list(vpc.route_tables) or [f"rtb-{vpc.id.removeprefix('vpc-')}"]
    subnets = [Subnet(place.balancer.id, place.balancer.cidr, zone) for zone, place in vpc.zones.items()]
    for number, (zone, place) in enumerate(vpc.zones.items()):
        subnets.append(Subnet(place.nodes.id, place.nodes.cidr, zone, tables[min(number, len(tables) - 1)]))
    owned = [] if egress == "nat" else [service for service in SERVICES if service not in vpc.endpoints]
    return [Vpc(vpc.id, vpc.cidr, subnets, way_out=egress == "nat", endpoints=owned)]


def provide(rehearsal: Rehearsal, cluster: Cluster) -> None:
    """Let it exist in the running rehearsal; what exists already stays. Raises `urllib.error.URLError`."""
    _ask(rehearsal, "PUT", "/muster/existing", existing(cluster).text().encode())


def remains(rehearsal: Rehearsal) -> list[str]:
    """Return a line for each thing in the account that neither a fresh one has nor a cluster file takes for granted."""
    lines: list[str] = json.loads(_ask(rehearsal, "GET", "/muster/remains", None))
    return lines


def _ask(rehearsal: Rehearsal, method: str, path: str, body: bytes | None) -> bytes:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{rehearsal.state.url}{path}", body, headers, method=method)  # noqa: S310 - http to this machine
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        content: bytes = answer.read()
    return content

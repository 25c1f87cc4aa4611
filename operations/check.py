"""`muster check`: faults of cluster files, and of what their lock files hold against them; without AWS."""

import sys
from collections.abc import Sequence
from pathlib import Path

from muster.spec import Cluster, SpecError, cluster_lock, load, verify


def check_files(files: Sequence[Path]) -> int:
    """Print one line for each good file, and every fault of each bad one; return 2 if there is a bad one, else 0."""
    return max([_check_file(file) for file in files])


def _check_file(file: Path) -> int:
    try:
        cluster = load(file)
        verify(cluster, cluster_lock(cluster))
    except SpecError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{file}: right: {summary(cluster)}")
    return 0


def summary(cluster: Cluster) -> str:
    """Return in one line what `cluster` is: product, place, nodes, machines, way in, protection."""
    nodes = ", ".join(
        f"{name} in {node.zone}{'' if node.present else ' (absent)'}" for name, node in sorted(cluster.nodes.items())
    )
    where = cluster.network.vpc.id if cluster.network.vpc else cluster.network.cidr
    way_in = f"{cluster.balancer.scheme} {'HTTPS' if cluster.balancer.certificate else 'HTTP'}"
    machines = f"{cluster.instance.type} with {cluster.instance.os}"
    what = f"{cluster.product} cluster {cluster.name} in {where}: {nodes}; {machines}; {way_in}"
    return f"{what}; protection {cluster.protection}"

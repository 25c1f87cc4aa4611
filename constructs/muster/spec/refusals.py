"""Which edits of a cluster file are refused, given what has been launched: one pure function a rule.

Each yields (dotted field, what is wrong and which way is safe). A node is judged by its lock: an absent one (deployed
with `present: false`) has no instance, and so may change freely.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from muster.aws_names import architecture
from muster.spec.data_refusals import LOSSES, moving
from muster.spec.lock import OWN, Lock
from muster.spec.model import Cluster
from muster.spec.refusal_words import Refusal, file_of, listed, swap


def another_cluster(old: Lock, cluster: Cluster) -> Iterator[Refusal]:
    """Refuse to make another cluster of one that is there: other name, region or network."""
    own = "want it as it was; another cluster has a file and a name of its own"
    if cluster.name != old.cluster:
        yield "name", f"got '{cluster.name}', the lock file is of the cluster '{old.cluster}', {own}"
    if cluster.region != old.region:
        yield "region", f"got '{cluster.region}', the cluster lies in {old.region} and cannot move, {own}"
    vpc = cluster.network.vpc
    if (vpc.id if vpc else None) != old.vpc:
        place = old.vpc or "a VPC of its own"
        yield "network.vpc", f"the cluster lies in {place}, and a move would replace every node, {own}"
    elif cluster.network.vpc_cidr != old.cidr:
        field = "network.vpc.cidr" if vpc else "network.cidr"
        yield field, f"the cluster lies in {old.cidr}, and another range would replace every node, {own}"


def shrunk_volume(old: Lock, cluster: Cluster) -> Iterator[Refusal]:
    """Refuse a smaller data volume: EBS can only make one larger."""
    size = cluster.instance.volume
    if size < old.volume:
        yield (
            "instance.volume",
            f"got {size}, the data volumes have {old.volume} GiB and cannot shrink, want at least that",
        )


def other_key(old: Lock, cluster: Cluster) -> Iterator[Refusal]:
    """Refuse another key: EBS cannot re-encrypt a volume in place, so that all would be made anew, and empty."""
    if cluster.kms_key != old.kms_key:
        key = old.kms_key or "AWS's own key"
        what = f"the volumes are encrypted with {key}, and another key would make them anew"
        yield "kms_key", f"{what} and empty, want it as it was"


def other_scheme(old: Lock, cluster: Cluster) -> Iterator[Refusal]:
    """Refuse another scheme: it replaces the load balancer, and such an update always fails.

    CloudFormation makes the new one before it removes the old one, and AWS does not let a target group belong to two
    load balancers (TargetGroupAssociationLimit, Elastic Load Balancing API, "CreateListener").
    """
    scheme = cluster.balancer.scheme
    if old.scheme and scheme != old.scheme:
        what = f"got '{scheme}', the balancer is {old.scheme}, and AWS lets no second one have its target groups"
        way = "destroy the cluster, delete its lock file and deploy, or make a second cluster beside it"
        yield "balancer.scheme", f"{what}, want it as it was; else {way}"


def other_words_between_nodes(old: Lock, cluster: Cluster) -> Iterator[Refusal]:
    """Refuse to begin or end TLS between the nodes of a pair: one that has changed would not understand the other."""
    asked, launched = cluster.database.tls, any(node.image for node in old.nodes.values())
    if launched and asked != old.between:
        speak = "speak" if old.between else "do not speak"
        what = f"got {str(asked).lower()}, but the nodes {speak} TLS to each other, and one alone cannot change that"
        way = "a new cluster that begins with this one's data (database.seed)"
        yield "database.tls", f"{what}, want it as it was, or {way}"


def replaced_member(old: Lock, cluster: Cluster) -> Iterator[Refusal]:
    """Refuse one node for another in a cluster of fixed size: the copy of the old one would go with it."""
    gone = sorted(name for name, node in old.nodes.items() if name not in cluster.nodes and node.present)
    new = sorted(set(cluster.nodes) - set(old.nodes))
    if len(cluster.about.nodes) != 1 or not gone or not new:
        return
    for name, before in zip(new, gone, strict=False):
        yield (
            f"nodes.{name}",
            f"takes the place of {before}, which runs, and its data would go; {swap(before, cluster)}",
        )


def moved_node(old: Lock, cluster: Cluster) -> Iterator[Refusal]:
    """Refuse another zone, subnet or address for a node that runs, or that `muster roll` has half changed."""
    vpc = cluster.network.vpc
    for name in sorted({*_running(old, cluster), *(set(old.rolling) & set(cluster.nodes))}):
        before, node = old.nodes[name], cluster.nodes[name]
        subnet = old.zones[before.zone].subnet
        way = swap(name, cluster)
        if node.zone != before.zone:
            moved, place, way = f"nodes.{name}.zone", before.zone, moving(name, old, cluster)
        elif vpc and subnet and vpc.zones[node.zone].nodes.id != subnet:
            moved, place = f"network.vpc.zones.{node.zone}.nodes.id", subnet
        elif node.address and node.address != before.address:
            moved, place = f"nodes.{name}.address", before.address
        else:
            continue
        yield moved, f"node {name} is launched in {place}, and the change would replace it; {way}"


def other_image(old: Lock, cluster: Cluster) -> Iterator[Refusal]:
    """Refuse an image of one's own, a system or a processor that running nodes do not have: all would be replaced."""
    instance = cluster.instance
    launched = {name: old.nodes[name] for name in _settled(old, cluster)}
    processor = [name for name, node in launched.items() if architecture(node.type) != instance.architecture]
    if processor:
        got = f"got '{instance.type}' ({instance.architecture})"
        yield "instance.type", f"{got}, another processor than that of {_all_replaced(processor, cluster)}"
    pinned = {name: node for name, node in launched.items() if name not in processor}
    if instance.ami:
        other = [name for name, node in pinned.items() if node.image != instance.ami]
        if other:
            yield "instance.ami", f"got '{instance.ami}', another image than that of {_all_replaced(other, cluster)}"
        return
    own = [name for name, node in pinned.items() if node.source == OWN]
    if own:
        yield "instance.ami", f"is gone, which is the image of {_all_replaced(own, cluster)}"
    other = [name for name, node in pinned.items() if node.source.split("/")[0] not in {OWN, instance.os}]
    if other:
        yield "instance.os", f"got '{instance.os}', another system than that of {_all_replaced(other, cluster)}"


def other_type(old: Lock, cluster: Cluster) -> Iterator[Refusal]:
    """Refuse another type of the same processor: a deploy would stop and start all nodes at once."""
    instance = cluster.instance
    names = [
        name
        for name in _settled(old, cluster)
        if (type_ := old.nodes[name].type) != instance.type and architecture(type_) == instance.architecture
    ]
    if names:
        runs = f"{listed(names)} run{'s'[: len(names) == 1]} on {listed({old.nodes[name].type for name in names})}"
        way = f"and a deploy would stop all at once; one after the other: ./muster roll {file_of(cluster)}"
        yield "instance.type", f"got '{instance.type}', {runs}, {way}"


RULES: Final = (
    another_cluster,
    shrunk_volume,
    other_key,
    other_scheme,
    other_words_between_nodes,
    replaced_member,
    moved_node,
    other_image,
    other_type,
    *LOSSES,
)


def refusals(old: Lock | None, cluster: Cluster) -> Iterator[Refusal]:
    """Yield what every rule refuses; of another cluster's lock that alone."""
    if old is None:
        return
    first = list(another_cluster(old, cluster))
    yield from first
    if not first:
        for rule in RULES[1:]:
            yield from rule(old, cluster)


def _running(old: Lock, cluster: Cluster) -> list[str]:
    """Return the nodes that have an instance and stay in the file."""
    return [name for name in sorted(old.nodes) if old.nodes[name].present and name in cluster.nodes]


def _settled(old: Lock, cluster: Cluster) -> list[str]:
    """Return the nodes that run and go on running, without those that `muster roll` is about to change.

    A node without an image never ran: no account has the placeholder.
    """
    return [
        name
        for name in _running(old, cluster)
        if cluster.nodes[name].present and name not in old.rolling and old.nodes[name].image
    ]


def _all_replaced(names: Iterable[str], cluster: Cluster) -> str:
    source = ", each from its own data or from a member's" if cluster.about.pair else ""
    way = f"one after the other{source}: ./muster roll {file_of(cluster)}"
    return f"{listed(names)}: a deploy would replace all at once; {way}"

"""The lock as a pure function of the lock before it and of the cluster file.

What runs keeps its ordinal, subnet, address, type and image, whatever happens to other nodes and to the pins. Ordinals
and zone numbers are never given twice, not even after their node or zone is gone.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from muster.products import Discovery
from muster.spec.data_refusals import shared_database
from muster.spec.faults import SpecError
from muster.spec.layout import MOST_ZONES, node_address, zone_subnets
from muster.spec.lock import OWN, DiscoveryKey, Lock, LockedNode, LockedZone, PinnedImage
from muster.spec.lock_changes import changes
from muster.spec.lock_file import lock_path
from muster.spec.model import ArtifactInS3, Cluster
from muster.spec.refusal_words import Refusal, file_of
from muster.spec.refusals import another_cluster, refusals


@dataclass(frozen=True)
class Launch:
    """What a node is launched with; `image` is None as long as none is pinned, `source` as in `LockedNode`."""

    type: str
    image: str | None
    source: str


def wanted(cluster: Cluster, lock: Lock | None) -> Launch:
    """Return what the cluster file and the lock's pins want a node to be launched with."""
    instance = cluster.instance
    source = image_source(cluster)
    pin: PinnedImage | None = lock.images.get(source) if lock else None
    return Launch(instance.type, instance.ami or (pin.id if pin else None), source)


def image_source(cluster: Cluster) -> str:
    """Return the key of the pin that this cluster's nodes start from, or `OWN`."""
    return OWN if cluster.instance.ami else f"{cluster.instance.os}/{cluster.instance.architecture}"


def with_pin(lock: Lock, cluster: Cluster, pin: PinnedImage) -> Lock:
    """Return `lock` with `pin` for the cluster's system, and nothing else changed but nodes that had no image yet.

    The same image stays as it was read first.
    """
    source = image_source(cluster)
    before = lock.images.get(source)
    kept = before if before and before.id == pin.id else pin
    nodes = {
        name: node.model_copy(update={"image": kept.id}) if node.image is None and node.source == source else node
        for name, node in lock.nodes.items()
    }
    return lock.changed(images={**lock.images, source: kept}, nodes=nodes)


def same_cluster(cluster: Cluster, lock: Lock) -> Lock:
    """Return `lock`. Raises `SpecError` if it is of another cluster than the file's, or of another place."""
    _refuse(another_cluster(lock, cluster), cluster)
    return lock


def locked(old: Lock | None, cluster: Cluster, artifact: str | None = None) -> Lock:
    """Return the lock of `cluster` after `old`; `artifact` is the hash of its file, where it is known.

    The order of the nodes in the file means nothing. Raises `SpecError` with every change that would replace a node
    with data, interrupt several at once, shrink a volume or move the cluster; each names the safe way.
    """
    _refuse(refusals(old, cluster), cluster)
    zones = _zones(old, cluster)
    return Lock(
        cluster=cluster.name,
        region=cluster.region,
        cidr=cluster.network.vpc_cidr,
        vpc=cluster.network.vpc.id if cluster.network.vpc else None,
        kms_key=cluster.kms_key,
        scheme=cluster.balancer.scheme,
        next_ordinal=_next_ordinal(old) + len(_new_names(old, cluster)),
        zones=zones,
        nodes=_nodes(old, cluster, zones),
        images=dict(old.images) if old else {},
        artifact=_artifact(old, cluster, artifact),
        volume=cluster.instance.volume,
        rolling=tuple(name for name in old.rolling if _stays(name, cluster)) if old else (),
        discovery_key=_discovery_key(old, cluster),
        database=shared_database(cluster),
        keepers=cluster.about.keepers(cluster),
        between=cluster.database.tls,
    )


def verify(cluster: Cluster, lock: Lock | None) -> Lock:
    """Return the lock that `cluster` is synthesized with; without one, what `./muster lock` would write.

    Raises `SpecError` like `locked`, and for a lock that does not know all of the file yet.
    """
    now = locked(lock, cluster)
    if lock is None:
        return now
    known = lock.changed(scheme=lock.scheme or now.scheme)
    if behind := changes(known, now.changed(artifact=lock.artifact)):
        file = file_of(cluster)
        more = f" and {len(behind) - 2} more" if len(behind) > 2 else ""
        name = lock_path(file).name
        raise cluster.refusal("", f"{name} does not know of: {'; '.join(behind[:2])}{more}: run ./muster lock {file}")
    return lock


def _refuse(found: Iterable[Refusal], cluster: Cluster) -> None:
    faults = [fault for field, what in found for fault in cluster.refusal(field, what).faults]
    if faults:
        raise SpecError(faults)


def _stays(name: str, cluster: Cluster) -> bool:
    return name in cluster.nodes and cluster.nodes[name].present


def _next_ordinal(old: Lock | None) -> int:
    return old.next_ordinal if old else 0


def _new_names(old: Lock | None, cluster: Cluster) -> list[str]:
    return sorted(set(cluster.nodes) - set(old.nodes if old else ()))


def _artifact(old: Lock | None, cluster: Cluster, artifact: str | None) -> str | None:
    if isinstance(cluster.artifact, ArtifactInS3):
        return cluster.artifact.sha256
    return artifact or (old.artifact if old else None)


def _discovery_key(old: Lock | None, cluster: Cluster) -> DiscoveryKey | None:
    """Return the key as it is; a cluster that needs no user has none, and begins with the first where it gets one."""
    return old.discovery_key if old and cluster.about.discovery(cluster) is Discovery.USER else None


def _zones(old: Lock | None, cluster: Cluster) -> dict[str, LockedZone]:
    """Return all zones that the cluster ever had: a zone that comes back has its number again."""
    known = dict(old.zones) if old else {}
    number = max((zone.number for zone in known.values()), default=-1)
    vpc = cluster.network.vpc
    for name in sorted({node.zone for node in cluster.nodes.values()}):
        if name not in known:
            number += 1
            if vpc is None and number >= MOST_ZONES:
                what = f"a cluster has at most {MOST_ZONES} zones in its life, {name} would be number {number + 1}"
                raise cluster.refusal("nodes", f"{what}, want one of {', '.join(sorted(known))}")
            known[name] = LockedZone(number=number, nodes="") if vpc else zone_subnets(cluster.network.cidr, number)
        if vpc:
            nodes = vpc.zones[name].nodes
            known[name] = known[name].model_copy(
                update={"nodes": nodes.cidr, "balancer": vpc.zones[name].balancer.cidr, "subnet": nodes.id}
            )
    return known


def _nodes(old: Lock | None, cluster: Cluster, zones: dict[str, LockedZone]) -> dict[str, LockedNode]:
    launch = wanted(cluster, old)
    places = {name: node.ordinal for name, node in old.nodes.items()} if old else {}
    places |= {name: place for place, name in enumerate(_new_names(old, cluster), start=_next_ordinal(old))}
    nodes = {}
    for name in sorted(cluster.nodes):
        before = old.nodes.get(name) if old else None
        if before and old and name in old.rolling and _stays(name, cluster):
            nodes[name] = before
        elif before and before.present and _stays(name, cluster):
            nodes[name] = _still_running(before, launch)
        else:
            nodes[name] = _placed(cluster, name, places[name], zones, launch)
    return nodes


def _still_running(before: LockedNode, launch: Launch) -> LockedNode:
    """Return the node as it is; one that no image was pinned for, and so no account has, takes what the file wants."""
    if before.image is not None:
        return before
    return before.model_copy(update={"type": launch.type, "image": launch.image, "source": launch.source})


def _placed(cluster: Cluster, name: str, ordinal: int, zones: dict[str, LockedZone], launch: Launch) -> LockedNode:
    node = cluster.nodes[name]
    subnet = zones[node.zone].nodes
    address = node.address or node_address(subnet, ordinal)
    if address is None:
        raise cluster.refusal(
            f"nodes.{name}", f"the node subnet {subnet} has no room for node {name}, want a larger one"
        )
    return LockedNode(
        ordinal=ordinal,
        zone=node.zone,
        address=address,
        present=node.present,
        type=launch.type,
        image=launch.image,
        source=launch.source,
    )

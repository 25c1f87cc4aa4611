"""What tells two locks apart, in words: one line for each difference."""

from collections.abc import Iterator, Mapping
from typing import Any

from muster.spec.lock import DiscoveryKey, Lock, LockedNode


def changes(old: Lock | None, new: Lock) -> list[str]:
    """Return what is different in `new`, in reading order; nothing at all means the same lock."""
    if old is None:
        return [f"node {name}: {_place(node)}" for name, node in _by_ordinal(new)]
    return [*_nodes(old, new), *_zones(old, new), *_pins(old, new), *_fields(old, new)]


def _by_ordinal(lock: Lock) -> list[tuple[str, LockedNode]]:
    return sorted(lock.nodes.items(), key=lambda item: item[1].ordinal)


def _place(node: LockedNode) -> str:
    there = "" if node.present else ", absent"
    return f"{node.address} in {node.zone}, {node.type}, image {node.image or 'not pinned'}{there}"


def _nodes(old: Lock, new: Lock) -> Iterator[str]:
    for name, node in _by_ordinal(old):
        if name not in new.nodes:
            yield f"node {name} is gone, its address {node.address} is never used again"
    for name, node in _by_ordinal(new):
        before = old.nodes.get(name)
        if before is None:
            yield f"node {name} is new: {_place(node)}"
        elif before != node:
            yield f"node {name}: {', '.join(_differences(before, node))}"


def _differences(before: LockedNode, node: LockedNode) -> Iterator[str]:
    if before.present != node.present:
        yield "is present again" if node.present else "is absent"
    for field in ("zone", "address", "type", "source"):
        was, now = getattr(before, field), getattr(node, field)
        if was != now:
            yield f"{field} {was} -> {now}"
    if before.image != node.image:
        yield f"image {before.image or 'not pinned'} -> {node.image or 'not pinned'}"
    if before.ordinal != node.ordinal:
        yield f"place {before.ordinal} -> {node.ordinal}"


def _zones(old: Lock, new: Lock) -> Iterator[str]:
    for name, zone in sorted(new.zones.items()):
        if name not in old.zones:
            yield f"zone {name} is new: nodes in {zone.nodes}"
        elif zone != old.zones[name]:
            yield f"zone {name}: its subnets are others"


def _pins(old: Lock, new: Lock) -> Iterator[str]:
    for key, pin in sorted(new.images.items()):
        before = old.images.get(key)
        if before != pin:
            was = f"{before.id} ({before.name})" if before else "not pinned"
            yield f"image of {key}: {was} -> {pin.id} ({pin.name})"


def _fields(old: Lock, new: Lock) -> Iterator[str]:
    if old.volume != new.volume:
        yield f"data volume: {old.volume} -> {new.volume} GiB"
    if old.artifact != new.artifact:
        yield f"artifact: {_short(old.artifact)} -> {_short(new.artifact)}"
    if old.rolling != new.rolling:
        yield f"still to roll: {', '.join(new.rolling) or 'none'}"
    if old.discovery_key != new.discovery_key:
        yield f"discovery key: {_key(old.discovery_key)} -> {_key(new.discovery_key)}"
    if old.keepers != new.keepers:
        yield f"repository of artifacts: on {', '.join(old.keepers) or 'none'} -> {', '.join(new.keepers) or 'none'}"
    rest: Mapping[str, Any] = {
        "database": "database",
        "between": "TLS between the nodes",
        "vpc": "VPC",
        "kms_key": "key",
        "scheme": "balancer's scheme",
        "cidr": "network",
        "region": "region",
        "cluster": "cluster",
    }
    for field, title in rest.items():
        if getattr(old, field) != getattr(new, field):
            yield f"{title}: {getattr(old, field)} -> {getattr(new, field)}"


def _key(key: DiscoveryKey | None) -> str:
    if key is None:
        return "not counted"
    return f"{key.current} beside {key.former}" if key.former else str(key.current)


def _short(sha256: str | None) -> str:
    return sha256[:12] if sha256 else "not known"

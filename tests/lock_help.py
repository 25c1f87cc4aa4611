"""What the tests of plans and locks share: clusters of any size, made without a file."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from muster.fields import Block
from muster.products import PRODUCTS, Product
from muster.products.as400gateway import As400Gateway
from muster.spec import ArtifactFile, Cluster, Lock, SpecError, locked
from muster.spec.lock import PinnedImage
from muster.spec.model import Instance, Network, Node

PIN = "amazon-linux-2023/arm64"
OLD, NEW, OWN = "ami-0aaaaaaaaaaaaaaaa", "ami-0bbbbbbbbbbbbbbbb", "ami-0cccccccccccccccc"
PAIR = {"a": "eu-west-1a", "b": "eu-west-1b"}


class AnySize(Cluster):
    """A cluster of as many nodes as a test likes."""

    as400gateway: Block = As400Gateway()

    @property
    def about(self) -> Product:
        return replace(PRODUCTS[self.product], nodes=range(1, 100))


class Pair(Cluster):
    """A cluster of a product that has a fixed number of nodes."""

    as400gateway: Block = As400Gateway()


def cluster_of(
    nodes: Mapping[str, str | Node],
    cidr: str = "10.64.0.0/20",
    kind: type[Cluster] = AnySize,
    instance: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Cluster:
    """Return a cluster of these nodes (name to zone, or to more)."""
    given: dict[str, Any] = {
        "name": "x",
        "product": "as400gateway",
        "region": "eu-west-1",
        "artifact": ArtifactFile(file="x.jar"),
        "network": Network(cidr=cidr),
    }
    return kind(
        **given | fields,
        nodes={name: node if isinstance(node, Node) else Node(zone=node) for name, node in nodes.items()},
        instance=Instance(**{"type": "t4g.medium", **(instance or {})}),
    )


def pair(present: str = "ab", **fields: Any) -> Cluster:
    """Return the pair a and b, of which those named in `present` are."""
    nodes = {name: Node(zone=zone, present=name in present) for name, zone in PAIR.items()}
    return cluster_of(nodes, kind=Pair, **fields)


def pinned(lock: Lock, image: str = OLD) -> Lock:
    """Return `lock` with this pin for the pair's system."""
    return lock.changed(images={PIN: PinnedImage(id=image, name=f"al2023-{image}", read="2026-11-21")})


def launched(cluster: Cluster, image: str = OLD) -> Lock:
    """Return the lock of `cluster` with its nodes launched from `image`."""
    return locked(pinned(locked(None, cluster), image), cluster)


def refused(lock: Lock, cluster: Cluster) -> list[str]:
    """Return what `locked` refuses, line by line."""
    with pytest.raises(SpecError) as error:
        locked(lock, cluster)
    return str(error.value).splitlines()

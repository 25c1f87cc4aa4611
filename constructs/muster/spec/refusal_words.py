"""What a refused edit says, and which way it names."""

from collections.abc import Iterable
from pathlib import Path

from muster.spec.model import Cluster

Refusal = tuple[str, str]
"""Dotted field, what is wrong and which way is safe."""


def file_of(cluster: Cluster) -> Path:
    """Return the path of the cluster's file, as commands in messages name it."""
    return Path(cluster._document.path) if cluster._document else Path("FILE")


def relocked(cluster: Cluster) -> str:
    """Return how an edit reaches a cluster."""
    return f"./muster lock {file_of(cluster)}, deploy"


def swap(name: str, cluster: Cluster) -> str:
    """Return how a node gets another place."""
    return f"the safe way is two deploys: {out_and_in(name, cluster)}"


def out_and_in(name: str, cluster: Cluster) -> str:
    """Return the two deploys of a swap."""
    return f"nodes.{name}.present: false, {relocked(cluster)}; then the change and true, again"


def listed(names: Iterable[str]) -> str:
    """Return names as they stand in a sentence."""
    return ", ".join(sorted(names))

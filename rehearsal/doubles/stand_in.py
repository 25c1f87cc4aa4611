"""The file that stands in for a cluster file's artifact."""

from collections.abc import Callable
from pathlib import Path

from muster.spec import ArtifactInS3, Cluster
from rehearsal.doubles import carbon, store


def stand_in(cluster: Cluster, progress: Callable[[str], None] = lambda _: None) -> Path:
    """Return the double of the cluster's product, built unless it was built before; its folder holds that one file.

    Raises `BuildError`, also for a product that has no double.
    """
    if cluster.product != carbon.NAME:
        return store.build(cluster.product, progress)
    kernel = _kernel(cluster)
    return carbon.build_carbon(kernel.engine, _file_name(cluster), progress, kernel)


def _kernel(cluster: Cluster) -> carbon.Kernel:
    """Return what the cluster's nodes are told about the kernel."""
    told = cluster.about.settings(cluster)
    return carbon.Kernel(*(str(told[name]) for name in ("kernel", "engine", "spelling", "agent", "config")))


def _file_name(cluster: Cluster) -> str:
    artifact = cluster.artifact
    return artifact.name if isinstance(artifact, ArtifactInS3) else Path(artifact.file).name

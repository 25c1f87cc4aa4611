"""The files that stand in for those that a cluster file names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from muster.products.wso2_as import Wso2As
from muster.spec import ArtifactInS3, Cluster
from rehearsal.doubles import appserver, axonivy, carbon, kaazing, store
from rehearsal.doubles.maven import BuildError

Progress = Callable[[str], None]

LICENCE = "# Stands where a licence cannot be had, in a rehearsal alone: it is none.\n"
"""What the double of Axon.ivy takes for a licence for any number of nodes."""


@dataclass(frozen=True)
class Double:
    """What stands in for a product's artifact: how it is built, and what it is, in words; `with_` says more of it."""

    build: Callable[[Cluster, Progress], Path]
    what: str
    with_: Callable[[Cluster], str] = lambda _: ""


def _carbon(cluster: Cluster, progress: Progress) -> Path:
    kernel = _kernel(cluster)
    return carbon.build_carbon(kernel.engine, _file_name(cluster), progress, kernel)


def _kernel(cluster: Cluster) -> carbon.Kernel:
    """Return what the cluster's nodes are told about the kernel."""
    told = cluster.about.settings(cluster)
    return carbon.Kernel(*(str(told[name]) for name in ("kernel", "engine", "spelling", "agent", "config")))


def _engine_told(cluster: Cluster) -> str:
    kernel = _kernel(cluster)
    return f", with Hazelcast {kernel.engine}, which is the engine of kernel {kernel.kernel}"


def _axonivy(cluster: Cluster, progress: Progress) -> Path:
    return axonivy.build_axonivy(_version(cluster), _file_name(cluster), progress)


def _version(cluster: Cluster) -> str:
    return str(cluster.about.settings(cluster)["version"])


def _appserver(cluster: Cluster, progress: Progress) -> Path:
    return appserver.build_appserver(_server(cluster), _file_name(cluster), progress)


def _server(cluster: Cluster) -> str:
    return str(cluster.block(Wso2As).version)


def _synchronized(cluster: Cluster) -> str:
    return f", with Hazelcast {appserver.ENGINE} and the real client of Subversion, for version {_server(cluster)}"


DOUBLES: Mapping[str, Double] = {
    "as400gateway": Double(lambda _, progress: store.build("as400gateway", progress), "a double of as400gateway"),
    appserver.NAME: Double(_appserver, f"a double of {appserver.NAME}", _synchronized),
    axonivy.NAME: Double(
        _axonivy,
        "a double of axonivy",
        lambda cluster: f", a Tomcat 9 with JGroups in the place of the engine {_version(cluster)}",
    ),
    carbon.NAME: Double(_carbon, "a double of wso2-carbon", _engine_told),
    kaazing.NAME: Double(
        lambda cluster, progress: kaazing.build_kaazing(_file_name(cluster), progress),
        f"the real Kaazing Gateway {kaazing.VERSION}, of its parts in Maven Central,",
    ),
}
"""By product."""


def stand_in(cluster: Cluster, progress: Progress = lambda _: None) -> Path:
    """Return the double of the cluster's product, built unless it was built before.

    Its folder holds that file, and what stands in for a licence that is missing. Raises `BuildError`, also for a
    product that has no double.
    """
    if cluster.product not in DOUBLES:
        raise BuildError(f"there is no double of {cluster.product}; there are: {', '.join(store.names())}")
    file = DOUBLES[cluster.product].build(cluster, progress)
    stand_in_licence(cluster, file.parent)
    return file


def told(cluster: Cluster) -> str:
    """Return the end of a sentence that begins with the file that is not there: what stands in for it."""
    double = DOUBLES[cluster.product]
    return f"{double.what} stands in for it{double.with_(cluster)}"


def missing_licence(cluster: Cluster) -> str | None:
    """Return the path of the licence that the cluster file names, if it is not there."""
    named = cluster.about.licence(cluster)
    return None if named is None or (cluster.folder / named).is_file() else named


def stand_in_licence(cluster: Cluster, folder: Path | None = None) -> Path | None:
    """Put what stands in for a missing licence into `folder` (or one of its own), and return it; else return None."""
    missing = missing_licence(cluster)
    if missing is None:
        return None
    folder = folder or store.shelf("licences")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / Path(missing).name
    file.write_text(LICENCE)
    return file


def _file_name(cluster: Cluster) -> str:
    artifact = cluster.artifact
    return artifact.name if isinstance(artifact, ArtifactInS3) else Path(artifact.file).name

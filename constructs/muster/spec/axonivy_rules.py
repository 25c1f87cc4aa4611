"""What must hold between the fields about Axon.ivy: one pure function a rule."""

from collections.abc import Iterator
from typing import Final

from muster import weights
from muster.fields import OperatingSystem
from muster.products.axonivy import AxonIvy, engine_of, first, most_connectors, mounted
from muster.products.axonivy_engines import ENGINES, IVYSESSIONID, JSESSIONID, VERSION
from muster.products.axonivy_fields import LICENCE, SHARED, SystemDatabase
from muster.products.users_ports import https
from muster.spec.account_rules import elsewhere
from muster.spec.finding import Finding
from muster.spec.model import Cluster
from muster.spec.node_rules import PACKAGED

MOUNTS: Final[OperatingSystem] = "amazon-linux-2023"
"""The system that packages amazon-efs-utils (github.com/aws/efs-utils: elsewhere it is built from its source)."""

_SHARED: Final = ("axonivy", "shared")
_VERSION: Final = ("axonivy", "version")
_COOKIE: Final = ("balancer", "stickiness", "cookie")
_DATABASE: Final = f"a mapping of {', '.join(SystemDatabase.model_fields)}, as all nodes share one"


def _of(cluster: Cluster) -> AxonIvy | None:
    own = getattr(cluster, cluster.about.field)
    return own if isinstance(own, AxonIvy) else None


def what_no_cluster_of_engines_is_without(cluster: Cluster) -> Iterator[Finding]:
    """Demand version, licence, system database and shared folder."""
    own = _of(cluster)
    if own is None:
        return
    wanted = {"version": VERSION, "licence": LICENCE, "database": _DATABASE, "shared": SHARED}
    for name, want in wanted.items():
        if getattr(own, name) is None:
            yield Finding(("axonivy", name), f"is missing, want {want}")


def weights_that_ports_can_say(cluster: Cluster) -> Iterator[Finding]:
    """Demand weights of nodes that are there, and that at most five ports a node can say."""
    own = _of(cluster)
    for name, said in weights.refusals(own.weights, cluster.nodes) if own else ():
        beside = (("axonivy", "weights"),) if name in cluster.nodes else ()
        yield Finding(("axonivy", "weights", name), said, (("nodes",), *beside))


def room_for_the_connectors(cluster: Cluster) -> Iterator[Finding]:
    """Demand a first port from which on there are as many as the heaviest node needs."""
    own = _of(cluster)
    if own is None:
        return
    base, others = first(cluster)
    if said := weights.crowded(base, most_connectors(cluster), others):
        field = "tls_port" if https(cluster) else "http_port"
        yield Finding(("axonivy", field), said, (("axonivy", "weights"), ("nodes",)))


def a_cookie_that_the_engine_sets(cluster: Cluster) -> Iterator[Finding]:
    """Demand not the new cookie of an old engine: nobody would stay on a node."""
    found, own = (engine_of(cluster), _of(cluster)) if _of(cluster) else (None, None)
    if found and own and found.cookie != IVYSESSIONID and cluster.balancer.stickiness.cookie == IVYSESSIONID:
        what = f"got '{IVYSESSIONID}', which an engine {own.version} does not set, want {JSESSIONID} or balancer"
        yield Finding(_COOKIE, what, (_VERSION,))


def a_system_with_the_engines_java(cluster: Cluster) -> Iterator[Finding]:
    """Demand an operating system that packages the Java of the engine."""
    found, own, system = engine_of(cluster) if _of(cluster) else None, _of(cluster), cluster.instance.os
    if found is None or own is None or found.java in PACKAGED[system]:
        return
    packaged = PACKAGED[system]
    with_it = next((".".join(map(str, each.since)) for each in ENGINES if each.java in packaged), "")
    what = f"got '{system}', whose only Java is {packaged[0]}, but the engine {own.version} runs with {found.java}"
    want = f"want amazon-linux-2023; engines with Java {packaged[0]} begin with {with_it}"
    yield Finding(("instance", "os"), f"{what}, {want}", (_VERSION,))


def a_folder_that_nodes_can_mount(cluster: Cluster) -> Iterator[Finding]:
    """Demand an own image for a folder that it mounts, and for a file system that is there the VPC in which it is."""
    own = _of(cluster)
    if own is None or own.shared is None or own.shared == "efs":
        return
    if own.shared.startswith("/") and cluster.instance.ami is None:
        what = f"got '{own.shared}', which only an image of your own (instance.ami) has mounted"
        yield Finding(_SHARED, f"{what}, want it, `efs` or an EFS id", (("instance", "ami"),))
    if own.shared.startswith("fs-") and cluster.network.vpc is None:
        what = f"got '{own.shared}', which is reached in one VPC alone, but the cluster makes one of its own"
        yield Finding(
            _SHARED, f"{what}, want `efs`, or network.vpc: the VPC of its mount targets", (("network", "vpc"),)
        )


def a_system_that_mounts_file_systems_of_efs(cluster: Cluster) -> Iterator[Finding]:
    """Demand Amazon Linux for EFS: it alone packages what encrypts the way there and says with whose leave it comes."""
    own, system = _of(cluster), cluster.instance.os
    if own and own.shared and not own.shared.startswith("/") and system != MOUNTS:
        what = f"got '{own.shared}', but {system} has no amazon-efs-utils, which mount a file system of EFS"
        yield Finding(
            _SHARED,
            f"{what}, want instance.os: {MOUNTS}, or the folder that your own image (instance.ami) mounts",
            (("instance", "os"),),
        )


def a_folder_apart_from_the_engine(cluster: Cluster) -> Iterator[Finding]:
    """Demand a shared folder that is not the engine's, and neither within the other: the next version replaces that."""
    own = _of(cluster)
    folder = mounted(cluster) if own else None
    if own is None or folder is None:
        return
    if f"{folder}/".startswith(f"{own.home}/") or f"{own.home}/".startswith(f"{folder}/"):
        what = f"got '{own.home}', which is not apart from {folder}, the folder that all nodes share, want another"
        yield Finding(("axonivy", "home"), what, (_SHARED,))


def a_secret_of_the_cluster(cluster: Cluster) -> Iterator[Finding]:
    """Demand the database's secret in the cluster's region and account: nodes ask Secrets Manager there."""
    own = _of(cluster)
    if own and own.database:
        yield from elsewhere(cluster, ("axonivy", "database", "secret"), "secret", own.database.secret)


def a_way_to_the_database(cluster: Cluster) -> Iterator[Finding]:
    """Demand a way out of a VPC of the cluster's own: no endpoint leads to a database, and none is made in there."""
    if _of(cluster) and cluster.network.vpc is None and cluster.network.egress == "endpoints":
        what = "got 'endpoints', by which no node of a VPC of the cluster's own reaches its database"
        want = "want nat or nat-per-zone, or network.vpc: a VPC from which the database is reached"
        yield Finding(("network", "egress"), f"{what}, {want}", (("axonivy", "database"), ("network", "vpc")))


AXONIVY_RULES: Final = (
    what_no_cluster_of_engines_is_without,
    weights_that_ports_can_say,
    room_for_the_connectors,
    a_cookie_that_the_engine_sets,
    a_system_with_the_engines_java,
    a_folder_that_nodes_can_mount,
    a_system_that_mounts_file_systems_of_efs,
    a_folder_apart_from_the_engine,
    a_secret_of_the_cluster,
    a_way_to_the_database,
)

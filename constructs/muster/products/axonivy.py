"""Axon.ivy: engines that share a database and a folder, behind a balancer that sends some more users than others.

After Axon.ivy's "Axon.ivy Cluster"; what it does by workers and AJP, a load balancer does by HTTP and further ports.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

from pydantic import Field

from muster import weights
from muster.aws_names import partition_of
from muster.checking import Check, checked, not_wanted
from muster.fields import Block, Home, NodeName, OutsidePorts
from muster.fields import Port as PortNumber
from muster.products.axonivy_engines import FORM, JSESSIONID, VERSION, Engine, engine, fault
from muster.products.axonivy_fields import LicenceFile, SharedFolder, SystemDatabase, ports_of
from muster.products.product import Port, Product, Reach
from muster.products.users_ports import TLS, https, users_ports

if TYPE_CHECKING:
    from muster.spec.model import Cluster

MOUNTED: Final = "/mnt/axonivy"
"""Where a node mounts a file system of EFS."""

LICENCE: Final = "/etc/muster/axonivy.lic"
"""Where a node has the licence, before the engine gets it."""

NFS: Final = 2049
"""The port of the servers whose folder an own image mounts, wherever they are; the way to EFS is made with it."""


def _weight(value: Any) -> int:
    if type(value) is int and value >= 1:
        return value
    raise not_wanted(value, weights.WANT)


Weight = Annotated[int, Check(weights.WANT, _weight, {"minimum": 1})]


class AxonIvy(Block):
    """Which Axon.ivy engine this is, what its nodes share, and how users spread over them."""

    no_fields: ClassVar[Mapping[str, str]] = {
        "ajp": "the load balancer speaks HTTP with nodes, and AJP is off",
        "ajp_port": "the load balancer speaks HTTP with nodes, and AJP is off",
        "cookie": "it stands in balancer.stickiness.cookie",
        "lbfactor": "it stands in axonivy.weights",
        "multicast": "a VPC carries no multicast, so each engine is told the addresses of all",
        "route": "it is the node's name",
        "workers": "nodes have weights in axonivy.weights in place of workers",
    }

    version: Annotated[str, checked(fault, VERSION, pattern=f"^(?:{FORM})$")] | None = None
    """The engine's version, in quotes. It decides Java and the session cookie. Needed."""
    weights: Annotated[
        Mapping[NodeName, Weight],
        Check("a mapping of nodes to weights such as {a: 2, b: 1}"),
        Field(default_factory=dict),
    ]
    """How many of the new users each node gets beside the others, 1 if nothing is said; at most 5 times the least."""
    licence: LicenceFile | None = None
    """The path of the licence for as many nodes, relative to the cluster file. Needed."""
    database: SystemDatabase | None = None
    """The system database that all nodes share. Needed."""
    shared: SharedFolder | None = None
    """What all share files in: `efs` (made with the cluster), an EFS id, or your image's folder (by NFS). Needed."""
    outside: OutsidePorts = ()
    """The TCP ports of what engines reach beside database and folder, such as a search server's; 443 is open."""
    home: Home = "/opt/ivy"
    """The product's folder on a node."""
    http_port: PortNumber = 8080
    """The port on which an engine answers users. A heavier node takes them on further ones, in steps of 10."""
    tls_port: PortNumber = 8443
    """The port of a node's TLS front, with `balancer.to_nodes: https`. A heavier node has further ones as above."""
    jgroups_port: PortNumber = 7800
    """The port of the engines among themselves."""
    peer_port: PortNumber = 9181
    """The port on which the nodes tell each other whom they see."""
    readiness_port: PortNumber = 9180
    """The port on which a node tells the balancer whether it is ready."""


def engine_of(cluster: "Cluster") -> Engine | None:
    """Return what the version of `cluster` decides, or None where its file does not tell it."""
    version = cluster.block(AxonIvy).version
    return engine(version) if version else None


def taken(cluster: "Cluster") -> tuple[int, ...]:
    """Return the ports of a node that lead to no engine: a TLS front's first one is its own."""
    own = cluster.block(AxonIvy)
    fixed = own.jgroups_port, own.peer_port, own.readiness_port
    return (*fixed, own.tls_port) if https(cluster) else fixed


def first(cluster: "Cluster") -> tuple[int, tuple[int, ...]]:
    """Return the first port on which nodes get users, and those of a node that may be none of the further ones."""
    own = cluster.block(AxonIvy)
    return (own.tls_port, (*taken(cluster), *led(cluster))) if https(cluster) else (own.http_port, taken(cluster))


def most_connectors(cluster: "Cluster") -> int:
    """Return the number of ports of the heaviest node; 1 where the weights are such that the rules refuse them."""
    given, nodes = cluster.block(AxonIvy).weights, cluster.nodes
    return 1 if [*weights.refusals(given, nodes)] else max(weights.reduced(given, nodes).values(), default=1)


def connectors(cluster: "Cluster") -> Mapping[str, tuple[int, ...]]:
    """Return the ports on which each node gets users, by its name: as many as its weight, reduced."""
    own, most = cluster.block(AxonIvy), most_connectors(cluster)
    base, others = first(cluster)
    if most == 1 or weights.crowded(base, most, others):
        return dict.fromkeys(cluster.nodes, (base,))
    return weights.spread(own.weights, cluster.nodes, base, others)


def led(cluster: "Cluster") -> tuple[int, ...]:
    """Return the ports that every node leads to its engine, the engine's own first: all that weights may ever take.

    So none is written when a weight rises, and a target answers from its first moment on.
    """
    return weights.room(cluster.block(AxonIvy).http_port, weights.MOST, taken(cluster))


def fronts(cluster: "Cluster") -> tuple[int, ...]:
    """Return the ports that every node leads to its TLS front, the front's own first; none where it has no front."""
    base, others = first(cluster)
    return weights.room(base, weights.MOST, others) if https(cluster) else ()


def mounted(cluster: "Cluster") -> str | None:
    """Return the folder that all nodes of `cluster` share, or None where its file tells none."""
    shared = cluster.block(AxonIvy).shared
    return shared if shared is None or shared.startswith("/") else MOUNTED


def address(cluster: "Cluster") -> str | None:
    """Return the address by which users come, as the engine writes it into links; None where no name is known."""
    domain, scheme = cluster.balancer.domain, "https" if cluster.balancer.certificate else "http"
    return f"{scheme}://{domain.name}" if domain else None


def told(cluster: "Cluster", node: str) -> Mapping[str, Any]:
    """Return the settings of the node called `node`: those of all, with its own route and connectors."""
    common = dict(_settings(cluster))
    own = common.pop("nodes")[node]
    return {**common, **own}


def _settings(cluster: "Cluster") -> Mapping[str, Any]:
    """One document is for all nodes: what differs stands in `nodes` by name."""
    own = cluster.block(AxonIvy)
    if own.version is None or own.database is None or own.shared is None or own.licence is None:
        raise ValueError(f"the engine of {cluster.name} is not known as a whole")
    driver = {"driver": own.database.driver} if own.database.driver else {}
    users, ports, secured = address(cluster), led(cluster), fronts(cluster)
    return {
        "home": own.home,
        "version": own.version,
        "jgroups": own.jgroups_port,
        "database": {"url": own.database.url, **driver},
        "shared": mounted(cluster),
        "licence": LICENCE,
        **({"address": users} if users else {}),
        **({"fronts": [*secured]} if secured else {}),
        "nodes": {name: {"route": name, "connectors": [*ports]} for name in cluster.nodes},
    }


def _ports(cluster: "Cluster") -> tuple[Port, ...]:
    own = cluster.block(AxonIvy)
    return (
        *users_ports(cluster, Port("http", own.http_port, "axonivy.http_port", Reach.BALANCER), own.tls_port),
        Port("jgroups", own.jgroups_port, "axonivy.jgroups_port", Reach.MEMBERS),
        Port("peer", own.peer_port, "axonivy.peer_port", Reach.MEMBERS),
        Port("readiness", own.readiness_port, "axonivy.readiness_port", Reach.BALANCER),
    )


def _java(cluster: "Cluster") -> tuple[int, ...]:
    found = engine_of(cluster)
    return (found.java,) if found else (11, 17, 21)


def _ways_out(cluster: "Cluster") -> tuple[int, ...]:
    own = cluster.block(AxonIvy)
    mounts = {NFS} if own.shared and own.shared.startswith("/") else set[int]()
    return tuple(sorted({*mounts, *(ports_of(own.database.url) if own.database else ()), *own.outside}))


def _given_secrets(cluster: "Cluster") -> Mapping[str, str]:
    database = cluster.block(AxonIvy).database
    return {"database": database.secret} if database else {}


def _shared_files(cluster: "Cluster") -> str | None:
    shared = cluster.block(AxonIvy).shared
    return None if shared is None or shared.startswith("/") else shared


def _defaults(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what follows from what stands in the file as the product's block, whatever that is."""
    block = values.get("axonivy")
    version = block.get("version") if isinstance(block, dict) else None
    found = engine(version) if isinstance(version, str) and not fault(version) else None
    return {
        "instance": {"java": found.java if found else 17},
        "balancer": {"stickiness": {"cookie": found.cookie if found else JSESSIONID}},
    }


def _start(region: str) -> Mapping[str, Any]:
    secret = f"arn:{partition_of(region)}:secretsmanager:{region}:123456789012:secret:ivy-AbCdEf"
    return {
        "version": "12.0.9",
        "licence": "artifacts/axonivy.lic",
        "database": {"url": "jdbc:postgresql://db.example.org:5432/ivy", "secret": secret},
        "shared": "efs",
    }


PRODUCT: Final = Product(
    name="axonivy",
    title="Axon.ivy Engine",
    field="axonivy",
    block=AxonIvy,
    nodes=range(2, 9),
    java=_java,
    defaults=_defaults,
    serving="http",
    secured=TLS,
    readiness="readiness",
    secrets=(),
    ports=_ports,
    settings=_settings,
    ways_out=_ways_out,
    licence=lambda cluster: cluster.block(AxonIvy).licence,
    given_secrets=_given_secrets,
    shared_files=_shared_files,
    weighed=connectors,
    memory=2,  # a heap of 1 GiB, and Java needs as much beside it
    example="artifacts/axonivy-engine-12.0.9.zip",
    archive=".zip",
    start=_start,
    examples={"weights": {"a": 2, "b": 1}, "database.driver": "org.postgresql.Driver", "outside": [9200]},
)

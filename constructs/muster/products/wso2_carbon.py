"""WSO2 Carbon: servers whose Hazelcast members find each other by the EC2 API, behind a balancer.

After WSO2's "Clustering Carbon products on Amazon EC2", in the order of what each kernel's engine really does.
"""

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from muster.checking import checked, matching, one_of, whole_number
from muster.fields import Block, CertificatesFile, DomainName, Home, ProxyHost, Truth
from muster.fields import Port as PortNumber
from muster.names import CLUSTER_TAG, security_group_name
from muster.products.product import Discovery, Port, Product, Reach
from muster.products.wso2_kernels import KERNEL, VERSIONS, Generation, fault, generation, kernel_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from muster.spec.model import Cluster

HTTP: Final = 9763
HTTPS: Final = 9443
"""The product's own ports, without an offset."""

SHORTEST: Final = 30
"""Seconds of silence below which pauses of a Java machine, or of its host, part a cluster."""

DEFAULT_JAVA: Final = 17
"""Taken where the kernel runs with it, else the newest that it runs with."""


class Proxy(Block):
    """The way of HTTPS to the EC2 API, where there is no other."""

    host: ProxyHost
    """The proxy's name or address: no URL, no user, no password."""
    port: Annotated[int, whole_number(1, 65535, "a port from 1 to 65535")]
    """The proxy's port."""


class Wso2Carbon(Block):
    """Which WSO2 Carbon this is, and how its members find each other."""

    kernel: Annotated[str, checked(fault, KERNEL)] | None = None
    """The number of the product's Carbon kernel, in place of `name` and `version`."""
    name: Annotated[str, one_of(*VERSIONS)] | None = None
    """The product by its short name, if Muster knows the kernel of its version."""
    version: Annotated[str, matching(r"\d{1,3}(\.\d{1,4}){1,3}", "a version such as 5.3.0")] | None = None
    """The product's version."""
    membership: Annotated[Literal["aws", "wka"], one_of("aws", "wka")] = "aws"
    """Whether members ask the EC2 API for each other, or know each other's addresses (well-known addresses)."""
    domain: DomainName | None = None
    """The name of the Hazelcast cluster. The default is the cluster's own."""
    home: Home = "/opt/wso2"
    """The product's folder on a node."""
    http_port: Annotated[int, whole_number(HTTP, 65535, "a port from 9763 to 65535")] = HTTP
    """The port on which the product answers users; its other ports move with it by the same offset."""
    member_port: PortNumber | None = None
    """The port of the Hazelcast members. The default is one that the kernel's engine asks: 4000 or 5701."""
    peer_port: PortNumber = 9181
    """The port on which the nodes tell each other whom they see."""
    readiness_port: PortNumber = 9180
    """The port on which a node tells the balancer whether it is ready."""
    heartbeat: Annotated[int, whole_number(5, 600, "whole seconds from 30 to 600")] = 60
    """Seconds of silence after which a member counts as gone."""
    short_heartbeat: Truth = False
    """Whether `heartbeat` may be as short as 5 seconds, as in a rehearsal: pauses of a Java machine part a cluster."""
    proxy: Proxy | None = None
    """A proxy for the product's own HTTPS calls, the EC2 API's among them."""
    trust: CertificatesFile | None = None
    """The path of a PEM file, relative to the cluster file: certificates that the product trusts beside its own."""


def kernel(cluster: "Cluster") -> str | None:
    """Return the number of the kernel of `cluster`, or None where its file does not tell it."""
    return _kernel(cluster.block(Wso2Carbon))


def _kernel(own: Wso2Carbon) -> str | None:
    return own.kernel or kernel_of(own.name or "", own.version or "")


def generation_of(cluster: "Cluster") -> Generation | None:
    """Return what the kernel of `cluster` has in common with others, or None where its file does not tell it."""
    number = kernel(cluster)
    return generation(number) if number else None


def known(cluster: "Cluster") -> Generation:
    """Return the generation of a cluster that the rules have passed; raises `ValueError` for another."""
    found = generation_of(cluster)
    if found is None:
        raise ValueError(f"the kernel of {cluster.name} is not known")
    return found


def engine(cluster: "Cluster") -> str:
    """Return the version of the Hazelcast that the kernel of `cluster` has in it."""
    return known(cluster).engine


def credentials(cluster: "Cluster") -> str:
    """Return with what the members ask the EC2 API: role, bridge, keys, or none."""
    found = generation_of(cluster)
    return found.credentials if found and cluster.block(Wso2Carbon).membership == "aws" else "none"


def member_port(cluster: "Cluster") -> int:
    """Return the port of the members: the file's, else one that the engine asks."""
    own, found = cluster.block(Wso2Carbon), generation_of(cluster)
    return own.member_port or (found.port if found else 5701)


def _discovery(cluster: "Cluster") -> Discovery:
    kinds = {"role": Discovery.OWN_ROLE, "bridge": Discovery.ROLE_ALONE, "keys": Discovery.USER}
    return kinds.get(credentials(cluster), Discovery.NONE)


def _java(cluster: "Cluster") -> tuple[int, ...]:
    found = generation_of(cluster)
    return found.java if found else (8, 11, 17, 21)


def _defaults(values: "Mapping[str, Any]") -> "Mapping[str, Any]":
    return {
        "instance": {"java": _default_java(values.get("wso2"))},
        "balancer": {"stickiness": {"cookie": "JSESSIONID"}},
    }


def _default_java(block: Any) -> int:
    """Return the Java for what stands in the file as the product's block, whatever that is."""
    texts = {name: each for name, each in block.items() if isinstance(each, str)} if isinstance(block, dict) else {}
    number = texts.get("kernel") or kernel_of(texts.get("name", ""), texts.get("version", ""))
    if not number or fault(number):
        return DEFAULT_JAVA
    java = generation(number).java
    return DEFAULT_JAVA if DEFAULT_JAVA in java else max(java)


def _ports(cluster: "Cluster") -> tuple[Port, ...]:
    own = cluster.block(Wso2Carbon)
    return (
        Port("http", own.http_port, "wso2.http_port", Reach.BALANCER),
        # the balancer speaks plain HTTP to nodes, and nobody else reaches them
        Port("https", HTTPS + own.http_port - HTTP, "wso2.http_port", Reach.NOBODY),
        Port("member", member_port(cluster), "wso2.member_port", Reach.MEMBERS, _asked(cluster)),
        Port("peer", own.peer_port, "wso2.peer_port", Reach.MEMBERS),
        Port("readiness", own.readiness_port, "wso2.readiness_port", Reach.BALANCER),
    )


def _asked(cluster: "Cluster") -> range | None:
    """Return the ports that the engine tries at each address that it discovers; it is told well-known ones."""
    found = generation_of(cluster)
    if found is None or cluster.block(Wso2Carbon).membership != "aws":
        return None
    port = member_port(cluster)
    return found.probed or range(port, port + 3)


def _settings(cluster: "Cluster") -> "Mapping[str, Any]":
    own, found = cluster.block(Wso2Carbon), known(cluster)
    proxy = {"proxy": {"host": own.proxy.host, "port": own.proxy.port}} if own.proxy else {}
    return {
        "home": own.home,
        "kernel": kernel(cluster),
        "engine": engine(cluster),
        "spelling": found.spelling,
        "agent": found.agent,
        "config": found.config,
        "credentials": credentials(cluster),
        "membership": own.membership,
        "domain": own.domain or cluster.name,
        "security_group": security_group_name(cluster.name),
        "tag_key": CLUSTER_TAG,
        "tag_value": cluster.name,
        "heartbeat": own.heartbeat,
        **proxy,
    }


def _ways_out(cluster: "Cluster") -> tuple[int, ...]:
    proxy = cluster.block(Wso2Carbon).proxy
    return (proxy.port,) if proxy else ()


def asks_by_name(region: str) -> bool:
    """Return whether the EC2 API of `region` has the name that the engines ask for: ec2.REGION.amazonaws.com."""
    return not region.startswith("cn-")


def _start(region: str) -> "Mapping[str, Any]":
    return {"kernel": "4.10.126", **({} if asks_by_name(region) else {"membership": "wka"})}


PRODUCT = Product(
    name="wso2-carbon",
    title="WSO2 Carbon",
    field="wso2",
    block=Wso2Carbon,
    nodes=range(2, 17),
    java=_java,
    defaults=_defaults,
    discovery=_discovery,
    serving="http",
    readiness="readiness",
    secrets=(),
    ports=_ports,
    settings=_settings,
    ways_out=_ways_out,
    trust=lambda cluster: cluster.block(Wso2Carbon).trust,
    memory=2,  # the product's own start script asks for a heap of 256 MiB to 1 GiB, and Java needs as much beside it
    example="artifacts/wso2-carbon-4.10.126.zip",
    archive=".zip",
    start=_start,
    examples={
        "domain": "wso2.carbon.domain",
        "member_port": 5701,
        "proxy": {"host": "proxy.example.org", "port": 3128},
        "trust": "artifacts/ca.pem",
    },
)

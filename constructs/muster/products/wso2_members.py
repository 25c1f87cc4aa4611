"""What all products on WSO2 Carbon have in common: how their Hazelcast members find each other, and their ports.

After WSO2's "Clustering Carbon products on Amazon EC2", in the order of what each kernel's engine really does.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from muster.checking import one_of, whole_number
from muster.fields import Block, CertificatesFile, DomainName, Home, OutsidePorts, ProxyHost, Truth
from muster.fields import Port as PortNumber
from muster.names import CLUSTER_TAG, security_group_name
from muster.products.product import Discovery, Port, Reach
from muster.products.wso2_kernels import Generation, generation

if TYPE_CHECKING:
    from muster.spec.model import Cluster

HTTP: Final = 9763
HTTPS: Final = 9443
"""The product's own ports, without an offset."""

JMX: Final = (9999, 11111)
"""Two further ones of the product, which move by the same offset (carbon.xml: RMIRegistryPort, RMIServerPort)."""

HTTP_PORT: Final = whole_number(
    HTTP, 65535 - JMX[1] + HTTP, f"a port from {HTTP} to {65535 - JMX[1] + HTTP} (JMX's {JMX[1]} moves with it)"
)

BRIDGE: Final = 9182
"""Where a node offers its discovery role to engines that do not know the metadata service of today."""

SHORTEST: Final = 30
"""Seconds of silence below which pauses of a Java machine, or of its host, part a cluster."""


class Proxy(Block):
    """The way of HTTPS to the EC2 API, where there is no other."""

    host: ProxyHost
    """The proxy's name or address: no URL, no user, no password."""
    port: Annotated[int, whole_number(1, 65535, "a port from 1 to 65535")]
    """The proxy's port."""


class Wso2Members(Block):
    """How the members find each other. What a product's block has beside it tells the kernel."""

    membership: Annotated[Literal["aws", "wka"], one_of("aws", "wka")] = "aws"
    """Whether members ask the EC2 API for each other, or know each other's addresses (well-known addresses)."""
    domain: DomainName | None = None
    """The name of the Hazelcast cluster. The default is the cluster's own."""
    home: Home = "/opt/wso2"
    """The product's folder on a node."""
    http_port: Annotated[int, HTTP_PORT] = HTTP
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
    outside: OutsidePorts = ()
    """The TCP ports of what servers reach beside proxy, database and repository, such as a backend's; 443 is open."""
    trust: CertificatesFile | None = None
    """The path of a PEM file, relative to the cluster file: certificates that the product trusts beside its own."""

    @property
    def kernel_number(self) -> str | None:
        """The number of the product's Carbon kernel, None where the block does not tell it."""
        raise NotImplementedError


def kernel(cluster: "Cluster") -> str | None:
    """Return the number of the kernel of `cluster`, or None where its file does not tell it."""
    return cluster.block(Wso2Members).kernel_number


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
    return found.credentials if found and cluster.block(Wso2Members).membership == "aws" else "none"


def member_port(cluster: "Cluster") -> int:
    """Return the port of the members: the file's, else one that the engine asks."""
    own, found = cluster.block(Wso2Members), generation_of(cluster)
    return own.member_port or (found.port if found else 5701)


def kept(cluster: "Cluster") -> Mapping[int, str]:
    """Return the ports of a node that no field names, with what has them."""
    offset = cluster.block(Wso2Members).http_port - HTTP
    bridge = {BRIDGE: "the bridge to the metadata service"} if credentials(cluster) == "bridge" else {}
    return {**{port + offset: "the server's JMX" for port in JMX}, **bridge}


def discovery(cluster: "Cluster") -> Discovery:
    """Return with what leave the members find each other."""
    kinds = {"role": Discovery.OWN_ROLE, "bridge": Discovery.ROLE_ALONE, "keys": Discovery.USER}
    return kinds.get(credentials(cluster), Discovery.NONE)


def java(cluster: "Cluster") -> tuple[int, ...]:
    """Return the versions of Java with which the kernel runs; all of them where it is not known."""
    found = generation_of(cluster)
    return found.java if found else (8, 11, 17, 21)


def ports(cluster: "Cluster", users: str) -> tuple[Port, ...]:
    """Return the product's ports, of which the balancer reaches the one called `users` (http, https) and readiness."""
    own, field = cluster.block(Wso2Members), cluster.about.field
    offset = own.http_port - HTTP
    reach = {each: Reach.BALANCER if each == users else Reach.NOBODY for each in ("http", "https")}
    return (
        Port("http", own.http_port, f"{field}.http_port", reach["http"]),
        Port("https", HTTPS + offset, f"{field}.http_port", reach["https"]),
        Port("member", member_port(cluster), f"{field}.member_port", Reach.MEMBERS, _asked(cluster)),
        Port("peer", own.peer_port, f"{field}.peer_port", Reach.MEMBERS),
        Port("readiness", own.readiness_port, f"{field}.readiness_port", Reach.BALANCER),
    )


def _asked(cluster: "Cluster") -> range | None:
    """Return the ports that the engine tries at each address that it discovers; it is told well-known ones."""
    found = generation_of(cluster)
    if found is None or cluster.block(Wso2Members).membership != "aws":
        return None
    port = member_port(cluster)
    return found.probed or range(port, port + 3)


def settings(cluster: "Cluster") -> Mapping[str, Any]:
    """Return what nodes are told of the clustering."""
    own, found = cluster.block(Wso2Members), known(cluster)
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


def ways_out(cluster: "Cluster") -> tuple[int, ...]:
    """Return the port of the proxy, if there is one, and those that the file says."""
    own = cluster.block(Wso2Members)
    return tuple(sorted({*([own.proxy.port] if own.proxy else []), *own.outside}))


def asks_by_name(region: str) -> bool:
    """Return whether the EC2 API of `region` has the name that the engines ask for: ec2.REGION.amazonaws.com."""
    return not region.startswith("cn-")

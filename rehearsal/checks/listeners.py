"""What may listen on a node of each product: by port, by address, by program.

Whatever is open to more than loopback, and to nobody by the cluster's file, the security group shuts.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from muster.products.users_ports import TLS, encrypted

if TYPE_CHECKING:
    from muster.spec import Cluster

TCP, UDP = "tcp", "udp"
LOOPBACK, OWN, ALL = "loopback", "its own address", "all addresses"
WIDER = (LOOPBACK, OWN, ALL)
"""Where something listens; each is open to more than the one before."""
JAVA, PYTHON, SVN, FRONT = "java", "python3", "svnserve", "haproxy"
NAMED = {
    "http": (ALL, JAVA),
    "https": (ALL, JAVA),
    "member": (ALL, JAVA),
    "jgroups": (ALL, JAVA),
    "database": (OWN, PYTHON),
    "peer": (OWN, PYTHON),
    "readiness": (OWN, PYTHON),
    "svn": (OWN, SVN),
    TLS: (OWN, FRONT),
    "between": (OWN, FRONT),
}
"""Where each port of a product is open, and whose it is."""
BRIDGE = 9182
OFFSET_FROM = 9763
RANDOM = (32768, 60999)
"""The ports that the kernel gives whoever asks for none of its own (ip_local_port_range)."""


@dataclass(frozen=True)
class Listener:
    """Something that listens on `node`, or (`known`) may: a protocol, ports `first` to `last`, and a program.

    `why` says what a known one is for. `needed`: without it nothing was seen.
    """

    node: str
    protocol: str
    first: int
    last: int
    where: str
    program: str
    known: bool = False
    why: str = ""
    needed: bool = False


def table(cluster: "Cluster") -> list[Listener]:
    """Return what may listen on a node of `cluster`; it has no node's name yet."""
    ports = [(port.name, port.number) for port in cluster.about.ports(cluster)]
    needed = {cluster.about.readiness, "peer"}
    named = [_known(name, number, number, *NAMED[name], needed=name in needed) for name, number in ports]
    return [*named, *_more(cluster, dict(ports))]


def leaving(cluster: "Cluster") -> list[Listener]:
    """Return the TLS front that a node keeps for a while after `balancer.to_nodes: https` has become http."""
    ports = cluster.about.ports(encrypted(cluster))
    why = "the TLS front, until the end of its two hours"
    return [_known(why, port.number, port.number, *NAMED[port.name]) for port in ports if port.name == TLS]


def _known(why: str, first: int, last: int, where: str, program: str, *, needed: bool = False) -> Listener:
    return Listener("", TCP, first, last, where, program, known=True, why=why, needed=needed)


def _more(cluster: "Cluster", ports: dict[str, int]) -> list[Listener]:
    """Return what a product opens besides: shut by the security group where it is not on loopback."""
    if cluster.product == "as400gateway":
        return [_known("the H2 server itself, behind its gate", ports["database"], ports["database"], LOOPBACK, JAVA)]
    if cluster.product == "kaazing":
        return [_known("JMX, where the configuration asks for it", 2020, 2020, LOOPBACK, JAVA)]
    return _of_carbon(ports["http"] - OFFSET_FROM) if cluster.product.startswith("wso2") else _of_jgroups()


def _of_jgroups() -> list[Listener]:
    """Return what JGroups opens besides its port: its answers to probes (JGroups manual, "Probe"), by UDP alone."""
    probes = _known("JGroups: what answers probes", 7500, 7500, OWN, JAVA)
    return [
        replace(probes, protocol=UDP),
        replace(_known("JGroups: a random port of the same", *RANDOM, ALL, JAVA), protocol=UDP),
    ]


def _of_carbon(offset: int) -> list[Listener]:
    """Return what products on Carbon open besides (WSO2, "Default Ports of WSO2 Products"): random ones, too."""
    fixed = {9999: "JMX: the server", 11111: "JMX: the registry", 10389: "embedded LDAP", 8000: "embedded KDC"}
    chance = _known("JMX: a random port of Java's own agent", *RANDOM, ALL, JAVA)
    return [
        *(_known(why, port + offset, port + offset, ALL, JAVA) for port, why in fixed.items()),
        chance,
        replace(chance, protocol=UDP, why="the syslog appender's random port"),
        _known("credentials for an engine without IMDSv2", BRIDGE, BRIDGE, LOOPBACK, PYTHON),
    ]

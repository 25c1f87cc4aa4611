"""On every node nothing listens but what the tables here name: by port, by address, by program.

Seen from inside, where no security group hides anything.
"""

import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rehearsal.checks.check import Check
from rehearsal.checks.result import Finding, invalid, unknown, valid
from rehearsal.checks.scene import Member, Scene

if TYPE_CHECKING:
    from muster.spec import Cluster

TCP, UDP = "tcp", "udp"
LOOPBACK, OWN, ALL = "loopback", "its own address", "all addresses"
WIDER = (LOOPBACK, OWN, ALL)
"""Where something listens; each is open to more than the one before."""
JAVA, PYTHON, SVN = "java", "python3", "svnserve"
NAMED = {
    "http": (ALL, JAVA),
    "https": (ALL, JAVA),
    "member": (ALL, JAVA),
    "jgroups": (ALL, JAVA),
    "database": (OWN, PYTHON),
    "peer": (OWN, PYTHON),
    "readiness": (OWN, PYTHON),
    "svn": (OWN, SVN),
}
"""Where each port of a product is open, and whose it is."""
BRIDGE = 9182
OFFSET_FROM = 9763
RANDOM = (32768, 60999)
"""The ports that the kernel gives whoever asks for none of its own (ip_local_port_range)."""
METADATA = "169.254.169.254"
PATIENCE = 20.0


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


def _known(why: str, first: int, last: int, where: str, program: str, *, needed: bool = False) -> Listener:
    return Listener("", TCP, first, last, where, program, known=True, why=why, needed=needed)


def _more(cluster: "Cluster", ports: dict[str, int]) -> list[Listener]:
    """Return what a product opens besides: shut by the security group where it is not on loopback."""
    if cluster.product == "as400gateway":
        return [_known("the H2 server itself, behind its gate", ports["database"], ports["database"], LOOPBACK, JAVA)]
    if cluster.product == "kaazing":
        return [_known("JMX, where the configuration asks for it", 2020, 2020, LOOPBACK, JAVA)]
    return _of_carbon(ports["http"] - OFFSET_FROM) if cluster.product.startswith("wso2") else []


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


def record(scene: Scene) -> Iterable[Listener]:
    """Ask the kernel of every node at once; what may listen there comes first."""
    known = table(scene.cluster)
    with ThreadPoolExecutor(max_workers=len(scene.members)) as crowd:
        seen = list(crowd.map(lambda member: _seen(scene, member), scene.members))
    allowed = [replace(each, node=member.name) for member in scene.members for each in known]
    return [*allowed, *(each for own in seen for each in own)]


def _seen(scene: Scene, member: Member) -> list[Listener]:
    return listeners(member.name, scene.run_in(member, ["ss", "-H", "-l", "-n", "-t", "-u", "-p"], within=PATIENCE))


def listeners(node: str, said: str) -> list[Listener]:
    """Return what ss(8) lists, but for the metadata service, which is this machine's and lies in the host's network."""
    found = []
    for line in said.splitlines():
        protocol, _, _, _, local, *more = line.split()
        address, _, port = local.rpartition(":")
        if address == METADATA and not more[1:]:
            continue
        owner = re.search(r'users:\(\("([^"]+)"', line)
        number = int(port)
        found.append(Listener(node, protocol, number, number, place(address), owner[1] if owner else "nobody known"))
    return found


def place(address: str) -> str:
    """Return how far an address that ss shows is open."""
    plain = address.partition("%")[0].strip("[]").removeprefix("::ffff:")
    if plain.startswith("127.") or plain == "::1":
        return LOOPBACK
    return ALL if plain in {"*", "0.0.0.0", "::"} else OWN  # noqa: S104 - what is seen, nothing is bound


def judge(found: Sequence[Listener]) -> Finding:
    """Call whatever listens and is in no table a broken promise; without what must listen nothing was seen."""
    known, seen = ([each for each in found if each.known is wanted] for wanted in (True, False))
    if strange := [each for each in seen if not any(_is(each, other) for other in known)]:
        return invalid("; ".join(f"{_told(each)}, which no table names" for each in strange))
    lacking = [each for each in known if each.needed and not any(_is(other, each) for other in seen)]
    if lacking or not any(each.needed for each in known):
        missing = [f"{each.why} ({each.first}) of node {each.node}" for each in lacking]
        return unknown(f"not seen to listen: {', '.join(missing) or 'anything that must'}")
    inside = sum(each.where == LOOPBACK for each in seen)
    nodes = len({each.node for each in seen})
    return valid(
        f"{len(seen)} sockets listen on {nodes} nodes, {inside} of them on loopback alone; each is in the table"
    )


def _is(seen: Listener, known: Listener) -> bool:
    """Tell whether what was seen is what is known, open as far as that or less."""
    return (
        (seen.node, seen.protocol, seen.program) == (known.node, known.protocol, known.program)
        and known.first <= seen.first <= known.last
        and WIDER.index(seen.where) <= WIDER.index(known.where)
    )


def _told(each: Listener) -> str:
    return f"{each.program} of node {each.node} listens on {each.where}, {each.protocol} {each.first}"


CHECK = Check("nothing listens on a node but what the tables name", Listener, record, judge)

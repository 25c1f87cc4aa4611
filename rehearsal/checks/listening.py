"""On every node nothing listens but what the tables (`listeners`) name: by port, by address, by program.

Seen from inside, where no security group hides anything.
"""

import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from rehearsal.checks.check import Check
from rehearsal.checks.listeners import ALL, LOOPBACK, OWN, WIDER, Listener, leaving, table
from rehearsal.checks.result import Finding, invalid, unknown, valid
from rehearsal.checks.scene import Member, Scene

METADATA = "169.254.169.254"
ENDING = "muster-tls-end"
"""The timer on a node that ends a TLS front which is wanted no more (musternode.tls.front)."""
PATIENCE = 20.0


def record(scene: Scene) -> Iterable[Listener]:
    """Ask the kernel of every node at once; what may listen there comes first."""
    with ThreadPoolExecutor(max_workers=len(scene.members)) as crowd:
        known = list(crowd.map(lambda member: _known(scene, member), scene.members))
        seen = list(crowd.map(lambda member: _seen(scene, member), scene.members))
    return [each for own in (*known, *seen) for each in own]


def _known(scene: Scene, member: Member) -> list[Listener]:
    """Return what may listen on a node; a front that is wanted no more may while the timer runs that ends it."""
    ending = ["systemctl", "show", "--property=ActiveState", "--value", f"{ENDING}.timer"]
    left = leaving(scene.cluster) if scene.run_in(member, ending, within=PATIENCE).strip() == "active" else []
    return [replace(each, node=member.name) for each in (*table(scene.cluster), *left)]


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

"""Between the nodes of a pair TLS alone is spoken, and a front lets nobody in but the other node.

Tried from the other node's place, which alone reaches the port at all: without a certificate, with one of a stranger's
authority that bears that node's name, and, as the control, with the node's own.
"""

import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

from rehearsal.checks.check import Check
from rehearsal.checks.result import Finding, invalid, unknown, valid
from rehearsal.checks.scene import Member, Scene

PROGRAM = Path(__file__).with_name("inside_between.py")
NOTHING, PLAIN, STRANGER, OWN, PAST = "no certificate", "plain text", "a stranger's certificate", "its own", "past it"
CLAIMS = (NOTHING, PLAIN, STRANGER, OWN, PAST)
"""What comes to a front, and last what comes to the plain port past the fronts' rules."""
LET_IN, TURNED_AWAY, SILENT = "let in", "turned away", "silent"
VERSION = "TLSv1.3"
PATIENCE = 40.0


@dataclass(frozen=True)
class Claim:
    """What `origin` brought to node `target` (one of `CLAIMS`), and what came of it; `version` is that of TLS."""

    origin: str
    target: str
    brought: str
    outcome: str
    version: str = ""


def record(scene: Scene) -> Iterable[Claim]:
    """Let each node try the other one, both at once."""
    with ThreadPoolExecutor() as crowd:
        found = list(crowd.map(lambda two: _tried(scene, *two), permutations(scene.members, 2)))
    return [claim for claims in found for claim in claims]


def _tried(scene: Scene, member: Member, other: Member) -> list[Claim]:
    places = {"name": member.name, "other": other.name, "address": other.address, "own": member.address}
    order = {**places, "port": scene.port("between"), "plain": scene.port("peer")}
    said = scene.run_in(member, ["python3", "-c", PROGRAM.read_text()], text=json.dumps(order), within=PATIENCE)
    return [Claim(member.name, other.name, **json.loads(line)) for line in said.splitlines()]


def judge(claims: Sequence[Claim]) -> Finding:
    """Call whatever is let in without the authority's certificate a broken promise, and any way past the fronts."""
    if faults := [_told(each) for each in claims if each.brought != OWN and each.outcome not in _shut(each)]:
        return invalid("; ".join(faults))
    nodes = {each.target for each in claims}
    tried = {(each.target, each.brought) for each in claims}
    if lacking := [f"{node} with {claim}" for node in sorted(nodes) for claim in CLAIMS if (node, claim) not in tried]:
        return unknown(f"not tried: {', '.join(lacking)}")
    controls = [each for each in claims if each.brought == OWN]
    if deaf := [_told(each) for each in controls if each.outcome != LET_IN]:
        return unknown(f"nobody is let in at all: {'; '.join(deaf)}")
    if old := [_told(each) for each in controls if each.version != VERSION]:
        return invalid(f"{'; '.join(old)} by another version than {VERSION}")
    if len(nodes) < 2:
        return unknown("both nodes are needed, and were not tried")
    away = len(claims) - len(controls)
    return valid(f"{len(nodes)} nodes speak {VERSION} to each other alone; {away} others did not come in")


def _shut(each: Claim) -> tuple[str, ...]:
    """Return what may come of it: a security group answers nothing, a front does."""
    return (SILENT,) if each.brought == PAST else (TURNED_AWAY,)


def _told(each: Claim) -> str:
    return f"{each.origin} at node {each.target} with {each.brought} was {each.outcome} ({each.version or 'no TLS'})"


CHECK = Check("the nodes of the pair speak TLS to each other alone", Claim, record, judge)

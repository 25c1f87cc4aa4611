"""Who reaches what: nobody but the balancer and the members reach a node, and each only what it needs.

Silence alone proves nothing: the same ports are tried, in the same second, from where they must be open.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from rehearsal.checks.check import Check
from rehearsal.checks.result import Finding, invalid, unknown, valid
from rehearsal.checks.scene import Scene
from rehearsal.netns import connect_in

PATIENCE = 1.5
"""Seconds without any answer that count as silence; the kernel asks a second time after one."""

SSH = 22
VISITOR, BALANCER = "visitor", "balancer"
SILENT, OPEN, REFUSED = "silent", "open", "refused"


@dataclass(frozen=True)
class Attempt:
    """A TCP connection tried from `origin` (`visitor`, `balancer`, a member) to a port of `target`.

    `expected` and `outcome` are `open`, `silent` or `refused`; an outcome may also be what the kernel said.
    """

    origin: str
    target: str
    port: int
    expected: str
    outcome: str = ""


def record(scene: Scene) -> Iterable[Attempt]:
    """Try every port of every node from everywhere at once, and the balancer's listener from the visitor."""
    namespaces = {VISITOR: scene.visitor_namespace, BALANCER: scene.balancer.namespace}
    namespaces |= {member.name: member.namespace for member in scene.members}
    addresses = {BALANCER: scene.balancer.address} | {member.name: member.address for member in scene.members}

    def attempt(planned: Attempt) -> Attempt:
        outcome = _try(namespaces[planned.origin], (addresses[planned.target], planned.port))
        return Attempt(planned.origin, planned.target, planned.port, planned.expected, outcome)

    planned = plan(scene.balancer_ports(), scene.member_ports(), scene.listener_port)
    with ThreadPoolExecutor(max_workers=len(planned)) as crowd:
        return list(crowd.map(attempt, planned))


def plan(for_balancer: Mapping[str, Sequence[int]], for_members: Sequence[int], listener: int) -> list[Attempt]:
    """Return every attempt with what is expected of it: open where the product needs it, silent elsewhere.

    All members have one security group: it lets the balancer in on a port that another member alone serves, and there
    the member itself refuses. `for_balancer` are the ports of each member.
    """
    attempts = [Attempt(VISITOR, BALANCER, listener, OPEN)]
    of_balancer = sorted({port for ports in for_balancer.values() for port in ports})
    for target, own in for_balancer.items():
        for origin in (VISITOR, BALANCER, *for_balancer):
            needed = {VISITOR: (), BALANCER: own}.get(origin, for_members)
            refused = of_balancer if origin == BALANCER else ()
            attempts += [
                Attempt(origin, target, port, OPEN if port in needed else REFUSED if port in refused else SILENT)
                for port in (*of_balancer, *for_members, SSH)
                if origin != target
            ]
    return attempts


def judge(attempts: Sequence[Attempt]) -> Finding:
    """Any answer where silence is due is a broken promise; silence where an answer is due leaves it unproved."""
    if leaks := [attempt for attempt in attempts if _leaks(attempt)]:
        return invalid("; ".join(_told(leak) for leak in leaks))
    door = [attempt for attempt in attempts if (attempt.origin, attempt.target) == (VISITOR, BALANCER)]
    if any(attempt.outcome != OPEN for attempt in door):
        return invalid(f"a machine that is no member does not reach the balancer: {_told(door[0])}")
    if shut := [attempt for attempt in attempts if attempt.expected != SILENT and attempt.outcome != attempt.expected]:
        return unknown(f"silence proves nothing while those in need do not get through: {_told(shut[0])}")
    if missing := _unproved(attempts):
        return unknown(f"not tried: {', '.join(missing)}")
    silent = sum(attempt.expected == SILENT for attempt in attempts)
    refused = sum(attempt.expected == REFUSED for attempt in attempts)
    to_others = f", {refused} to ports of other nodes were refused" if refused else ""
    to_own = f"{len(attempts) - silent - refused} to the same nodes were open to those in need"
    return valid(f"{silent} connections vanished, {to_own}{to_others}")


def _leaks(attempt: Attempt) -> bool:
    return (
        attempt.outcome != SILENT
        if attempt.expected == SILENT
        else (attempt.expected, attempt.outcome) == (REFUSED, OPEN)
    )


def _unproved(attempts: Sequence[Attempt]) -> list[str]:
    """Return what makes a record incomplete: the way in, the visitor's attempts, a twin that answers for each port."""
    tried = {attempt.target for attempt in attempts if attempt.origin == VISITOR}
    answering = {(attempt.target, attempt.port) for attempt in attempts if attempt.expected != SILENT}
    missing = [] if BALANCER in tried else ["visitor to the balancer"]
    if not tried - {BALANCER}:
        missing.append("visitor to the nodes")
    return missing + [
        f"{attempt.target}:{attempt.port} from where it answers"
        for attempt in attempts
        if attempt.origin == VISITOR and attempt.port != SSH and (attempt.target, attempt.port) not in answering
    ]


def _told(attempt: Attempt) -> str:
    return f"{attempt.origin} to {attempt.target}:{attempt.port} was {attempt.outcome}, must be {attempt.expected}"


def _try(namespace: str, address: tuple[str, int]) -> str:
    started = time.monotonic()
    try:
        connect_in(namespace, address, PATIENCE).close()
    except TimeoutError:
        return SILENT
    except ConnectionRefusedError:
        return "refused"
    except OSError as answer:
        return f"{answer.strerror or answer} after {time.monotonic() - started:.1f} s"
    return OPEN


CHECK = Check("a host outside the security groups reaches nothing but the balancer", Attempt, record, judge)

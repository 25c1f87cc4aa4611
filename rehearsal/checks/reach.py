"""Who reaches what: nobody but the balancer and the members reach a node, and each only what it needs.

Silence alone proves nothing: the same ports are tried, in the same second, from where they must be open.
"""

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from rehearsal.checks.check import Check
from rehearsal.checks.result import Finding, invalid, unknown, valid
from rehearsal.checks.scene import Scene
from rehearsal.netns import connect_in

PATIENCE = 1.5
"""Seconds without any answer that count as silence; the kernel asks a second time after one."""

SSH = 22
VISITOR, BALANCER = "visitor", "balancer"
SILENT, OPEN = "silent", "open"


@dataclass(frozen=True)
class Attempt:
    """A TCP connection tried from `origin` (`visitor`, `balancer`, a member) to a port of `target`.

    `expected` is `open` or `silent`; `outcome` may also be `refused`, or what the kernel said. To a port that is `shut`
    nobody may come, so that no answer from elsewhere proves its silence.
    """

    origin: str
    target: str
    port: int
    expected: str
    outcome: str = ""
    shut: bool = False


def record(scene: Scene) -> Iterable[Attempt]:
    """Try every port of every node from everywhere at once, and the balancer's listener from the visitor."""
    namespaces = {VISITOR: scene.visitor_namespace, BALANCER: scene.balancer.namespace}
    namespaces |= {member.name: member.namespace for member in scene.members}
    addresses = {BALANCER: scene.balancer.address} | {member.name: member.address for member in scene.members}

    def attempt(planned: Attempt) -> Attempt:
        outcome = _try(namespaces[planned.origin], (addresses[planned.target], planned.port))
        return replace(planned, outcome=outcome)

    nodes = [member.name for member in scene.members]
    planned = plan(nodes, scene.balancer_ports(), scene.member_ports(), scene.listener_port, scene.unused_ports())
    with ThreadPoolExecutor(max_workers=len(planned)) as crowd:
        return list(crowd.map(attempt, planned))


def plan(
    nodes: Sequence[str], for_balancer: Sequence[int], for_members: Sequence[int], listener: int, unused: Sequence[int]
) -> list[Attempt]:
    """Return every attempt with what is expected of it: open where the product needs it, silent elsewhere.

    All members have one security group, so that the balancer reaches the port that one has for users on each of them.
    What nodes lead to their server for nobody (`unused`) is shut by the group alone.
    """
    attempts = [Attempt(VISITOR, BALANCER, listener, OPEN)]
    shut = (*unused, SSH)
    for target in nodes:
        for origin in (VISITOR, BALANCER, *(node for node in nodes if node != target)):
            needed = {VISITOR: (), BALANCER: for_balancer}.get(origin, for_members)
            attempts += [
                Attempt(origin, target, port, OPEN if port in needed else SILENT, shut=port in shut)
                for port in (*for_balancer, *for_members, *shut)
            ]
    return attempts


def judge(attempts: Sequence[Attempt]) -> Finding:
    """Any answer where silence is due is a broken promise; silence where an answer is due leaves it unproved."""
    silent = [attempt for attempt in attempts if attempt.expected == SILENT]
    if leaks := [attempt for attempt in silent if attempt.outcome != SILENT]:
        return invalid("; ".join(_told(leak) for leak in leaks))
    door = [attempt for attempt in attempts if (attempt.origin, attempt.target) == (VISITOR, BALANCER)]
    if any(attempt.outcome != OPEN for attempt in door):
        return invalid(f"a machine that is no member does not reach the balancer: {_told(door[0])}")
    if closed := [attempt for attempt in attempts if attempt.expected == OPEN and attempt.outcome != OPEN]:
        return unknown(f"silence proves nothing while those in need do not get through: {_told(closed[0])}")
    if missing := _unproved(attempts):
        return unknown(f"not tried: {', '.join(missing)}")
    to_same = f"{len(attempts) - len(silent)} to the same nodes were open to those in need"
    return valid(f"{len(silent)} connections vanished, {to_same}")


def _unproved(attempts: Sequence[Attempt]) -> list[str]:
    """Return what makes a record incomplete: the way in, the visitor's attempts, a twin that answers for each port."""
    tried = {attempt.target for attempt in attempts if attempt.origin == VISITOR}
    answering = {(attempt.target, attempt.port) for attempt in attempts if attempt.expected == OPEN}
    missing = [] if BALANCER in tried else ["visitor to the balancer"]
    if not tried - {BALANCER}:
        missing.append("visitor to the nodes")
    return missing + [
        f"{attempt.target}:{attempt.port} from where it answers"
        for attempt in attempts
        if attempt.origin == VISITOR and not attempt.shut and (attempt.target, attempt.port) not in answering
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

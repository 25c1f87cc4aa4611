"""Faults of whole hosts: frozen as a hung guest, or without power. The disk stays.

This machine's kernel is every host's: what a host had written, and not yet flushed, is there after its power came back.
So a power loss here loses what H2 held in memory, and not what a real one may take of the page cache.
"""

import os
import signal
import time
from collections.abc import Sequence

from rehearsal.faults.fault import FaultError, Heal, once
from rehearsal.faults.stage import Stage, groups_of
from rehearsal.hosts import cgroups
from rehearsal.poll import NotYet, poll

WITHIN = 60.0
"""Seconds for a host to go off, or on again up to its process 1."""


def freeze(stage: Stage, *nodes: str) -> Heal:
    """Freeze every process of these hosts; their kernels still answer pings and keep connections, as hung guests do."""
    folders = [folder for node in nodes for folder in stage.groups(node)]
    heal = once(lambda: cgroups.thaw(folders))
    try:
        for node in nodes:
            _freeze(stage, node)
    except BaseException:
        heal()
        raise
    return heal


def _freeze(stage: Stage, node: str) -> None:
    try:
        cgroups.freeze(stage.groups(node))
    except TimeoutError as reason:
        raise FaultError(f"node {node} could not be frozen: {reason}") from None


def cut(stage: Stage, *nodes: str, order: Sequence[str] | None = None, apart: float = 0.0) -> Heal:
    """Take the power from these hosts at the same instant; it comes back by the account's API.

    `order` names the nodes that are started, in that order, each when the one before runs and `apart` seconds have
    passed; others stay off until the next call of `on` or `clear`.
    """
    leaders = {node: stage.leader(node) for node in nodes}
    folders = [folder for leader in leaders.values() for folder in groups_of(leader)]
    for leader in leaders.values():
        os.kill(leader, signal.SIGKILL)
    cgroups.thaw(folders)  # else a frozen host would not die
    return once(lambda: on(stage, *(nodes if order is None else order), apart=apart, before=leaders))


def on(stage: Stage, *nodes: str, apart: float = 0.0, before: dict[str, int] | None = None) -> None:
    """Start these nodes' instances once the account sees them stopped; return when each has its process 1."""
    for number, node in enumerate(nodes):
        if number and apart:
            time.sleep(apart)  # the distance between the two starts is the fault
        instance = stage.host(node).instance
        poll(lambda instance=instance: _stopped(stage, instance), within=WITHIN)  # type: ignore[misc]
        stage.ec2.start_instances(InstanceIds=[instance])
        old = (before or {}).get(node, 0)
        poll(lambda node=node, old=old: stage.host(node).leader_pid not in (0, old), within=WITHIN, every=0.05)  # type: ignore[misc]


def _stopped(stage: Stage, instance: str) -> bool:
    state = state_of(stage, instance)
    if state != "stopped":
        raise NotYet(f"instance {instance} is {state}")
    return True


def state_of(stage: Stage, instance: str) -> str:
    """Return the account's word for an instance's state."""
    found = stage.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    return str(found["State"]["Name"])

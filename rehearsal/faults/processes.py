"""Faults of single processes: killed, or stopped for a while. Units are found by their control groups."""

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

from rehearsal.faults.fault import FaultError, Heal, nothing, once
from rehearsal.faults.stage import Stage
from rehearsal.hosts import cgroups
from rehearsal.hosts.enter import run_at

_REQUESTS = 0.3
"""Seconds within which every client has asked something."""
H2, GATE, MEMBER = "muster-h2.service", "muster-gate.service", "muster-member.service"


def processes(stage: Stage, node: str, unit: str) -> set[int]:
    """Return the processes of a unit in a node's host, as this machine numbers them; none if the unit does not run."""
    inside = cgroups.members(stage.groups(node))
    return {pid for pid in inside if unit in _units(pid)}


def _units(pid: int) -> set[str]:
    """Return the parts of the paths of a process's control groups (cgroups(7)); none once it has ended."""
    with contextlib.suppress(OSError):
        return {part for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines() for part in line.split("/")}
    return set()


def kill(stage: Stage, unit: str, *nodes: str) -> Heal:
    """Kill the unit's processes (SIGKILL) on these nodes, all within the same millisecond; systemd sees the rest."""
    pids = [pid for node in nodes for pid in _running(stage, node, unit)]
    send(pids, signal.SIGKILL)
    return nothing


def restart(stage: Stage, unit: str, node: str) -> Heal:
    """Let systemd restart a unit, as an operator or an upgrade does; returns before it has."""
    ran = run_at(stage.leader(node), ["systemctl", "restart", "--no-block", unit], within=10)
    if ran.code:
        raise FaultError(f"{unit} on node {node} was not restarted: {ran.err.strip()}")
    return nothing


def forget(stage: Stage, unit: str, node: str, other: str, port: int) -> Heal:
    """End a node's connections from the other node to `port` by resets, while clients wait for answers of its unit."""
    resume = pause(stage, unit, node)
    try:
        time.sleep(_REQUESTS)
        _end_connections(stage, node, other, port)
    finally:
        resume()
    return nothing


def _end_connections(stage: Stage, node: str, other: str, port: int) -> None:
    chosen = ["dst", stage.host(other).address, "sport", "=", f":{port}"]
    ran = run_at(stage.leader(node), ["ss", "-K", "-H", "-t", "-n", *chosen], within=10)
    if ran.code or not ran.out.strip():
        raise FaultError(f"no connection on node {node} was ended: {ran.err.strip() or 'there is none'}")


def pause(stage: Stage, unit: str, *nodes: str) -> Heal:
    """Stop the unit's processes (SIGSTOP) on these nodes until healed; ones that were killed meanwhile stay so."""
    begun = {pid for node in nodes for pid in _running(stage, node, unit)}
    pids: set[int] = set()
    heal = once(lambda: send(pids, signal.SIGCONT))
    try:
        while begun:  # what one of them has begun just before it was stopped runs on
            pids |= begun
            send(begun, signal.SIGSTOP)
            begun = {pid for node in nodes for pid in processes(stage, node, unit)} - pids
    except BaseException:
        heal()
        raise
    return heal


def _running(stage: Stage, node: str, unit: str) -> set[int]:
    found = processes(stage, node, unit)
    if not found:
        raise FaultError(f"{unit} does not run on node {node}")
    return found


def send(pids: Iterable[int], number: signal.Signals) -> None:
    """Send a signal to processes; ones that have ended are no fault."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)

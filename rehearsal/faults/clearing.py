"""Undoes every fault that is found, whoever made it: what a killed process left in a rehearsal that goes on."""

import signal
from pathlib import Path

from rehearsal.faults import api, power, processes, resources, wires
from rehearsal.faults.stage import Stage
from rehearsal.hosts import cgroups


def clear(stage: Stage) -> None:
    """Leave no fault: wires whole, hosts on and thawed, processes running, the API well, disks free.

    Raises `FaultError`, or `TimeoutError` for a host that does not start.
    """
    api.clear(stage)
    wires.clear(stage.router)
    for node in stage.nodes:
        if stage.host(node).leader_pid <= 0:
            power.on(stage, node)
        _clear_host(stage, node)


def _clear_host(stage: Stage, node: str) -> None:
    wires.clear(stage.host(node).namespace)
    cgroups.thaw(stage.groups(node))
    processes.send(cgroups.members(stage.groups(node)), signal.SIGCONT)
    (stage.files(node) / resources.DATA / resources.FILLER).unlink(missing_ok=True)
    for group in stage.groups(node):
        for name, free in (("cpu.cfs_quota_us", "-1"), ("memory.limit_in_bytes", "-1")):
            _free(group / name, free)
        for name in ("cpu.max", "memory.max"):
            _free(group / name, "max")


def _free(file: Path, limit: str) -> None:
    if file.exists():
        file.write_text(limit)

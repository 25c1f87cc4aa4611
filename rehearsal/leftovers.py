"""What a rehearsal that was killed left on this machine: found by name alone, and removed.

Nothing here trusts a file of the dead process. Namespaces, control groups and folders are known by their prefixes
(`rehearsal.places`), loop devices by the file behind them. Not to be called while a rehearsal runs.
"""

import contextlib
import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path

from rehearsal import netns, places
from rehearsal.hosts import cgroups, mounts, volumes
from rehearsal.network.resolv_conf import ROOT as RESOLVERS
from rehearsal.poll import poll

_log = logging.getLogger(__name__)
_GONE_WITHIN = 10.0


def find_leftovers() -> list[str]:
    """Return a line for each thing that a rehearsal left; empty on a clean machine."""
    return [
        *(f"process {pid}" for pid in sorted(_processes())),
        *(f"network namespace {name}" for name in netns.names(places.NAMESPACE_PREFIX)),
        *(f"mount {mount}" for mount in mounts.below(places.WORK)),
        *(f"loop device {device}" for device in volumes.loop_devices(places.WORK)),
        *(f"control group {folder}" for folder in cgroups.leftover_groups()),
        *(f"folder {folder}" for folder in _folders()),
    ]


def remove_leftovers() -> None:
    """Remove everything that `find_leftovers` finds: processes first, then what they held.

    What cannot be removed is logged, and found again.
    """
    steps: list[Callable[[], None]] = [
        _end_processes,
        lambda: cgroups.remove_all(cgroups.leftover_groups()),
        _remove_namespaces,
        lambda: mounts.unmount(places.WORK),
        _detach_loops,
        _remove_folders,
    ]
    for step in steps:
        try:
            step()
        except Exception:  # a step that fails shall not keep the others from their work
            _log.exception("removing what a rehearsal left")


def _processes() -> set[int]:
    """Return the processes in a rehearsal's control groups or network namespaces, except this one."""
    inside = cgroups.members(cgroups.leftover_groups()) | _in_namespaces()
    return inside - {os.getpid()}


def _in_namespaces() -> set[int]:
    ours = {(netns.NAMESPACES / name).stat().st_ino for name in netns.names(places.NAMESPACE_PREFIX)}
    found: set[int] = set()
    for entry in Path("/proc").iterdir() if ours else ():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and (entry / "ns/net").stat().st_ino in ours:
                found.add(int(entry.name))
    return found


def _end_processes() -> None:
    for pid in _processes():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    cgroups.thaw(cgroups.leftover_groups())
    poll(lambda: not _processes(), within=_GONE_WITHIN, every=0.05)


def _remove_namespaces() -> None:
    for name in netns.names(places.NAMESPACE_PREFIX):
        netns.remove(name)


def _detach_loops() -> None:
    for device in list(volumes.loop_devices(places.WORK)):
        volumes.detach_loop(device)
    poll(lambda: not list(volumes.loop_devices(places.WORK)), within=_GONE_WITHIN, every=0.05)


def _folders() -> list[Path]:
    resolvers = sorted(RESOLVERS.glob(f"{places.NAMESPACE_PREFIX}*"))
    return [folder for folder in (places.RUN, places.WORK, *resolvers) if folder.exists()]


def _remove_folders() -> None:
    for folder in _folders():
        mounts.discard(folder)
    with contextlib.suppress(OSError):
        RESOLVERS.rmdir()

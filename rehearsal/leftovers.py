"""What a killed rehearsal left, found by its prefixes and places alone, and its removal."""

import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path

from rehearsal.hosts.cgroups import leftover_groups, remove_all
from rehearsal.hosts.volumes import detach_loop, loop_devices
from rehearsal.places import NAMESPACE_PREFIX, RUN, WORK
from rehearsal.poll import poll

NAMESPACES = Path("/run/netns")
RESOLVERS = Path("/etc/netns")


def find_leftovers() -> list[str]:
    """Return a line for each thing of a rehearsal that is on this machine; call it while none runs."""
    return [
        *(f"control group {group}" for group in leftover_groups()),
        *(f"process {pid} in {name}" for name in _namespaces() for pid in _processes(name)),
        *(f"mount {point}" for point in _mounts()),
        *(f"loop device {device}" for device in loop_devices(WORK)),
        *(f"network namespace {name}" for name in _namespaces()),
        *(f"resolver {folder}" for folder in _resolvers()),
        *(f"folder {place}" for place in (RUN, WORK) if place.exists()),
    ]


def remove_leftovers() -> None:
    """Remove all of it: processes first, then what they held."""
    remove_all(leftover_groups())
    for name in _namespaces():
        for pid in _processes(name):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    poll(lambda: not any(_processes(name) for name in _namespaces()), within=10, every=0.05)
    for point in reversed(_mounts()):
        subprocess.run(["umount", "--lazy", point], capture_output=True, check=False)
    for device in list(loop_devices(WORK)):
        detach_loop(device)
    for name in _namespaces():
        subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
    for folder in [*_resolvers(), RUN, WORK]:
        shutil.rmtree(folder, ignore_errors=True)


def _namespaces() -> list[str]:
    return sorted(path.name for path in NAMESPACES.glob(f"{NAMESPACE_PREFIX}*"))


def _resolvers() -> list[Path]:
    return sorted(RESOLVERS.glob(f"{NAMESPACE_PREFIX}*"))


def _processes(namespace: str) -> list[int]:
    told = subprocess.run(["ip", "netns", "pids", namespace], capture_output=True, text=True, check=False)
    return [int(word) for word in told.stdout.split() if int(word) != os.getpid()]


def _mounts() -> list[str]:
    points = [line.split(" ")[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return sorted(point for point in points if point.startswith(f"{WORK}/"))

"""Faults of what a host has: no room on its data volume, little memory or processor, no metadata service."""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from rehearsal.faults import wires
from rehearsal.faults.fault import FaultError, Heal, once
from rehearsal.faults.stage import Stage
from rehearsal.hosts.imds import ADDRESS
from rehearsal.poll import poll

DATA = Path("var/lib/muster")
"""Mount point of the data volume, below a host's root."""

FILLER = ".muster-fault-filler"

MOUNTED_WITHIN = 30.0  # seconds after a host's start

SMALLEST = 4096  # bytes, a block of ext4
PERIOD = 100_000
"""Microseconds; the scheduler's default period (kernel docs, sched-bwc)."""


def fill(stage: Stage, node: str, place: Path = DATA) -> Heal:
    """Leave no byte free on a node's data volume until healed, not even of what is kept for root.

    Raises `FaultError` where nothing is mounted, so that no other disk is filled.
    """
    folder = stage.files(node) / place
    if not os.path.ismount(folder):
        raise FaultError(f"no data volume is mounted on node {node} (/{place})")
    heal = once(lambda: _empty(stage, node, place))
    try:
        take_all(folder / FILLER)
    except BaseException:
        heal()
        raise
    return heal


def _empty(stage: Stage, node: str, place: Path) -> None:
    """Remove the filler; a host that was started anew meanwhile has its volume mounted soon."""
    poll(lambda: os.path.ismount(stage.files(node) / place), within=MOUNTED_WITHIN)
    (stage.files(node) / place / FILLER).unlink(missing_ok=True)


def take_all(filler: Path) -> None:
    """Let a file take all the room of its file system, in ever smaller pieces."""
    with filler.open("wb") as file:
        size, room = 0, os.statvfs(filler.parent)
        piece = room.f_bfree * room.f_frsize
        while piece >= SMALLEST:
            try:
                os.posix_fallocate(file.fileno(), size, piece)
                size += piece
            except OSError:
                piece //= 2


def starve(stage: Stage, node: str, percent: int) -> Heal:
    """Let a host have so many percent of one processor until healed (cpu.cfs_quota_us, or cpu.max)."""
    quota = PERIOD * percent // 100
    return _limit(stage, node, ("cpu.cfs_quota_us", "cpu.max"), [str(quota)])


def squeeze(stage: Stage, node: str) -> Heal:
    """Let a host have no more memory than it uses now, until healed: whoever asks for more kills its largest process.

    Caches are given back first, so that the limit is the smallest that the kernel accepts (v1 refuses one that it
    cannot keep: kernel docs, memory.txt 4.1).
    """
    used = _used(stage, node)
    return _limit(
        stage, node, ("memory.limit_in_bytes", "memory.max"), [str(used * n // 100) for n in range(50, 112, 2)]
    )


def _used(stage: Stage, node: str) -> int:
    for group in stage.groups(node):
        for name in ("memory.usage_in_bytes", "memory.current"):
            if (group / name).exists():
                return int((group / name).read_text())
    raise FaultError("this machine's control groups do not count memory")


def _limit(stage: Stage, node: str, names: Sequence[str], limits: Sequence[str]) -> Heal:
    """Write the first limit that is accepted to the file that this machine has; put the old one back when healed."""
    files = [group / name for group in stage.groups(node) for name in names if (group / name).exists()]
    if not files:
        raise FaultError(f"this machine's control groups know none of {', '.join(names)}")
    old = files[0].read_text().strip()
    for limit in limits:
        with contextlib.suppress(OSError):
            files[0].write_text(limit)
            return once(lambda: _write(files[0], old))
    raise FaultError(f"{files[0].name} takes none of {len(limits)} limits for node {node}")


def _write(file: Path, text: str) -> None:
    """Put a limit back; a host that lost its power meanwhile has another group now."""
    with contextlib.suppress(OSError):
        file.write_text(text)


def without_metadata(stage: Stage, node: str) -> Heal:
    """Let a host's metadata service be silent until healed: no new credentials come from it."""
    return wires.drop(stage.host(node).namespace, [f"ip daddr {ADDRESS}"], hook="output")

"""The data volume: waits for its device, makes a file system only on a blank one, mounts it, lets it grow."""

import logging
import os
import struct
import time
from pathlib import Path
from typing import Callable, Optional

from .commands import run
from .failure import Failure
from .waiting import poll

log = logging.getLogger(__name__)
BY_ID = Path("/dev/disk/by-id")
BLANK = 2
"""Status of `blkid --probe` that says: nothing known was found (blkid(8))."""
SLACK = 64 * 2**20
"""Bytes that a file system may leave of its device: mkfs rounds down to whole block groups."""
_64BIT = 0x80


def device(volume: str, by_id: Path = BY_ID) -> Path:
    """Return the link that udev makes for the EBS volume `volume` (NVMe serial = the id without its dash)."""
    return by_id / f"nvme-Amazon_Elastic_Block_Store_{volume.replace('-', '')}"


def mount(node: str, volume: str, at: Path, *, within: float = 120.0, by_id: Path = BY_ID) -> None:
    """Mount `volume` at `at`, with a file system made first if it is blank, or grown to it. Done already: does nothing.

    Raises `Failure` if the device is not there within `within` seconds or holds something that is no ext4.
    """
    if os.path.ismount(at):
        return
    link = device(volume, by_id)
    if not poll(link.exists, within=within, every=0.25):
        raise Failure(f"node {node}: its data volume {volume} was not attached within {within:g} s ({link} is missing)")
    if blank(link):
        run(["mkfs.ext4", "-q", "-L", "muster", "-E", "lazy_itable_init=1,lazy_journal_init=1", str(link)], within=300)
    else:
        fill(node, volume, link)
    at.mkdir(parents=True, exist_ok=True)
    run(["mount", "-t", "ext4", "-o", "nodev,nosuid,noexec", str(link), str(at)])


def fill(node: str, volume: str, link: Path) -> None:
    """Let an ext4 that is not mounted fill its device, if that has grown; what hinders is logged, no reason to stop.

    Where the kernel refuses to do so while the file system is in use, the next start does it.
    """
    if size(link) - file_system(link) < SLACK:
        return
    try:
        run(["e2fsck", "-f", "-p", str(link)], within=600, good=(0, 1))  # 1: mended; resize2fs demands to be told
        run(["resize2fs", str(link)], within=600)
    except Failure as fault:
        log.warning("node %s: the file system of its data volume %s did not grow: %s", node, volume, fault)


def file_system(link: Path) -> int:
    """Return the bytes of the ext4 on the device (superblock: Linux, Documentation/filesystems/ext4/super.rst)."""
    with link.open("rb") as device_file:
        device_file.seek(1024)
        block = device_file.read(1024)
    low, shift, incompatible = (struct.unpack_from("<I", block, at)[0] for at in (0x04, 0x18, 0x60))
    high = struct.unpack_from("<I", block, 0x150)[0] if incompatible & _64BIT else 0
    whole: int = (high << 32 | low) * (1024 << shift)
    return whole


def grow(node: str, volume: str, by_id: Path = BY_ID) -> None:
    """Let the mounted file system fill its device, while it is in use; one that does already is left as it is.

    Raises `Failure` with what resize2fs said.
    """
    try:
        run(["resize2fs", str(device(volume, by_id))], within=600)
    except Failure as fault:
        raise Failure(f"node {node}: the file system of its data volume {volume} did not grow: {fault}") from None


class Growth:
    """Grows the file system at the first look and whenever its device has another size.

    EBS needs seconds to say so on the instance. No deploy fails for it: the volume itself cannot be made smaller again,
    so that CloudFormation could not roll back.
    """

    def __init__(
        self,
        node: str,
        volume: str,
        by_id: Path = BY_ID,
        clock: Callable[[], float] = time.monotonic,
        every: float = 10.0,
    ) -> None:
        self._node = node
        self._volume = volume
        self._by_id = by_id
        self._clock = clock
        self._every = every
        self._due = 0.0
        self._size: Optional[int] = None

    def look(self) -> None:
        """Look if that is due; raises nothing: a volume that stays small is no reason not to serve."""
        if self._clock() < self._due:
            return
        self._due = self._clock() + self._every
        try:
            now = size(device(self._volume, self._by_id))
            if now != self._size:
                grow(self._node, self._volume, self._by_id)
            self._size = now
        except (OSError, Failure) as fault:
            log.warning("%s", fault)
            self._due = self._clock() + 60 * self._every


def size(link: Path) -> int:
    """Return the bytes of the device now."""
    descriptor = os.open(link, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.lseek(descriptor, 0, os.SEEK_END)
    finally:
        os.close(descriptor)


def blank(link: Path) -> bool:
    """Return whether nothing is on the device; a device that holds another thing than ext4 raises `Failure`."""
    done = run(["blkid", "--probe", "--output", "value", "--match-tag", "TYPE", str(link)], good=(0, BLANK))
    kind = done.stdout.strip()
    if done.returncode == 0 and kind != "ext4":
        raise Failure(
            f"the data volume at {link} holds {kind or 'a partition table'}; it is left alone: empty it by hand"
        )
    return done.returncode == BLANK

"""The data volume: waits for its device, makes a file system only on a blank one, mounts it."""

import os
from pathlib import Path

from .commands import run
from .failure import Failure
from .waiting import poll

BY_ID = Path("/dev/disk/by-id")
BLANK = 2
"""Status of `blkid --probe` that says: nothing known was found (blkid(8))."""


def device(volume: str, by_id: Path = BY_ID) -> Path:
    """Return the link that udev makes for the EBS volume `volume` (NVMe serial = the id without its dash)."""
    return by_id / f"nvme-Amazon_Elastic_Block_Store_{volume.replace('-', '')}"


def mount(node: str, volume: str, at: Path, *, within: float = 120.0, by_id: Path = BY_ID) -> None:
    """Mount `volume` at `at`, with a file system made first if the volume is blank. Done already: does nothing.

    Raises `Failure` if the device is not there within `within` seconds or holds something that is no ext4.
    """
    if os.path.ismount(at):
        return
    link = device(volume, by_id)
    if not poll(link.exists, within=within, every=0.25):
        raise Failure(f"node {node}: its data volume {volume} was not attached within {within:g} s ({link} is missing)")
    if blank(link):
        run(["mkfs.ext4", "-q", "-L", "muster", "-E", "lazy_itable_init=1,lazy_journal_init=1", str(link)], within=300)
    at.mkdir(parents=True, exist_ok=True)
    run(["mount", "-t", "ext4", "-o", "nodev,nosuid,noexec", str(link), str(at)])


def blank(link: Path) -> bool:
    """Return whether nothing is on the device; a device that holds another thing than ext4 raises `Failure`."""
    done = run(["blkid", "--probe", "--output", "value", "--match-tag", "TYPE", str(link)], good=(0, BLANK))
    kind = done.stdout.strip()
    if done.returncode == 0 and kind != "ext4":
        raise Failure(
            f"the data volume at {link} holds {kind or 'a partition table'}; it is left alone: empty it by hand"
        )
    return done.returncode == BLANK

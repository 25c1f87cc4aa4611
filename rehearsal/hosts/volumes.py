"""EBS volumes: sparse files behind loop devices, which appear in a host's /dev as they do on EC2.

A loop device is set to clear itself, and one open file of this process keeps it meanwhile. So it ends with the last of
this process and the hosts that have it mounted, even if this process is killed.
"""

import contextlib
import json
import os
import stat
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_GIB = 1024**3


class VolumeError(Exception):
    """A volume could not be attached; the text says which command refused."""


@dataclass(frozen=True)
class Attachment:
    """A volume that the account says is attached: `size` in GiB, `device` as given to EC2, such as /dev/sdf."""

    volume: str
    instance: str
    size: int
    device: str


def attachments(description: Mapping[str, Any]) -> list[Attachment]:
    """Return how one entry of EC2's DescribeVolumes is attached."""
    return [
        Attachment(description["VolumeId"], entry["InstanceId"], int(description["Size"]), entry["Device"])
        for entry in description.get("Attachments", [])
        if entry.get("State", "attached") in ("attaching", "attached")
    ]


def by_id(volume: str) -> str:
    """Return the name that udev gives a volume on EC2, in /dev/disk/by-id (udev, 60-persistent-storage.rules)."""
    return f"nvme-Amazon_Elastic_Block_Store_{volume.replace('-', '')}"


class Disk:
    """One volume as a block device of this machine."""

    def __init__(self, file: Path, size: int) -> None:
        """Attach `file`, made as `size` GiB of nothing if it does not exist. Raises `VolumeError`."""
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("xb") as made:
                made.truncate(size * _GIB)
        self._file = file
        self.path = _run("losetup", "--find", "--show", str(file)).strip()
        self._held = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        _run("losetup", "--detach", self.path)  # held open: only marks it to clear itself
        self.number = os.fstat(self._held).st_rdev

    def grow(self, size: int) -> None:
        """Let the device be `size` GiB from now on, also while it is in use; never smaller. Raises `VolumeError`."""
        if self._file.stat().st_size < size * _GIB:
            os.truncate(self._file, size * _GIB)
            _run("losetup", "--set-capacity", self.path)

    def release(self) -> None:
        """Let go of the device; it ends when no host has it mounted any more."""
        if self._held >= 0:
            os.close(self._held)
            self._held = -1


def plug(leader: int, slot: int, volume: str, disk: Disk) -> None:
    """Let the device appear in the /dev of the host with init `leader`, as NVMe disk number `slot`, with its link.

    Plugging again is no fault. Raises `VolumeError` if the host ended meanwhile.
    """
    devices = Path(f"/proc/{leader}/root/dev")
    node = devices / f"nvme{slot}n1"
    link = devices / "disk/by-id" / by_id(volume)
    try:
        if not _is_device(node, disk.number):
            node.unlink(missing_ok=True)
            os.mknod(node, 0o660 | stat.S_IFBLK, disk.number)
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(f"../../{node.name}")
    except OSError as error:
        raise VolumeError(f"volume {volume} could not be shown to its host: {error}") from None


def unplug(leader: int, slot: int, volume: str) -> None:
    """Let the device vanish from the /dev of a host; what is mounted stays so, as the data of an open file would."""
    devices = Path(f"/proc/{leader}/root/dev")
    for path in (devices / "disk/by-id" / by_id(volume), devices / f"nvme{slot}n1"):
        with contextlib.suppress(OSError):
            path.unlink()


def _is_device(node: Path, number: int) -> bool:
    try:
        return os.lstat(node).st_rdev == number
    except FileNotFoundError:
        return False


def loop_devices(folder: Path) -> Iterator[str]:
    """Yield the loop devices of this machine whose file is, or was before its deletion, under `folder`."""
    listed = json.loads(_run("losetup", "--list", "--json", "--output", "NAME,BACK-FILE") or "{}")
    for device in listed.get("loopdevices", []):
        if str(device["back-file"]).startswith(f"{folder}/"):
            yield str(device["name"])


def detach_loop(device: str) -> None:
    """Detach a loop device; one that is gone already is no fault."""
    subprocess.run(["losetup", "--detach", device], capture_output=True, check=False)


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise VolumeError(f"{' '.join(command[:3])}: {done.stderr.strip()}")
    return done.stdout

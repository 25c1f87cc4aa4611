"""The data volume on a node: found, made, mounted, grown."""

import os
import subprocess
from pathlib import Path

import pytest

from musternode import volume
from musternode.commands import run
from musternode.failure import Failure

SYS_RESOURCE = 24
"""Number of the capability (linux/capability.h)."""


def test_the_device_is_named_as_udev_names_it() -> None:
    found = volume.device("vol-0123abcd")
    assert str(found) == "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0123abcd"


def test_a_volume_that_never_comes_is_named(tmp_path: Path) -> None:
    with pytest.raises(Failure, match=r"node a: its data volume vol-1 was not attached within 0.1 s"):
        volume.mount("a", "vol-1", tmp_path / "at", within=0.1, by_id=tmp_path)


@pytest.mark.parametrize(("size", "made", "answer"), [(8, False, True), (8, True, False)])
def test_only_a_volume_with_nothing_on_it_is_blank(tmp_path: Path, size: int, made: bool, answer: bool) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(size << 20))
    if made:
        subprocess.run(["mkfs.ext4", "-q", str(disk)], check=True)
    assert volume.blank(disk) is answer


def test_a_volume_with_something_else_is_left_alone(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(8 << 20))
    subprocess.run(["mkswap", str(disk)], check=True, capture_output=True)
    with pytest.raises(Failure, match="holds swap; it is left alone"):
        volume.blank(disk)


def test_a_file_system_grows_with_its_device_while_it_is_in_use(tmp_path: Path) -> None:
    """A file stands for the device; the kernel's part is asked on a real mount."""
    disk = tmp_path / "nvme-Amazon_Elastic_Block_Store_vol1"
    disk.write_bytes(bytes(8 << 20))
    subprocess.run(["mkfs.ext4", "-q", str(disk)], check=True)
    growth, sizes = volume.Growth("a", "vol-1", tmp_path, clock=iter(range(0, 1000, 20)).__next__), []
    for mebibytes in (8, 8, 32):
        with disk.open("r+b") as file:
            file.truncate(mebibytes << 20)
        growth.look()
        sizes.append(blocks(disk))
    assert sizes[0] == sizes[1] < sizes[2]


@pytest.mark.parametrize(("grown", "fills"), [(16, False), (32, False), (256, True)])
def test_a_file_system_that_is_not_mounted_fills_a_device_that_has_grown(
    grown: int, fills: bool, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(16 << 20))
    subprocess.run(["mkfs.ext4", "-q", str(disk)], check=True)
    before = volume.file_system(disk)
    with disk.open("r+b") as file:
        file.truncate(grown << 20)
    volume.fill("a", "vol-1", disk)
    assert before == 16 << 20
    assert volume.file_system(disk) == (grown << 20 if fills else before)


def test_a_file_system_that_cannot_be_grown_is_mounted_all_the_same(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(256 << 20))
    volume.fill("a", "vol-1", disk)


def blocks(disk: Path) -> int:
    """Return the blocks that the file system counts."""
    said = run(["dumpe2fs", "-h", str(disk)]).stdout
    return int(next(line.split()[-1] for line in said.splitlines() if line.startswith("Block count:")))


def test_a_volume_that_cannot_grow_is_named(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="node a: the file system of its data volume vol-1 did not grow: `resize2fs"):
        volume.grow("a", "vol-1", tmp_path)


def test_a_volume_that_cannot_grow_is_said_and_ends_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "nvme-Amazon_Elastic_Block_Store_vol1").write_bytes(b"no file system")
    volume.Growth("a", "vol-1", tmp_path).look()
    assert "its data volume vol-1 did not grow" in caplog.text


@pytest.mark.host
def test_a_mounted_volume_grows_online(tmp_path: Path) -> None:
    status = Path("/proc/self/status").read_text()
    if not int(status.split("CapEff:")[1].split()[0], 16) >> SYS_RESOURCE & 1:
        pytest.skip("root lacks CAP_SYS_RESOURCE on this machine: its kernel lets no mounted ext4 grow")
    disk, at, by_id = tmp_path / "disk", tmp_path / "at", tmp_path / "by-id"
    disk.write_bytes(bytes(16 << 20))
    by_id.mkdir()
    at.mkdir()
    loop = subprocess.run(["losetup", "--find", "--show", str(disk)], capture_output=True, text=True, check=True)
    device = Path(loop.stdout.strip())
    try:
        (by_id / "nvme-Amazon_Elastic_Block_Store_vol1").symlink_to(device)
        volume.mount("a", "vol-1", at, by_id=by_id)
        before = os.statvfs(at).f_blocks
        with disk.open("r+b") as file:
            file.truncate(64 << 20)
        volume.grow("a", "vol-1", by_id)  # the control: the device has not said yet that it is larger
        assert os.statvfs(at).f_blocks == before
        subprocess.run(["losetup", "--set-capacity", str(device)], check=True)
        volume.grow("a", "vol-1", by_id)
        assert os.statvfs(at).f_blocks > 3 * before
    finally:
        subprocess.run(["umount", str(at)], check=False)
        subprocess.run(["losetup", "--detach", str(device)], check=True)

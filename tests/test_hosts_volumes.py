"""A volume that grew in the account is larger for its host at once, with what is on it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.hosts.shelf import Shelf
from rehearsal.hosts.volumes import Attachment

pytestmark = pytest.mark.host
GIB = 1024**3


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    made = Shelf(tmp_path)
    yield made
    made.close()


def size(shelf: Shelf, gibibytes: int) -> int:
    """Return what the kernel says of the volume once the account says `gibibytes`."""
    disk = shelf.disks((Attachment("vol-1", "i-1", gibibytes, "/dev/sdf"),))["i-1"]["vol-1"]
    return int(subprocess.run(["blockdev", "--getsize64", disk.path], capture_output=True, check=True).stdout)


def test_a_volume_grows_while_it_is_in_use_and_keeps_its_data(shelf: Shelf) -> None:
    assert size(shelf, 1) == GIB
    disk = Path(shelf.disks((Attachment("vol-1", "i-1", 1, "/dev/sdf"),))["i-1"]["vol-1"].path)
    with disk.open("r+b") as device:
        device.write(b"data")
    assert size(shelf, 3) == 3 * GIB
    with disk.open("rb") as device:
        assert device.read(4) == b"data"


def test_a_volume_never_becomes_smaller(shelf: Shelf) -> None:
    assert size(shelf, 2) == 2 * GIB
    assert size(shelf, 1) == 2 * GIB

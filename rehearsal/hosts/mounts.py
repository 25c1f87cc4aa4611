"""What is mounted where, so that nothing is ever deleted through a mount."""

import shutil
import subprocess
from pathlib import Path


class MountError(Exception):
    """Something stays mounted where it must not; the text names it."""


def below(folder: Path, mounts: str | None = None) -> list[str]:
    """Return the mount points in or at `folder`, the deepest first, from the text of /proc/self/mountinfo (proc(5))."""
    text = Path("/proc/self/mountinfo").read_text() if mounts is None else mounts
    points = [_plain(line.split(" ")[4]) for line in text.splitlines()]
    ours = [point for point in points if point == str(folder) or point.startswith(f"{folder}/")]
    return sorted(ours, key=lambda point: -point.count("/"))


def _plain(point: str) -> str:
    """Undo the kernel's octal escapes of blanks and backslashes."""
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        point = point.replace(code, character)
    return point


def unmount(folder: Path) -> None:
    """Unmount everything in and at `folder`. Raises `MountError` if something stays."""
    for point in below(folder):
        subprocess.run(["umount", "--lazy", point], capture_output=True, check=False)
    if remaining := below(folder):
        raise MountError(f"still mounted: {', '.join(remaining)}")


def discard(folder: Path) -> None:
    """Delete `folder` with all in it, unmounted before; none there is no fault. Raises `MountError`, `OSError`."""
    unmount(folder)
    if folder.exists():
        shutil.rmtree(folder)

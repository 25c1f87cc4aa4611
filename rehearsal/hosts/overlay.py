"""The file system of one host: its own writable layer over the image that all hosts share."""

import subprocess
from pathlib import Path

from rehearsal.hosts import mounts


class OverlayError(Exception):
    """The layers could not be put together; the text is what mount said."""


class Overlay:
    """A root file system under `folder`; what the host writes stays in `folder` until `remove`."""

    def __init__(self, folder: Path, image: Path) -> None:
        self.root = folder / "root"
        self._folder, self._image = folder, image

    def mount(self) -> None:
        """Put the layers together at `root`; raises `OverlayError`."""
        upper, work = self._folder / "upper", self._folder / "work"
        for layer in (upper, work, self.root):
            layer.mkdir(parents=True, exist_ok=True)
        if self.root.is_mount():
            return
        options = f"lowerdir={self._image},upperdir={upper},workdir={work}"
        _run("mount", "-t", "overlay", "overlay", "-o", options, str(self.root))

    def unmount(self) -> None:
        """Take `root` apart; what was written stays. Raises `MountError`."""
        mounts.unmount(self.root)

    def remove(self) -> None:
        """Unmount and delete everything."""
        mounts.discard(self._folder)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OverlayError(f"{' '.join(command[:3])}: {done.stderr.strip()}")

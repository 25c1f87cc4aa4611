"""All data volumes of the account: their files, and the disks of those that are attached."""

import contextlib
from collections.abc import Mapping
from pathlib import Path

from rehearsal.hosts.volumes import Attachment, Disk

_SUFFIX = ".img"


class Shelf:
    """Keeps a file per volume under `folder` for as long as the account has the volume."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._disks: dict[str, Disk] = {}

    def disks(self, attachments: tuple[Attachment, ...]) -> dict[str, dict[str, Disk]]:
        """Return the disks by volume, by instance, after making those that are new and growing those that grew.

        Raises `VolumeError`.
        """
        found: dict[str, dict[str, Disk]] = {}
        for entry in attachments:
            if entry.volume not in self._disks:
                self._disks[entry.volume] = Disk(self._folder / f"{entry.volume}{_SUFFIX}", entry.size)
            self._disks[entry.volume].grow(entry.size)
            found.setdefault(entry.instance, {})[entry.volume] = self._disks[entry.volume]
        return found

    def clear(self, attached: Mapping[str, Mapping[str, Disk]], existing: frozenset[str]) -> None:
        """Let go of disks that no host has any more, and delete the files of volumes that no longer exist."""
        used = {volume for disks in attached.values() for volume in disks}
        for volume in set(self._disks) - used:
            self._disks.pop(volume).release()
        for file in self._folder.glob(f"*{_SUFFIX}"):
            if file.stem not in existing and file.stem not in self._disks:
                with contextlib.suppress(FileNotFoundError):
                    file.unlink()

    def close(self) -> None:
        """Let go of all disks."""
        while self._disks:
            self._disks.popitem()[1].release()

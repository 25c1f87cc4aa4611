"""The database files of this node, and the mark that says they are whole and whose they are."""

import shutil
import time
from pathlib import Path

from .. import files
from ..state import EMPTY, HELD, OLD

STALE = ".stale-"


class Store:
    """Files of database `name` in `folder`, the H2 server's base folder, owned by `user`.

    `machine` tells this host from another one that had the same volume before.
    """

    def __init__(self, folder: Path, name: str, user: str = "", machine: str = "this") -> None:
        self.folder = folder
        self._name = name
        self._user = user
        self._whole = f"whole {machine}\n".encode("ascii")
        self._mark = folder.parent / f"{name}.held"

    def ready(self) -> None:
        """Make the folder, for the server's user alone."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        if self._user:
            shutil.chown(self.folder, self._user, self._user)

    def held(self) -> bool:
        """Return whether whole data is here: a copy broken off in the middle, or a half-made schema, is not."""
        return self._mark.is_file() and (self.folder / f"{self._name}.mv.db").is_file()

    def disk(self) -> str:
        """Return what there is, as the member's state says it: a former machine's data counts less than one's own."""
        if not self.held():
            return EMPTY
        return HELD if self._mark.read_bytes() == self._whole else OLD

    def mark(self) -> None:
        """Say that the data is whole and this machine's; lasts."""
        files.write(self._mark, self._whole, mode=0o600)

    def outdate(self) -> None:
        """Say that the data is whole, but that it goes on elsewhere."""
        if self.held():
            files.write(self._mark, b"whole\n", mode=0o600)

    def set_aside(self) -> None:
        """Take the mark away, then put all files out of the server's sight; the last ones put aside are kept."""
        if self._mark.exists():
            self._mark.unlink()
            files.sync_folder(self._mark.parent)
        present = sorted(self.folder.glob(f"{self._name}.*"))
        if not present:
            return
        for old in self.folder.glob(f"{STALE}*"):
            shutil.rmtree(old)
        aside = self.folder / f"{STALE}{time.time_ns() // 1_000_000}"
        aside.mkdir(mode=0o700)
        for file in present:
            file.replace(aside / file.name)
        files.sync_folder(self.folder)

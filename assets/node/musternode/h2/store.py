"""The database files of this node, and the mark that says they are whole."""

import shutil
import time
from pathlib import Path

from .. import files

STALE = ".stale-"


class Store:
    """Files of database `name` in `folder`, the H2 server's base folder, owned by `user`."""

    def __init__(self, folder: Path, name: str, user: str = "") -> None:
        self.folder = folder
        self._name = name
        self._user = user
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

    def mark(self) -> None:
        """Say that the data is whole; lasts."""
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

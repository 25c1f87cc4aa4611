"""The mark in memory that names the run of H2 that is open to everybody: it outlives the member, but no boot."""

from pathlib import Path

from .h2.database import Database


class Mark:
    """The mark of `database` in `file`."""

    def __init__(self, file: Path, database: Database) -> None:
        self._file = file
        self._database = database

    def put(self) -> None:
        """Say that this run of the server is open to everybody."""
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file.write_text(self._database.run_id())

    def remove(self) -> None:
        """Say that no run is."""
        if self._file.exists():
            self._file.unlink()

    def holds(self) -> bool:
        """Return whether the server runs and this run of it is open to everybody."""
        running = self._file.is_file() and self._database.running()
        return running and self._file.read_text() == self._database.run_id()

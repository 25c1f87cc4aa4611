"""The product's log, followed through its rotations from where it was last read."""

import contextlib
import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Generic, Iterator, List, Mapping, Optional, Protocol, Tuple, TypeVar

from .. import files, state

S = TypeVar("S")
"""What a log has said so far."""
E = TypeVar("E")
"""What one line of it says."""
MOST = 1 << 20
"""Bytes that are read at once."""


class LogFile:
    """Follows `path` line by line; where it stands is known by the file's inode and the bytes read of it.

    log4j renames a full file and begins another one: to `NAME.1` or to one with a date in its name, as each version of
    the product has it. What was not read of older files is read first.
    """

    def __init__(self, path: Path, inode: int = 0, offset: int = 0) -> None:
        self._path = path
        self.inode, self.offset = inode, offset
        self._rest = b""

    @property
    def whole(self) -> int:
        """Bytes of the whole lines that were read: where another one must begin."""
        return self.offset - len(self._rest)

    def lines(self) -> Iterator[str]:
        """Yield the whole lines that were written since the last call; none if there is no such file."""
        now = _stat(self._path)
        if now is None:
            return
        if self.inode and now.st_ino != self.inode:
            for path, inode in self._older(now.st_ino):
                self._turn_to(inode)
                yield from self._read(path)
        self._turn_to(now.st_ino)
        if now.st_size < self.offset:
            self.offset, self._rest = 0, b""
        yield from self._read(self._path)

    def _turn_to(self, inode: int) -> None:
        if inode != self.inode:
            self.inode, self.offset, self._rest = inode, 0, b""

    def _older(self, newest: int) -> List[Tuple[Path, int]]:
        """Return path and inode of the file that was read last and of those after it but the newest, in their order."""
        names = (f"{self._path.name}*", f"{self._path.stem}-[0-9]*")
        beside = ((path, _stat(path)) for name in names for path in self._path.parent.glob(name))
        known = {now.st_ino: (now.st_mtime_ns, path) for path, now in beside if now is not None}
        if self.inode not in known:
            return []
        since, last = known[self.inode]
        later = sorted((at, path, inode) for inode, (at, path) in known.items() if at > since and inode != newest)
        return [(last, self.inode), *((path, inode) for _, path, inode in later)]

    def _read(self, path: Path) -> Iterator[str]:
        """Yield the whole lines that are left to be read of `path`, if it is still the file of `inode`."""
        with contextlib.suppress(OSError), path.open("rb") as log:
            if os.fstat(log.fileno()).st_ino != self.inode:
                return
            log.seek(self.offset)
            while content := log.read(MOST):
                self.offset += len(content)
                *whole, self._rest = (self._rest + content).split(b"\n")
                for line in whole:
                    yield line.decode("utf-8", "replace").rstrip("\r")


@dataclass(frozen=True)
class Sights(Generic[S, E]):
    """What a product's log says, put together: pure functions of its lines.

    `event` returns what a line says, None for nothing, and `after` the sight after that. `written` returns a sight as
    JSON, `read` the one in a JSON value, None if it is none.
    """

    event: Callable[[str], Optional[E]]
    after: Callable[[S, E], S]
    written: Callable[[S], Mapping[str, Any]]
    read: Callable[[Any], Optional[S]]


class Follows(Protocol[S]):
    """The product's log, read on."""

    def read(self, now: S) -> S:
        """Return the sight after what the log has got since."""

    def keep(self, now: S) -> None:
        """Keep the sight for the next member."""


class Follower(Generic[S]):
    """Reads the log on, and keeps in `file` what it has said and where it stands, so that another member can go on."""

    def __init__(self, file: Path, log: LogFile, sights: Sights[S, Any]) -> None:
        self._file = file
        self._log = log
        self._sights = sights

    def read(self, now: S) -> S:
        """Return the sight after what the log has got since."""
        before = self._log.inode
        for line in self._log.lines():
            said = self._sights.event(line)
            now = now if said is None else self._sights.after(now, said)
        if self._log.inode != before:
            self.keep(now)  # old files are removed one day: what is kept must not be about one of them
        return now

    def keep(self, now: S) -> None:
        """Keep `now`, which is what the log has said as far as it has been read."""
        value = {"sight": self._sights.written(now), "inode": self._log.inode, "offset": self._log.whole}
        files.write(self._file, json.dumps(value).encode("ascii"), mode=0o600)


def kept(file: Path, log: Path, sights: Sights[S, Any], fresh: S) -> Tuple[S, Follower[S]]:
    """Return what was kept in `file`, and what follows `log` from there; without it `fresh`, and all of the log."""
    value = state.load(file) or {}
    found, inode, offset = sights.read(value.get("sight")), value.get("inode"), value.get("offset")
    if found is None or not isinstance(inode, int) or not isinstance(offset, int) or offset < 0:
        return fresh, Follower(file, LogFile(log), sights)
    return found, Follower(file, LogFile(log, inode, offset), sights)


def _stat(path: Path) -> Optional[os.stat_result]:
    """Return what `path` is if it is a file: one that is something else could keep its reader for ever."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found if stat.S_ISREG(found.st_mode) else None

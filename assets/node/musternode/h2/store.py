"""The database files of this node, and the mark that says they are whole and of which epoch they are."""

import fcntl
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, List, Optional

from .. import files
from ..failure import Failure
from .events import Disk

STALE = ".stale-"
KEPT = 2
"""Old databases that are kept, unless space is short: then the newest one alone."""
EMPTY, SEEDED, HELD = "empty", "seeded", "held"
OUTDATED = -1
"""The epoch of data that a former version marked as going on elsewhere: less than any other. Else it wrote none: 0."""
_FORMER = re.compile(rb"whole( \S+)?\n")


@dataclass(frozen=True)
class Mark:
    """What the mark file says: `aside` names the folder to which files are being moved, if that was begun."""

    epoch: int
    whole: bool
    aside: str = ""
    former: bool = False


class Store:
    """Files of database `name` in `folder`, the H2 server's base folder, owned by `user`."""

    def __init__(self, folder: Path, name: str, user: str = "") -> None:
        self.folder = folder
        self.file = folder / f"{name}.mv.db"
        self._name = name
        self._user = user
        self._mark = folder.parent / f"{name}.held"

    def ready(self) -> None:
        """Make the folder, for the server's user alone."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        if self._user:
            shutil.chown(self.folder, self._user, self._user)

    def disk(self) -> Disk:
        """Return what there is: a copy broken off in the middle, or a half-made schema, is nothing; raises `Failure`.

        The mark counts with the file alone: neither is worth anything without the other.
        """
        mark = self._read()
        if mark is None or not mark.whole or not self.file.is_file():
            return Disk(EMPTY, 0)
        kind = SEEDED if mark.epoch == 0 and not mark.former else HELD
        return Disk(kind, mark.epoch, self.file.stat().st_mtime)

    def mark(self, epoch: int) -> None:
        """Say that the data is whole and of `epoch`, 0 = never served; lasts through a loss of power."""
        self._write(Mark(epoch, whole=True))

    def set_aside(self, epoch: int) -> None:
        """Put all files out of the server's sight: whole data into `.stale-<epoch>[-n]`, anything else is removed.

        Whole data is never removed by a crash in the middle: the mark says where it goes before the first file moves,
        and the next call goes on from there. The newest `KEPT` old databases stay, fewer if space is short. Other
        data was never served, and must not push out what was.
        """
        mark = self._read()
        if mark is not None and mark.whole and self.file.is_file():
            mark = Mark(mark.epoch, whole=False, aside=self._free_name(epoch))
            self._write(mark)
        if mark is not None and mark.aside:
            self._move(self.folder / mark.aside)
        self._remove_rest()
        self._unmark()

    def _move(self, aside: Path) -> None:
        aside.mkdir(mode=0o700, exist_ok=True)
        files.sync_folder(self.folder)
        for file in self._present():
            if not (aside / file.name).exists():  # else it came after a crash in the middle, and is none of the old
                file.replace(aside / file.name)
        files.sync_folder(aside)
        files.sync_folder(self.folder)
        self._thin_out(aside)

    def _thin_out(self, newest: Path) -> None:
        """Remove old databases but the newest `KEPT`, or all but `newest` if a copy of it would not fit beside."""
        stale = [one for one in self.folder.glob(f"{STALE}*") if one != newest]
        stale.sort(key=lambda one: (one.stat().st_mtime_ns, one.name), reverse=True)
        for old in stale[KEPT - 1 :]:
            shutil.rmtree(old)
        needed = sum(file.stat().st_size for file in newest.iterdir())
        for old in stale[: KEPT - 1]:
            if shutil.disk_usage(self.folder).free < 2 * needed:  # twice: the new copy, and room for it to grow
                shutil.rmtree(old)

    def _remove_rest(self) -> None:
        for file in self._present():
            if file.is_dir():
                shutil.rmtree(file)
            else:
                file.unlink()

    def _present(self) -> List[Path]:
        return sorted(self.folder.glob(f"{self._name}.*"))

    def _free_name(self, epoch: int) -> str:
        name, number = f"{STALE}{epoch}", 1
        while (self.folder / name).exists():
            name, number = f"{STALE}{epoch}-{number + 1}", number + 1
        return name

    def _unmark(self) -> None:
        if self._mark.exists():
            self._mark.unlink()
            files.sync_folder(self._mark.parent)

    def _write(self, mark: Mark) -> None:
        value = {"epoch": mark.epoch, "whole": mark.whole, **({"aside": mark.aside} if mark.aside else {})}
        files.write(self._mark, json.dumps(value).encode("ascii") + b"\n", mode=0o600)

    def _read(self) -> Optional[Mark]:
        if not self._mark.is_file():
            return None
        mark = read_mark(self._mark.read_bytes())
        if mark is None:
            raise Failure(
                f"the mark {self._mark} is not readable, so nothing is known of the database beside it; "
                "restore the file or remove it together with the database"
            )
        return mark


def read_mark(content: bytes) -> Optional[Mark]:
    """Return what `content` of a mark file says, also one of the former version, or None if it makes no sense."""
    if _FORMER.fullmatch(content):
        return Mark(OUTDATED if content == b"whole\n" else 0, whole=True, former=True)
    try:
        value: Any = json.loads(content)
        epoch, whole, aside = value["epoch"], value["whole"], value.get("aside", "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    fits = type(epoch) is int and epoch >= 0 and type(whole) is bool and isinstance(aside, str)
    return Mark(epoch, whole, aside) if fits and "/" not in aside else None


def in_use(file: Path) -> bool:
    """Return whether another process has locked `file`, as H2 does while a database is open (fcntl(2), F_SETLK)."""
    try:
        with file.open("r+b") as opened:
            fcntl.lockf(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False
    except FileNotFoundError:
        return False
    except OSError:
        return True

"""What a node says of its part in a round of updates: kept on its disk, and told to the others in its state."""

import contextlib
import datetime
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from .. import files
from ..paths import Paths
from ..settings import DAYS, Updates

log = logging.getLogger(__name__)
WAITS, LEADS, INSTALLS, RESTARTS = "waits", "leads", "installs", "restarts"
DONE, FAILED, STOPPED = "done", "failed", "stopped"
CHANGES = "changes"
"""Said by a node that puts other settings in force, and takes no part in a round just then."""
TURN = frozenset({LEADS, INSTALLS, RESTARTS})
"""Phases of the node whose turn it is: it leads its users away, installs, and restarts until it serves again."""
WITHIN = TURN | {WAITS}
"""Phases of a node that is in the middle of a round."""
OVER = frozenset({FAILED, STOPPED})
"""Phases of a node for which the round is over: it could not be updated, or has stopped for the sake of one that said
so. Somebody is to look at either."""


@dataclass(frozen=True)
class Word:
    """How far a node is in a round; `cause` is why it failed or stopped, which stays on the node."""

    round: str
    phase: str
    cause: str = ""

    @property
    def text(self) -> str:
        """What others are told."""
        return f"{self.round} {self.phase}"


def number(now: datetime.datetime, updates: Updates) -> str:
    """Return the number of the round at `now`, as `2026-W48`; it lasts from the hour of `updates` until the next one.

    That is the week (ISO 8601) in which that hour is: who begins on Monday again what failed on Sunday is in the same.
    """
    year, week, _ = (now - datetime.timedelta(days=DAYS.index(updates.day), hours=updates.hour)).isocalendar()
    return f"{year}-W{week:02d}"


def read(text: str) -> Optional[Word]:
    """Return what a node says by `text`, or None if it says nothing of updates."""
    number, _, phase = text.partition(" ")
    return Word(number, phase) if number and phase else None


def load(paths: Paths) -> Optional[Word]:
    """Return what this node said last, or None if it never took part in a round."""
    return _read(_kept(paths)) or _read(_file(paths))


def say(paths: Paths, word: Word) -> None:
    """Keep `word` through a restart; of a turn also that it began after the last one."""
    if word.phase in TURN:
        files.write(_mark(paths), b"", mode=0o600)
    _write(_file(paths), word)
    _kept(paths).unlink(missing_ok=True)
    if word.phase not in TURN:
        _mark(paths).unlink(missing_ok=True)


def end(paths: Paths, word: Word) -> None:
    """Say `word`, by which the round is over for this node; where the disk takes no file, until the next restart.

    Whatever happens to its disk, a node that has ended does not say that it has its turn.
    """
    try:
        say(paths, word)
    except OSError as fault:
        log.warning("what this node says of updates is kept in memory: %s", fault)
        _write(_kept(paths), word)
        _mark(paths).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # a disk that is broken may be read alone
            _file(paths).unlink(missing_ok=True)


def _read(file: Path) -> Optional[Word]:
    try:
        value = json.loads(file.read_bytes())
        return Word(str(value["round"]), str(value["phase"]), str(value["cause"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(file: Path, word: Word) -> None:
    value = {"round": word.round, "phase": word.phase, "cause": word.cause}
    files.write(file, json.dumps(value).encode("ascii"), mode=0o600)


def forget(paths: Paths) -> None:
    """Say nothing of updates any more."""
    for file in (_file(paths), _kept(paths), _mark(paths), _installed(paths)):
        file.unlink(missing_ok=True)


def keep_installed(paths: Paths) -> None:
    """Keep until the next restart that updates have begun to be installed: the node needs that one for them."""
    files.write(_installed(paths), b"", mode=0o600)


def installed(paths: Paths) -> bool:
    """Return whether updates have been installed, as far as that went, since the node last restarted."""
    return _installed(paths).exists()


def restarted(paths: Paths) -> bool:
    """Return whether the node has restarted since it last said that it has its turn."""
    return not _mark(paths).exists()


def _file(paths: Paths) -> Path:
    return paths.etc / "updates.json"


def _kept(paths: Paths) -> Path:
    """Return the file in memory that goes before the one on the disk."""
    return paths.run / "updates.json"


def _mark(paths: Paths) -> Path:
    return paths.run / "has-turn"


def _installed(paths: Paths) -> Path:
    return paths.run / "updates-installed"

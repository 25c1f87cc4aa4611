"""The way back: a node that could not put a document in force returns to the one before, without any AWS API."""

import dataclasses
import json
import logging
import os
import sys
import threading
import time
from dataclasses import dataclass
from typing import Callable, Optional

from . import files, host, report, settings, stages
from .failure import ascii_sentence
from .host import Identity
from .paths import Paths
from .settings import Outline
from .state import OPEN, SERVING, State

log = logging.getLogger(__name__)
HEALTHY_WITHIN = 180.0
"""Seconds that the application has to become healthy with changed settings."""


@dataclass(frozen=True)
class Failed:
    """The document that was given up, why, and whether its wait handle has been told."""

    generation: str
    wait_url: str
    node: str
    sentence: str
    told: bool = False


class Trial:
    """Judges changed settings by the application: it must become healthy within `within` seconds where it may run."""

    def __init__(self, within: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._within = within
        self._clock = clock
        self._sick_since: Optional[float] = None

    def look(self, own: State) -> Optional[bool]:
        """Return True once this node serves, False when its time is over, else None.

        The time that a pair needs to be formed anew does not count: going back would not help it.
        """
        if own.phase == SERVING:
            return True
        if own.healthy or own.database != OPEN:
            self._sick_since = None
            return None
        if self._sick_since is None:
            self._sick_since = self._clock()
        return False if self._clock() - self._sick_since > self._within else None


def within(formation_timeout: int) -> float:
    """Return the seconds of a trial: early enough for the sentence to reach the wait handle."""
    return min(HEALTHY_WITHIN, formation_timeout / 4)


def failed(paths: Paths) -> Optional[Failed]:
    """Return the document that this node gave up last, or None if another one has been put in force since."""
    file = paths.etc / "failed.json"
    return Failed(**json.loads(file.read_text())) if file.is_file() else None


def forget_failed(paths: Paths) -> None:
    """Say that another document is in force."""
    if (paths.etc / "failed.json").exists():
        (paths.etc / "failed.json").unlink()


def go_back(paths: Paths, identity: Identity, gone: Outline, sentence: str) -> None:
    """Give `gone` up because of `sentence`: take the settings before it, and begin anew with their own program.

    That program does the stages again, and tells the wait handle. Does not return.
    """
    former = host.former(paths) or (paths.etc / "settings.json").read_text()
    log.error("generation %s is given up: %s", gone.generation, sentence)
    _note(paths, Failed(gone.generation, gone.wait_url, identity.node, ascii_sentence(sentence)))
    host.restore_credentials(paths)
    host.save_next(paths, former)
    host.save(paths, identity, former)
    program = paths.opt / settings.outline(former).asset.sha256[:16]
    if program.is_dir():
        stages.link_asset(paths.current, program)
    host.forget_former(paths)
    restart_self()


def tell(paths: Paths) -> None:
    """Tell the wait handle of a document that was given up why, once, from a thread that tries until it is taken."""
    note = failed(paths)
    if note is None or note.told:
        return

    def send(note: Failed = note) -> None:
        log.info("report FAILURE: %s", note.sentence)
        while not report.put(note.wait_url, report.failure(note.node, note.sentence)):
            pass
        if failed(paths) == note:
            _note(paths, dataclasses.replace(note, told=True))

    threading.Thread(target=send, name="failed", daemon=True).start()


def restart_self() -> None:
    """Begin this process anew, with the program in force now; systemd sees the same process."""
    log.info("the member begins anew")
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "musternode", *sys.argv[1:]])  # noqa: S606 - no shell wanted


def _note(paths: Paths, note: Failed) -> None:
    text = json.dumps(dataclasses.asdict(note))
    files.write(paths.etc / "failed.json", text.encode("ascii"), mode=0o600)

"""The journal of this host as a stream of lines, read by `journalctl` from a cursor on."""

import os
import selectors
import subprocess
import tempfile
import time
from typing import List, Optional, Sequence

from ..commands import last_line
from ..failure import Failure
from .entries import FIELDS

PROGRAM = ("journalctl",)
OPTIONS = ("--output=json", "--all", "--quiet", "--no-pager", "--follow", "--no-tail", "--merge")
"""`--follow` means the present boot alone unless `--merge` takes all; `--all` gives values above 4,096 bytes too."""
LONGEST = 8 << 20
"""Bytes of a line; a longer one is passed over, so that no writer can fill this process's memory."""


class Journal:
    """Follows the journal after `cursor`; without one from 14 days ago on, before which nothing can be shipped."""

    def __init__(self, cursor: Optional[str], program: Sequence[str] = PROGRAM) -> None:
        start = f"--after-cursor={cursor}" if cursor else "--since=-14d"
        fields = f"--output-fields={','.join(FIELDS)}"
        argv = [*program, *OPTIONS, fields, start]
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as journalctl
        self._process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=self._said)
        assert self._process.stdout is not None
        self._pipe = self._process.stdout.fileno()
        self._ready = selectors.DefaultSelector()
        self._ready.register(self._pipe, selectors.EVENT_READ)
        self._buffer = b""
        self._skips = False

    def lines(self, within: float, most: int) -> List[bytes]:
        """Return the lines that come in `within` seconds, or as soon as there are `most` bytes of them.

        Raises `Failure` with the last words of journalctl when it has ended and all that it said has been given.
        """
        until = time.monotonic() + within
        found: List[bytes] = []
        size = 0
        while size < most and (left := until - time.monotonic()) > 0:
            if not self._ready.select(left):
                break
            chunk = os.read(self._pipe, 1 << 16)
            if not chunk:
                if found:
                    break
                raise Failure(self._last_words())
            size += len(chunk)
            found += self._split(chunk)
        return found

    def close(self) -> None:
        """End journalctl."""
        self._process.kill()
        self._process.wait()
        self._ready.close()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._said.close()

    def _split(self, chunk: bytes) -> List[bytes]:
        *whole, self._buffer = (self._buffer + chunk).split(b"\n")
        if self._skips and whole:
            whole, self._skips = whole[1:], False
        if len(self._buffer) > LONGEST or self._skips:
            self._buffer, self._skips = b"", True
        return whole

    def _last_words(self) -> str:
        status = self._process.wait(timeout=10)
        self._said.seek(0)
        return f"journalctl ended with {status}: {last_line(self._said.read().decode('utf-8', 'replace'))}"

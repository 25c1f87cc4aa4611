"""One connection to one H2 server, held by H2's shell on a pipe for as long as it is needed.

If this process dies the shell reads the end of its input and leaves, and H2 ends whatever the session held
(exclusive mode too: engine/Database.java, removeSession).
"""

import contextlib
import os
import secrets
import selectors
import subprocess
import time
from typing import Callable, Iterator, List, Optional

from ..aws import Credentials
from .faults import H2Error
from .tools import Tool, Tools, first_error

PATIENCE = 60.0
"""Seconds without a byte after which a statement counts as failed."""


class Session:
    """An open connection; statements must be one line of ASCII without a semicolon at the end."""

    def __init__(
        self, tools: Tools, url: str, user: Credentials, lost: Callable[[], Optional[str]] = lambda: None
    ) -> None:
        """Connect; raises `H2Error` if the server refuses or cannot be reached.

        `lost` is asked each second while H2 is silent, and its text ends the waiting: H2 has no read timeout.
        """
        self._lost = lost
        arguments = ["-url", url, "-user", user.username, "-password", user.password]
        self.tool = Tool.start(tools, "org.h2.tools.Shell", arguments)
        self._buffer = b""
        self._ready = selectors.DefaultSelector()
        assert self.tool.process.stdout is not None
        self._ready.register(self.tool.process.stdout, selectors.EVENT_READ)
        try:
            self.query("CALL 1")
            self.tool.forget_arguments()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the server and wait until it knows; a shell that does not end within 5 s is killed."""
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            if self.tool.process.stdin is not None:
                self.tool.process.stdin.close()
            self.tool.process.wait(timeout=5)
        self._ready.close()
        self.tool.end()

    def execute(self, *statements: str) -> None:
        """Execute `statements`; raises `H2Error` at the first that fails."""
        for statement in statements:
            for _ in self._answer(statement):
                pass

    def query(self, statement: str) -> List[str]:
        """Return the rows of a query of one column whose values have no line ends."""
        lines = list(self._answer(statement))
        return lines[1:-1]  # the first is the column's name, the last counts rows and milliseconds

    def _answer(self, statement: str) -> Iterator[str]:
        """Yield the lines of the answer; raises `H2Error` at its end if it was an error.

        The end is known by what a command of the shell's own says, which needs no server, with a number that no
        stored row can know (tools/Shell.java, `maxwidth`).
        """
        number = secrets.randbelow(1 << 31)
        self._send(f"{statement};\nmaxwidth {number};\n")
        fault = ""
        while (line := self._line()) != f"Maximum column width is now {number}":
            if line.startswith("Exception in thread"):
                raise H2Error(first_error(line))  # it could not connect and has ended
            if line.startswith(("Error: ", "SQL Exception: ")):
                fault = fault or first_error(line)
            elif not fault:
                yield line
        if fault:
            raise H2Error(fault)

    def _send(self, lines: str) -> None:
        assert self.tool.process.stdin is not None
        try:
            self.tool.process.stdin.write(lines.encode("ascii"))
        except BrokenPipeError:
            raise H2Error(self._last_words()) from None

    def _line(self) -> str:
        until = time.monotonic() + PATIENCE
        while b"\n" not in self._buffer:
            if not self._ready.select(1.0):
                if reason := self._lost():
                    raise H2Error(reason)
                if time.monotonic() > until:
                    raise H2Error(f"H2 gave no answer for {PATIENCE:g} s")
                continue
            chunk = os.read(self._stdout, 1 << 16)
            if not chunk:
                raise H2Error(self._last_words())
            self._buffer += chunk
        raw, self._buffer = self._buffer.split(b"\n", 1)
        line = raw.decode("utf-8", "surrogateescape")
        while line.startswith(("sql> ", "...> ")):
            line = line[5:]
        return line

    @property
    def _stdout(self) -> int:
        assert self.tool.process.stdout is not None
        return self.tool.process.stdout.fileno()

    def _last_words(self) -> str:
        return first_error(self._buffer.decode("utf-8", "replace")) if self._buffer else "the connection is gone"

"""The listening socket of the gate: bounded work at each turn, and no endless loop when descriptors run out."""

import contextlib
import errno
import os
import socket
from typing import Iterator, Optional, Tuple

from .ends import family, linger_none

AT_A_TURN = 16
"""Connections taken before other work is looked at."""
PAUSE = 0.2
"""Seconds without accepting when not even refusing is possible."""
_BACKLOG = 128
_EXHAUSTED = (errno.EMFILE, errno.ENFILE)


class Exhausted(Exception):  # noqa: N818 - a state of the machine
    """No descriptor is left; one waiting client was turned away if `away` says so."""

    def __init__(self, *, away: bool) -> None:
        super().__init__("no file descriptor is left")
        self.away = away


class Listener:
    """Listens on `address` from the moment it is made; raises `OSError` if that is not possible.

    It keeps one descriptor in reserve: with that it takes a client in and resets him when there is no other, for a
    client that stays in the queue would wake the loop again at once.
    """

    def __init__(self, address: Tuple[str, int]) -> None:
        self._socket = socket.socket(family(address[0]), socket.SOCK_STREAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind(address)
            self._socket.listen(_BACKLOG)
            self._socket.setblocking(False)
            self._spare: Optional[int] = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._socket.close()
            raise
        self.descriptor = self._socket.fileno()

    def clients(self) -> Iterator[Tuple[socket.socket, str]]:
        """Yield clients that wait, with their addresses; raises `Exhausted`."""
        for _ in range(AT_A_TURN):
            try:
                client, address = self._socket.accept()
            except BlockingIOError:
                return
            except OSError as fault:
                if fault.errno in _EXHAUSTED:
                    raise Exhausted(away=self._turn_away()) from None
                if fault.errno not in (errno.ECONNABORTED, errno.EINTR):
                    raise Exhausted(away=False) from None  # no memory for it: wait as well
                continue
            yield client, str(address[0])

    def close(self) -> None:
        """Listen no more; who waits in the queue is reset."""
        self._socket.close()
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None

    def _turn_away(self) -> bool:
        """Reset one waiting client by means of the spare descriptor; return whether that was possible."""
        if self._spare is not None:
            os.close(self._spare)
        with contextlib.suppress(OSError):
            client, _ = self._socket.accept()
            linger_none(client)
            client.close()
        try:
            self._spare = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._spare = None
        return self._spare is not None

"""A listening socket with a thread for each connection, of which strangers hold few and only for a moment."""

import contextlib
import ipaddress
import logging
import socket
import threading
import time
from typing import Callable, Dict, Optional

from ..failure import Failure

BACKLOG = 256
STRANGERS = 16
"""Connections that have proven nothing yet; one more ends the oldest, so that holding them keeps nobody out."""
CONNECTIONS = 64
log = logging.getLogger(__name__)
Serve = Callable[[socket.socket, Callable[[], None]], None]


class PeerListener:
    """Listens from `start` to `stop`; `serve(connection, proven)` runs in a thread and calls `proven` once it knows.

    The connection is closed when `serve` returns, whatever it raises.
    """

    def __init__(self, address: str, port: int, serve: Serve, name: str) -> None:
        self._address = address
        self.port = port
        """The port; once it is listened on, the one that the kernel chose if 0 was asked for."""
        self._serve = serve
        self._name = name
        self._lock = threading.Lock()
        self._socket: Optional[socket.socket] = None
        self._stopped = False
        self._strangers: Dict[socket.socket, None] = {}
        self._threads: Dict[socket.socket, threading.Thread] = {}

    def start(self) -> None:
        """Listen; raises `Failure` when the address or the port cannot be had."""
        family = socket.AF_INET6 if ipaddress.ip_address(self._address).version == 6 else socket.AF_INET
        try:
            self._socket = socket.create_server((self._address, self.port), family=family, backlog=BACKLOG)
        except OSError as fault:
            place = f"{self._address} port {self.port}"
            raise Failure(f"the {self._name} cannot listen on {place}: {fault.strerror}") from None
        self.port = int(self._socket.getsockname()[1])
        threading.Thread(target=self._accept, name=self._name, daemon=True).start()

    def stop(self) -> None:
        """Listen no longer, end every connection and wait a moment for their threads."""
        with self._lock:
            self._stopped = True
            threads = dict(self._threads)
        if self._socket is not None:
            end(self._socket)  # wakes accept(2)
        for connection in threads:
            end(connection)
        for thread in threads.values():
            if thread is not threading.current_thread():
                thread.join(timeout=1.0)

    def _accept(self) -> None:
        assert self._socket is not None
        with self._socket as listening:
            while not self._stopped:
                try:
                    connection, _ = listening.accept()
                except OSError:  # none left of something, or the client has gone again; after `stop` the loop ends
                    time.sleep(0.05)
                    continue
                self._take(connection)

    def _take(self, connection: socket.socket) -> None:
        thread = threading.Thread(target=self._run, args=(connection,), name=self._name, daemon=True)
        if not self._admit(connection, thread):
            connection.close()
            return
        try:
            thread.start()
        except RuntimeError:  # the system gives no more threads
            self._forget(connection)

    def _admit(self, connection: socket.socket, thread: threading.Thread) -> bool:
        """Return whether there is room for one more connection; too many strangers cost the oldest its place."""
        with self._lock:
            if self._stopped or len(self._threads) >= CONNECTIONS:
                return False
            self._strangers[connection] = None
            self._threads[connection] = thread
            for oldest in list(self._strangers)[:-STRANGERS]:
                end(oldest)
        return True

    def _run(self, connection: socket.socket) -> None:
        try:
            self._serve(connection, lambda: self._proven(connection))
        except Exception:
            log.exception("a connection to the %s ended", self._name)
        finally:
            self._forget(connection)

    def _proven(self, connection: socket.socket) -> None:
        with self._lock:
            self._strangers.pop(connection, None)

    def _forget(self, connection: socket.socket) -> None:
        with self._lock:
            self._strangers.pop(connection, None)
            self._threads.pop(connection, None)
            connection.close()  # under the lock, so that `end` never meets a descriptor that is another's by now


def end(connection: socket.socket) -> None:
    """End `connection` for both ends, and a wait of another thread on it, but keep its descriptor."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)

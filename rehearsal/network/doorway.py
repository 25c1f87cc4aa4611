"""A way for a person at this machine into the rehearsed VPC: a TCP forwarder from loopback, by way of the visitor."""

import contextlib
import logging
import socket
import socketserver
import threading
from typing import cast

from rehearsal.netns import connect_in
from rehearsal.network.serving import Serving

_log = logging.getLogger(__name__)
_CONNECT = 10.0  # seconds
_CHUNK = 65536


class _Server(socketserver.ThreadingTCPServer):
    """Knows where connections go."""

    daemon_threads = True
    allow_reuse_address = True
    namespace: str
    target: tuple[str, int]

    def handle_error(self, request: object, client_address: object) -> None:
        """Note it only: to the person, a target that does not answer is a connection closed at once."""
        _log.debug("doorway %s %s", client_address, request, exc_info=True)


class _Connection(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        """Carry bytes both ways until both sides have ended."""
        server = cast("_Server", self.server)
        with connect_in(server.namespace, server.target, _CONNECT) as inside:
            inside.settimeout(None)
            back = threading.Thread(target=_pump, args=(inside, self.request), daemon=True)
            back.start()
            _pump(self.request, inside)
            back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    """Copy until `source` ends, then pass the end on."""
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class Doorway:
    """Listens on 127.0.0.1 and connects to `target` from inside `namespace`, from now until `close`.

    `port` 0 takes a free one; `url` says which. Raises `OSError` if the port is taken.
    """

    def __init__(self, namespace: str, target: tuple[str, int], port: int = 0) -> None:
        self._server = _Server(("127.0.0.1", port), _Connection)
        self._server.namespace, self._server.target = namespace, target
        self._serving = Serving(self._server)

    @property
    def port(self) -> int:
        """The port on 127.0.0.1."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """What to give to a browser or to curl."""
        return f"http://127.0.0.1:{self.port}/"

    def close(self) -> None:
        """Take no more connections."""
        self._serving.close()

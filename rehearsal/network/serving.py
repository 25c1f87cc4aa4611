"""Servers of the standard library on sockets of other namespaces."""

import socket
import socketserver
import threading

POLL = 0.05
"""Seconds until a server notices that it shall end."""


class Serving:
    """A server that runs in a thread of its own from now until `close`."""

    def __init__(self, server: socketserver.BaseServer) -> None:
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, args=(POLL,), name="serving", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop taking requests and close the socket; a second call is no fault."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def adopt(server: socketserver.TCPServer, made: socket.socket) -> None:
    """Let `server` (made without binding; UDP servers too) use `made`, which is bound already."""
    server.socket.close()
    server.socket = made
    server.server_address = made.getsockname()

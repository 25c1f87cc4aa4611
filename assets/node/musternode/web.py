"""A small HTTP server for a few paths, a thread a request, none waits for another; and how another one answers."""

import http.client
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Mapping, Optional, Tuple

Answer = Callable[[], Tuple[int, bytes]]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that left before its answer: a balancer does after 2 seconds."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def serve(address: str, port: int, answers: Mapping[str, Answer]) -> ThreadingHTTPServer:
    """Serve GET at `address`:`port` in the background; `answers` gives status and JSON body by path. Port 0 is any."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def do_GET(self) -> None:
            answer = answers.get(self.path.split("?", 1)[0])
            status, body = (404, b'{"error": "no such path"}') if answer is None else answer()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: a balancer asks every few seconds."""

    server = _Server((address, port), Handler)
    server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    threading.Thread(target=server.serve_forever, name=f"http-{port}", daemon=True).start()
    return server


def status(address: str, port: int, path: str, timeout: float, headers: Optional[Mapping[str, str]] = None) -> int:
    """Return the status with which GET `path` is answered within `timeout` seconds a step, 0 if it is not."""
    connection = http.client.HTTPConnection(address, port, timeout=timeout)
    try:
        connection.request("GET", path, headers=headers or {})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()

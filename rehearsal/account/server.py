"""The HTTP server of the account, on the loopback interface."""

import logging
import threading
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server

logging.getLogger("werkzeug").setLevel(logging.WARNING)


class _Handler(MotoRequestHandler):
    """One request; not a line of log for each."""

    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        """Say nothing."""


class Server:
    """Serves a WSGI application at http://localhost:PORT, a thread for each request."""

    def __init__(self, app: Any, port: int) -> None:
        self._server: BaseWSGIServer = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Handler)
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)

    @property
    def port(self) -> int:
        """The port, also where any free one was asked for."""
        return self._server.port

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """End, and free the port."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

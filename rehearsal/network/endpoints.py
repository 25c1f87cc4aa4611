"""The AWS endpoints as hosts see them: HTTPS by their public names, answered by one WSGI application."""

import logging
import socket
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.wsgi import get_input_stream

from rehearsal.netns import socket_in
from rehearsal.network.serving import Serving
from rehearsal.passage import CAME_THROUGH

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_log = logging.getLogger(__name__)
_PORT = 443
_PATIENCE = 60.0  # seconds of silence from a client before its connection is given up


@dataclass(frozen=True)
class ServerCertificate:
    """PEM files: the certificate (with the chain after it) and its private key, which nothing may log."""

    cert_path: Path
    key_path: Path


class _Handler(WSGIRequestHandler):
    """One connection. The application gets the request line's target untouched in RAW_URI, as signatures need it."""

    protocol_version = "HTTP/1.1"
    timeout = _PATIENCE

    def handle_expect_100(self) -> bool:
        """Leave "100 Continue" to werkzeug, which sends it before it calls the application; one is enough."""
        return True

    def make_environ(self) -> "WSGIEnvironment":
        """Let the body end where its length or its last chunk says, so that the application may simply read it."""
        environ = super().make_environ()
        environ["wsgi.input"] = get_input_stream(environ)
        environ["wsgi.input_terminated"] = True
        return environ

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Keep requests out of the rehearsal's output: paths may carry signatures."""


class _Server(ThreadedWSGIServer):
    """TLS is spoken in the thread of each connection: a client that stalls in its handshake stalls itself only."""

    def __init__(self, listening: socket.socket, app: "WSGIApplication", certificate: ServerCertificate) -> None:
        host, port = listening.getsockname()
        super().__init__(host, port, app, handler=_Handler, fd=listening.fileno())
        self.ssl_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ssl_context.load_cert_chain(certificate.cert_path, certificate.key_path)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve one connection."""
        request.settimeout(_PATIENCE)
        assert self.ssl_context is not None  # set above; werkzeug's own type allows None
        with self.ssl_context.wrap_socket(request, server_side=True) as encrypted:
            self.RequestHandlerClass(encrypted, client_address, self)  # type: ignore[arg-type]

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's signature
        """Pass on what werkzeug has to say: mostly what the application failed with."""
        _log.log(logging.ERROR if type == "error" else logging.INFO, message.rstrip(), *args)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Note what a client did to its connection; a client without the CA ends here."""
        _log.debug("endpoint client %s %s", client_address, request, exc_info=True)


def through(app: "WSGIApplication", endpoint_of: Callable[[str], str]) -> "WSGIApplication":
    """Return `app`, told by which VPC endpoint each request came: `endpoint_of` knows it by the client's address."""

    def told(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if endpoint := endpoint_of(environ["REMOTE_ADDR"]):
            environ[CAME_THROUGH] = endpoint
        return app(environ, start_response)

    return told


class EndpointServer:
    """`app` over TLS on `address`:443 of a namespace, from now until `close`."""

    def __init__(self, namespace: str, address: str, app: "WSGIApplication", certificate: ServerCertificate) -> None:
        with socket_in(namespace, socket.SOCK_STREAM, (address, _PORT)) as listening:
            self._serving = Serving(_Server(listening, app, certificate))  # which works on a duplicate

    def close(self) -> None:
        """Stop taking connections."""
        self._serving.close()

"""What answers at a mount target: takes a host's order to mount, a line of JSON, and says in another why not."""

import json
import logging
import socket
import socketserver
from collections.abc import Callable, Sequence
from typing import cast

from rehearsal.hosts.mount_target import NFS
from rehearsal.netns import socket_in
from rehearsal.network.serving import Serving, adopt

_log = logging.getLogger(__name__)
_PATIENCE = 5.0  # seconds that a host may take for its order
_LONGEST = 4096  # bytes of an order

Mounter = Callable[[str, str, Sequence[str]], str]
"""From a host's address, a folder there and the options of mount(8) to a refusal; empty if it is mounted."""


class _Server(socketserver.ThreadingTCPServer):
    """Knows who mounts."""

    daemon_threads = True
    mount: Mounter

    def handle_error(self, request: object, client_address: object) -> None:
        """Note what a host did to its connection."""
        _log.debug("mount target: client %s %s", client_address, request, exc_info=True)


class _Connection(socketserver.StreamRequestHandler):
    timeout = _PATIENCE

    def handle(self) -> None:
        """Carry out one order; a connection without one, as a port scan makes, is no fault."""
        line = self.rfile.readline(_LONGEST)
        if not line:
            return
        order = json.loads(line)
        refusal = self._mounted(str(order["directory"]), [str(option) for option in order["options"]])
        self.wfile.write(json.dumps({"refusal": refusal}).encode() + b"\n")

    def _mounted(self, directory: str, options: Sequence[str]) -> str:
        try:
            return cast("_Server", self.server).mount(self.client_address[0], directory, options)
        except Exception as fault:
            _log.exception("mounting at %s of %s", directory, self.client_address[0])
            return f"{type(fault).__name__}: {fault}"


class MountServer:
    """Answers at `address` in `namespace` from now until `close`."""

    def __init__(self, namespace: str, address: str, mount: Mounter) -> None:
        self._serving = served(socket_in(namespace, socket.SOCK_STREAM, (address, NFS)), mount)

    def close(self) -> None:
        """Take no more orders; what is mounted stays so."""
        self._serving.close()


def served(listening: socket.socket, mount: Mounter) -> Serving:
    """Return what answers on a socket that listens already."""
    server = _Server(("", NFS), _Connection, bind_and_activate=False)
    server.mount = mount
    adopt(server, listening)
    return Serving(server)

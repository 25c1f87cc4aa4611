"""Whether the engine on this node answers users."""

import http.client
from typing import List, Sequence

from .. import web
from ..paths import Paths
from ..servers import readiness
from ..servers.readiness import WITHIN
from ..tls.readiness import Look, told
from .eras import HEALTH


def answers(port: int, path: str, timeout: float = WITHIN) -> bool:
    """Return whether the engine is healthy by its page `path`, asked by the one name that every licence lets in.

    A first page, which is no page about its health, may lead elsewhere.
    """
    status = web.status("127.0.0.1", port, path, timeout, {"Host": f"localhost:{port}"})
    return status == http.client.OK if path == HEALTH else http.client.OK <= status < http.client.BAD_REQUEST


def lacks(port: int, path: str) -> str:
    """Return the clause that says what an engine that is not healthy lacks."""
    return f"the engine does not say at {path} port {port} that it runs"


def reasons(paths: Paths, port: int, path: str, front: Look = list) -> List[str]:
    """Return why this node should be given no users; empty if it should."""
    return readiness.reasons_behind(front, paths, lambda: "" if answers(port, path) else lacks(port, path))


def run(arguments: Sequence[str], paths: Paths) -> int:
    """Serve ADDRESS PORT HTTP_PORT PATH [TLS_PORT] until the process ends; raises `Failure` on others."""
    own, front = told(arguments, "axonivy-readiness ADDRESS PORT HTTP_PORT PATH", paths)
    address, port, http_port, path = own
    return readiness.serve(address, int(port), lambda: reasons(paths, int(http_port), path, front))

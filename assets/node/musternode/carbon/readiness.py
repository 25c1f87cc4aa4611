"""Whether a product on Carbon answers users."""

import http.client
from typing import List, Sequence

from .. import web
from ..failure import Failure
from ..paths import Paths
from ..servers import readiness
from ..servers.readiness import WITHIN

PATH = "/services"
"""What every Carbon answers, though a product may lead elsewhere from there or forbid it."""


def answers(address: str, port: int, timeout: float = WITHIN) -> bool:
    """Return whether the product answers at all, with anything but a fault of its own, within `timeout` seconds."""
    return 0 < web.status(address, port, PATH, timeout) < http.client.INTERNAL_SERVER_ERROR


def reasons(paths: Paths, port: int) -> List[str]:
    """Return why this node should be given no users; empty if it should."""
    return readiness.reasons(paths, "" if answers("127.0.0.1", port) else silent(port))


def silent(port: int) -> str:
    """Return the clause about a product that does not answer on `port`."""
    return f"the product does not answer at {PATH} port {port}"


def run(arguments: Sequence[str], paths: Paths) -> int:
    """Serve ADDRESS PORT HTTP_PORT until the process ends; raises `Failure` on others."""
    if len(arguments) != 3:
        raise Failure("usage: musternode carbon-readiness ADDRESS PORT HTTP_PORT")
    address, port, http_port = arguments
    return readiness.serve(address, int(port), lambda: reasons(paths, int(http_port)))

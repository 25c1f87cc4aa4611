"""GET /ready: 200 only if the product on this node answers users and its member sees enough of the cluster."""

import http.client
import json
import logging
import time
from typing import List, Sequence, Tuple

from .. import state, web
from ..failure import Failure
from ..paths import Paths
from .member import users_here

log = logging.getLogger(__name__)
WITHIN = 1.5
"""Seconds until the product must have answered; the balancer waits 2."""
PATH = "/services"
"""What every Carbon answers, though a product may lead elsewhere from there or forbid it."""


def answers(address: str, port: int, timeout: float = WITHIN) -> bool:
    """Return whether the product answers at all, with anything but a fault of its own, within `timeout` seconds."""
    connection = http.client.HTTPConnection(address, port, timeout=timeout)
    try:
        connection.request("GET", PATH)
        return connection.getresponse().status < http.client.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def reasons(paths: Paths, port: int) -> List[str]:
    """Return why this node should be given no users; empty if it should."""
    found = [] if answers("127.0.0.1", port) else [f"the product does not answer at {PATH} port {port}"]
    reason = users_here(state.own(paths))
    return [*found, reason] if reason else found


def answer(why: List[str]) -> Tuple[int, bytes]:
    """Return status and body for the reasons `why`."""
    return (503 if why else 200), json.dumps({"ready": not why, "reasons": why}).encode("ascii")


def run(arguments: Sequence[str], paths: Paths) -> int:
    """Serve ADDRESS PORT HTTP_PORT until the process ends; raises `Failure` on others."""
    if len(arguments) != 3:
        raise Failure("usage: musternode carbon-readiness ADDRESS PORT HTTP_PORT")
    address, port, http_port = arguments
    web.serve(address, int(port), {"/ready": lambda: answer(reasons(paths, int(http_port)))})
    log.info("answers at %s port %s", address, port)
    while True:
        time.sleep(3600)

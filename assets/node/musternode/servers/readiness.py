"""GET /ready: 200 only if the product on this node answers users and its member wants them here."""

import http.client
import json
import logging
import time
from typing import Callable, List, Optional, Tuple

from .. import state, web
from ..paths import Paths
from ..state import SERVING, WAITING, State

log = logging.getLogger(__name__)
WITHIN = 1.5
"""Seconds until the product must have answered; the balancer waits 2."""
LACKS = "the member is not in one cluster with a majority of the members"


def status(address: str, port: int, path: str, timeout: float = WITHIN) -> int:
    """Return the status with which GET `path` is answered within `timeout` seconds, 0 if it is not."""
    connection = http.client.HTTPConnection(address, port, timeout=timeout)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def users_here(own: Optional[State], lacks: str = LACKS) -> str:
    """Return why the member wants no users on this node, empty if it wants them; one that waits `lacks` something."""
    if own is None:
        return "the member does not answer"
    if own.phase == SERVING:
        return ""
    if own.phase == WAITING:
        return lacks
    return f"the member is {own.phase}" + (f": {own.failure}" if own.failure else "")


def reasons(paths: Paths, product: str, lacks: str = LACKS) -> List[str]:
    """Return why this node should be given no users; `product` is what the product lacks, empty for nothing."""
    return [reason for reason in (product, users_here(state.own(paths), lacks)) if reason]


def answer(why: List[str]) -> Tuple[int, bytes]:
    """Return status and body for the reasons `why`."""
    return (503 if why else 200), json.dumps({"ready": not why, "reasons": why}).encode("ascii")


def serve(address: str, port: int, why: Callable[[], List[str]]) -> int:
    """Answer at `address`:`port` until the process ends."""
    web.serve(address, port, {"/ready": lambda: answer(why())})
    log.info("answers at %s port %s", address, port)
    while True:
        time.sleep(3600)

"""GET /ready: 200 only if the product on this node answers users and its member wants them here."""

import logging
import time
from typing import Callable, List, Optional

from .. import state, web
from ..paths import Paths
from ..readiness import answer, at_once
from ..state import SERVING, WAITING, State
from ..tls.readiness import Look

log = logging.getLogger(__name__)
WITHIN = 1.5
"""Seconds until the product must have answered; the balancer waits 2."""
SPARE = 0.1
"""Seconds more, so that a product's own words about its silence are heard."""
LACKS = "the member is not in one cluster with a majority of the members"


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


def reasons_behind(front: Look, paths: Paths, product: Callable[[], str], lacks: str = LACKS) -> List[str]:
    """Return the same of a node whose users come by `front`: both are asked at once, one that hangs is cut short."""
    found = at_once({"front": lambda: "; ".join(front()), "product": product}, WITHIN + SPARE)
    return [*filter(None, [found["front"]]), *reasons(paths, found["product"], lacks)]


def serve(address: str, port: int, why: Callable[[], List[str]]) -> int:
    """Answer at `address`:`port` until the process ends."""
    web.serve(address, port, {"/ready": lambda: answer(why())})
    log.info("answers at %s port %s", address, port)
    while True:
        time.sleep(3600)

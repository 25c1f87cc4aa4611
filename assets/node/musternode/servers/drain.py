"""Users are led to other nodes before a product ends that is to begin anew."""

import logging
import time
from typing import Callable, Iterable, Mapping

from ..settings import Node
from ..state import LEAVING, SERVING, Board, State

log = logging.getLogger(__name__)
SECONDS = 15.0
"""How long the product goes on for those whom the balancer still leads here.

Its second check fails within 12 s: checks are 5 s apart, and one has 2 s. By then it has also taken back a node that
began anew just before.
"""


def lead_away(
    board: Board, alike: Iterable[Node], states: Mapping[str, State], sleep: Callable[[float], object] = time.sleep
) -> None:
    """Let the balancer lead users to those that are `alike`, as long as that takes; if none of them serves, at once.

    `states` are what members say of themselves, by name.
    """
    others = (states[each.name] for each in alike if each.name in states)
    if board.state.phase != SERVING or not any(each.phase == SERVING for each in others):
        return
    log.info("users are led to other nodes for %g s, before the product begins anew", SECONDS)
    board.put(phase=LEAVING)
    sleep(SECONDS)

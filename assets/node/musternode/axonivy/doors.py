"""Whether the other nodes' JGroups lets this one in: by a connection that is ended at once.

Each is a line in the log of an engine that wonders about it, so that it is seldom where the last one was let in.
"""

import logging
import socket
import threading
import time
from typing import Callable, Dict, FrozenSet, Sequence

from ..settings import Node

log = logging.getLogger(__name__)
EVERY, CALM = 2.0, 30.0
"""Seconds until the next try where the last one was not let in, and where it was."""


def opens(address: str, port: int, within: float = 1.5) -> bool:
    """Return whether `address` takes a TCP connection at `port` within some seconds."""
    try:
        with socket.create_connection((address, port), timeout=within):
            return True
    except OSError:
        return False


class Doors:
    """Tries the other members from a thread for each; one that hangs keeps nobody waiting."""

    def __init__(self, members: Sequence[Node], port: int, knock: Callable[[str, int], bool] = opens) -> None:
        self._addresses = [member.address for member in members]
        self._port = port
        self._knock = knock
        self._found: Dict[str, bool] = {}

    def start(self) -> None:
        """Try for as long as the process lives."""
        for address in self._addresses:
            threading.Thread(target=self._keep, args=(address,), name=f"door-{address}", daemon=True).start()

    def open(self) -> FrozenSet[str]:
        """Return the addresses of those that let this node in."""
        return frozenset(address for address, found in dict(self._found).items() if found)

    def look(self, address: str) -> float:
        """Try once; return the seconds until the next time."""
        try:
            self._found[address] = self._knock(address, self._port)
        except Exception:  # the thread must outlive every fault: nobody else tries
            log.exception("%s was not tried", address)
        return CALM if self._found.get(address) else EVERY

    def _keep(self, address: str) -> None:
        while True:
            time.sleep(self.look(address))

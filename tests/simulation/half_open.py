"""How a gate process finds connections of its host's clients that the peer does not have any more."""

from typing import TYPE_CHECKING

from musternode.h2.half_open import EVERY, missing_twice
from tests.simulation.gate import RESET, Conn

if TYPE_CHECKING:
    from tests.simulation.process import Process


class HalfOpen:
    """Looks again and again while the process lives; the kernels of both hosts know what there is."""

    def __init__(self, process: "Process") -> None:
        self._process = process
        self._suspects: frozenset[Conn] = frozenset()

    def look(self) -> None:
        """Ask the peer, if a client here has a connection to it."""
        process = self._process
        process.later(EVERY, self.look)
        if mine := self._mine():
            process.world.network.message(process.host.name, process.host.peer, self._arrive, mine)
        else:
            self._suspects = frozenset()

    def _mine(self) -> tuple[Conn, ...]:
        host = self._process.host
        conns = (conn for client in self._process.world.clients if client.place == host.name for conn in client.conns)
        return tuple(conn for conn in conns if conn.open and conn.process.host.name == host.peer)

    def _arrive(self, mine: tuple[Conn, ...]) -> None:
        world, host = self._process.world, self._process.host
        peer = world.hosts[host.peer]
        if peer.up and peer.process is not None and peer.process.active:
            theirs = frozenset(conn for conn in mine if conn.here and not conn.process.dead)
            world.network.message(peer.name, host.name, self._process.soon, self._told, mine, theirs)

    def _told(self, mine: tuple[Conn, ...], theirs: frozenset[Conn]) -> None:
        dead, self._suspects = missing_twice(self._suspects, frozenset(mine), theirs)
        for conn in mine:
            if conn in dead and conn.open:
                conn.client.was_reset(conn, RESET)

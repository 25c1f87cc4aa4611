"""All clients of the gate: their handshakes judged, their bytes forwarded, their hits remembered until decided."""

import logging
import socket
from dataclasses import dataclass
from typing import Callable, Dict, Optional, Tuple

from . import handshake
from .ends import FAULT, GONE, IN, OUT, End, Ends, family
from .link import CHUNK, Link
from .refusals import Refusals

PATIENCE = 5.0
"""Seconds that a client has for its handshake."""
UNFINISHED = 64
"""Handshakes under way; one more costs the oldest its connection: a driver needs milliseconds for its own."""
log = logging.getLogger(__name__)


@dataclass
class Stats:
    """What the gate has done since its start; `connections` is how many there are now, `bytes` counts both ways."""

    accepted: int = 0
    hits: int = 0
    passed: int = 0
    denied: int = 0
    refused: int = 0
    connections: int = 0
    bytes: int = 0


class Forwarder:
    """The data path of one gate, used by its thread alone."""

    def __init__(
        self,
        upstream: Tuple[str, int],
        policy: handshake.Policy,
        on_hit: Callable[[int], None],
        clock: Callable[[], float],
    ) -> None:
        self.ends = Ends()
        self.stats = Stats()
        self.refusals = Refusals(clock)
        self._upstream = upstream
        self._policy = policy
        self._on_hit = on_hit
        self._clock = clock
        self._sides: Dict[int, Tuple[Link, End]] = {}
        self._links: Dict[Link, None] = {}
        self._unfinished: Dict[Link, float] = {}
        self._held: Dict[int, Link] = {}

    def admit(self, client: socket.socket, address: str) -> None:
        """Take in a client that was accepted."""
        self.stats.accepted += 1
        try:
            link = Link(self.ends, client, address, self._hit)
        except OSError:
            client.close()
            return
        self._links[link] = None
        self.stats.connections = len(self._links)
        self._sides[link.client.descriptor] = (link, link.client)
        self._unfinished[link] = self._clock() + PATIENCE
        if len(self._unfinished) > UNFINISHED:
            self._refuse(next(iter(self._unfinished)), "too many handshakes are under way")

    def serve(self, descriptor: int, events: int) -> bool:
        """Do what the events of a socket ask for; return whether it is one of a client here.

        A fault ends this client's connection and no other: also a fault in Muster itself.
        """
        side = self._sides.get(descriptor)
        if side is None:
            return False
        link, end = side
        try:
            if events == IN and link.server is not None:  # nearly always
                count = link.read(end)
                self.stats.bytes += count
                if not count and link.finished():
                    self.reset(link, reset=False)
            else:
                self._serve(link, end, events)
        except BlockingIOError:
            pass
        except OSError:
            self.reset(link)
        except Exception:
            log.exception("the gate failed; it ends the connection of %s", link.address)
            self.reset(link)
        return True

    def decide(self, hit: int, allowed: bool) -> None:
        """Let a held client go on or reset it; nothing for a hit whose client is gone."""
        link = self._held.pop(hit, None)
        if link is None:
            return
        if not allowed:
            self.stats.denied += 1
            self.reset(link)
            return
        self.stats.passed += 1
        self._let_go(link)

    def reset(self, link: Link, *, reset: bool = True) -> None:
        """End a link, by a reset unless it is over in order."""
        link.end(reset=reset)
        self._held.pop(link.hit, None)
        self._unfinished.pop(link, None)
        self._links.pop(link, None)
        self._sides.pop(link.client.descriptor, None)
        if link.server is not None:
            self._sides.pop(link.server.descriptor, None)
        self.stats.connections = len(self._links)

    def reset_all(self, address: Optional[str] = None) -> int:
        """Reset every client, or those from `address`; return how many."""
        chosen = [link for link in self._links if address in (None, link.address)]
        for link in chosen:
            self.reset(link)
        return len(chosen)

    def next_deadline(self) -> Optional[float]:
        """Return when the oldest unfinished handshake has had its time."""
        return next(iter(self._unfinished.values()), None)

    def overdue(self) -> None:
        """Reset who has not ended the handshake in time."""
        while (deadline := self.next_deadline()) is not None and deadline <= self._clock():
            self._refuse(next(iter(self._unfinished)), f"no whole handshake within {PATIENCE:g} s")
        self.refusals.summarise()

    def turned_away(self, why: str) -> None:
        """Count and log a client that could not be taken in."""
        self.stats.refused += 1
        self.refusals.say("a client", why)

    def _serve(self, link: Link, end: End, events: int) -> None:
        if events & OUT:
            link.write(end)
        if events & IN and not link.dead:
            if link.server is None:
                self._greet(link)
            else:
                self.stats.bytes += link.read(end)
        if events & (FAULT | GONE) and not events & (IN | OUT):
            link.complain(end, events)
        if link.finished():
            self.reset(link, reset=False)

    def _greet(self, link: Link) -> None:
        data = link.client.socket.recv(CHUNK)
        if not data:
            if link.hello:
                self._refuse(link, "the connection ended within the handshake")
            self.reset(link)
            return
        link.hello += data
        self.stats.bytes += len(data)
        try:
            hello = handshake.parse(link.hello)
            why = hello and self._policy.refusal(hello)
        except handshake.Refused as refused:
            hello, why = None, str(refused)
        if why:
            self._refuse(link, why)
        elif hello is not None:
            self._connect(link)

    def _connect(self, link: Link) -> None:
        del self._unfinished[link]
        try:
            server = socket.socket(family(self._upstream[0]), socket.SOCK_STREAM)
        except OSError as fault:
            self._refuse(link, f"no socket for it: {fault.strerror}")
            return
        self._sides[server.fileno()] = (link, link.attach(server))
        link.connect(self._upstream)

    def _hit(self, link: Link) -> None:
        self.stats.hits += 1
        link.hit = self.stats.hits  # never given twice: a late answer to a hit of before finds nobody
        self._held[link.hit] = link
        self._on_hit(link.hit)

    def _let_go(self, link: Link) -> None:
        try:
            link.release()
        except OSError:
            self.reset(link)

    def _refuse(self, link: Link, why: str) -> None:
        self.stats.refused += 1
        self.refusals.say(link.address, why)
        self.reset(link)

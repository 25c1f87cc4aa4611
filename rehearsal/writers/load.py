"""The load of a trial: writers and readers at each node's application, users at the balancer, all at once."""

import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rehearsal import visitor
from rehearsal.poll import NotYet, poll
from rehearsal.visitor import CookieJar
from rehearsal.writers.client import PAUSE, Client, Place, Reader, Visitor, Writer
from rehearsal.writers.journal import Journal

if TYPE_CHECKING:
    from rehearsal.checks.scene import Member, Scene

PATIENCE = 20.0
"""Seconds that a client waits for an answer: longer than the application's own time-outs."""

_END_WITHIN = PATIENCE + 5.0
USERS_PAUSE = 0.1


@dataclass(frozen=True)
class Shape:
    """How many clients there are: at each node writers and readers, in all users at the balancer."""

    writers: int = 2
    readers: int = 1
    users: int = 2
    pause: float = PAUSE


class Load:
    """Clients that are at work. `journal` has what they did; `run` is in every key, and never used before."""

    def __init__(self, places: Sequence[Place], journal: Journal, shape: Shape, balancer: Place | None = None) -> None:
        self.journal, self.run = journal, uuid.uuid4().hex[:8]
        self._ended = threading.Event()
        self._clients: list[Client] = []
        for place in places:
            for kind, count in ((Writer, shape.writers), (Reader, shape.readers)):
                names = (f"{self.run}-{place.node}-{kind.__name__.lower()}{number}" for number in range(count))
                self._clients += [kind(name, place, journal, self._ended, shape.pause) for name in names]
        for number in range(shape.users if balancer else 0):
            assert balancer is not None
            name = f"{self.run}-user{number}"
            self._clients.append(Visitor(name, balancer, journal, self._ended, USERS_PAUSE))

    def start(self) -> None:
        """Begin."""
        for client in self._clients:
            client.start()

    def wait_for(self, acknowledged: int, within: float = 30.0) -> None:
        """Wait until each client has succeeded so often since now. Raises `TimeoutError` with who has not."""
        seen = len(self.journal.operations())

        def enough() -> bool:
            counts = dict.fromkeys((client.name for client in self._clients), 0)
            for operation in self.journal.operations()[seen:]:
                if operation.client in counts:
                    counts[operation.client] += operation.succeeded
            if late := [name for name, count in counts.items() if count < acknowledged]:
                raise NotYet(f"{', '.join(late)} had fewer than {acknowledged} successes")
            return True

        poll(enough, within=within)

    def stop(self) -> None:
        """Let every client that was started end what it has begun. Raises `TimeoutError` if one does not."""
        self._ended.set()
        for client in [each for each in self._clients if each.ident is not None]:
            client.join(_END_WITHIN)
            if client.is_alive():
                raise TimeoutError(f"client {client.name} did not end within {_END_WITHIN:g} s")


def place_of(scene: "Scene", member: "Member") -> Place:
    """Return one node's application, reached from the balancer's place."""
    namespace, (address, tls) = scene.balancer.namespace, scene.door(member)
    return Place(member.name, lambda: visitor.Client(namespace, address, tls=tls, timeout=PATIENCE))


def users_of(scene: "Scene") -> Place:
    """Return the balancer as users reach it, each with cookies of its own."""
    return Place("balancer", lambda: scene.visitor(CookieJar()))

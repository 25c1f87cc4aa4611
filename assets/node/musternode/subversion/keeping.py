"""Keeps this node's repository what the settings and the other management node's word make it."""

import dataclasses
import logging
import time
from typing import Callable, Optional, Protocol, Sequence

from . import UNIT, mirror, repository, restoring, roles, standing, words
from .place import Place, ready
from .standing import Standing
from .svnsync import Source
from .words import Role, Step, Word

log = logging.getLogger(__name__)


class Services(Protocol):
    """What is asked of the service manager."""

    def start(self, unit: str) -> None:
        """Start `unit`."""

    def stop(self, unit: str) -> None:
        """Stop `unit` and return when it has ended."""

    def running(self, unit: str) -> bool:
        """Return whether `unit` runs now."""


class Other(Protocol):
    """The other management node."""

    def word(self) -> Optional[Word]:
        """Return what it says of its repository, None if it is not heard."""

    def source(self) -> Source:
        """Return where its repository is read."""


class Keeper:
    """The keeper on `node`; without an `other` it is the only management node. One of it lives at a time.

    `wanted` gives the role that the settings in force want. `folders` are those of the first revision.
    """

    def __init__(
        self,
        node: str,
        place: Place,
        services: Services,
        wanted: Callable[[], Role],
        other: Optional[Other],
        *,
        folders: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._place, self._services, self._wanted, self._other = place, services, wanted, other
        self._folders, self._clock = folders, clock
        self._heard, self._begun = clock(), False
        self.word = Word(node)

    @property
    def settled(self) -> bool:
        """Whether the repository here is what the settings want."""
        return self.word.role is self._wanted()

    def look(self) -> Step:
        """Do the next step and return it; to be called each `mirror.EVERY` seconds, or sooner. Raises `Failure`."""
        if not self._begun:
            self._begin()
        try:
            restoring.finish(self._place, self._services)  # before all else: in its middle there is no repository
            self._seen()
            said = self._said()
            silent = self._clock() - self._heard
            chosen = words.step(self._wanted(), self.word, said, pair=self._other is not None, silent=silent)
            self._do(chosen, said)
        finally:  # what is here is read by others, whatever failed
            self._seen()
            self._serve()
        return chosen

    def _begin(self) -> None:
        """Make hooks and folders be there, as on an instance that the volume is new to; drop what was broken off."""
        ready(self._place)
        repository.clear(self._place)
        restoring.clear(self._place)
        restoring.finish(self._place, self._services)
        roles.enforce(self._place)
        if repository.there(self._place) and not self._services.running(UNIT):
            repository.sweep(self._place)
        self._begun = True

    def _said(self) -> Optional[Word]:
        said = None if self._other is None else self._other.word()
        if said is not None:
            self._heard = self._clock()
        return said

    def _do(self, chosen: Step, said: Optional[Word]) -> None:
        place = self._place
        if chosen is Step.MAKE:
            repository.make(place, folders=self._folders)
        if chosen in (Step.MAKE, Step.PROMOTE):
            roles.promote(place, words.following(self.word, said))
            log.warning("node %s commits artifacts from now on", self.word.node)
        if chosen is Step.DEMOTE:
            roles.demote(place)
            self._services.stop(UNIT)  # with all connections; it starts again as a mirror's
            log.warning("node %s commits artifacts no more", self.word.node)
        if chosen is Step.MIRROR and said is not None and self._other is not None:
            mirror.bring(place, self._other.source())
            roles.take(place, Standing(Role.PASSIVE, max(self.word.term, said.term)))

    def _seen(self) -> None:
        """Look at the disk for what this node says."""
        place, own = self._place, standing.load(self._place)
        if not repository.there(place):
            self.word = Word(self.word.node, term=own.term)
            return
        self.word = dataclasses.replace(
            self.word,
            role=own.role,
            term=own.term,
            uuid=repository.uuid(place.repository, place.owner),
            youngest=repository.youngest(place.repository, place.owner),
        )

    def _serve(self) -> None:
        if self.word.role is not None and not self._services.running(UNIT):
            self._services.start(UNIT)

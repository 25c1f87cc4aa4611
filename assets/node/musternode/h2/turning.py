"""The member's side of a rotation: it learns of another user, waits for its turn, and lets its application use it."""

import logging
import threading
import time
from pathlib import Path
from typing import Callable, Optional, Protocol

from ..aws import Credentials
from ..failure import Failure
from . import rotation
from .faults import H2Error
from .rotation import EVERY, Step, Wanted
from .session import Session
from .tools import Tools

DRAIN = 15.0
"""Seconds for which the application serves those it has, and gets no others, before it begins anew."""
TRY_EVERY = 5.0
"""Seconds between two tries to get in with the wanted user."""
TELL_EVERY = 6 * 3600.0
"""Seconds between two times that the user in use is told: `muster rotate` looks a day back in the log."""
log = logging.getLogger(__name__)


class Hands(Protocol):
    """What a rotation does on this node."""

    def enters(self, user: Credentials) -> bool:
        """Return whether H2's own driver gets in as `user` through both gates."""

    def switch(self, user: Credentials) -> None:
        """Keep `user`, write it into the application's files and let the application begin anew."""


class Turning:
    """Looks at the secret from a thread, and does one step of a rotation at each `tick` of the member.

    `fetch` returns the secret's user or raises `Failure`: an API that does not answer changes nothing. `file` is where
    the gate process finds the wanted user. `user` is the one in force. A password that somebody changed in the secret
    without giving the user another name is used by nobody: the application's connections of now would outlive it, and
    no new one would get in.
    """

    def __init__(
        self,
        fetch: Callable[[], Wanted],
        file: Path,
        user: Credentials,
        hands: Hands,
        *,
        first: bool,
        alone: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.user = user
        self._fetch, self._file, self._hands = fetch, file, hands
        self._first, self._alone, self._clock = first, alone, clock
        self._wanted: Optional[Wanted] = None
        self._next = 0.0
        self._drains_since: Optional[float] = None
        self._told, self._tell_again = "", 0.0

    def start(self) -> None:
        """Look at the secret for as long as the process lives."""
        threading.Thread(target=self._run, name="rotation", daemon=True).start()

    def look(self) -> None:
        """Look once; raises nothing."""
        try:
            wanted = self._fetch()
            if wanted.user.username != self.user.username:
                rotation.save(self._file, wanted)
            self._wanted = wanted
        except Failure as fault:
            log.debug("the application's secret was not read: %s", fault)
        except Exception:  # this thread must outlive every fault: nobody else looks
            log.exception("the application's secret was not read")

    def tick(self, peer: Optional[str], *, serves: bool, healthy: bool) -> bool:
        """Do what is due; return whether the application is to get no new users, since it is about to begin anew.

        `peer` is the user that the other member's application uses, None if that one is not heard; `serves` is whether
        it serves, `healthy` whether this one's application does. Raises `Failure` of `Hands.switch`.
        """
        name = self.user.username
        step = rotation.step(name, self._wanted, first=self._first, alone=self._alone, peer=peer, serves=serves)
        if step is Step.NOTHING:
            self._tell(healthy)
        if step is not Step.TRY or self._wanted is None:
            self._drains_since = None
            return False
        if self._drains_since is not None:
            return self._drain(self._wanted)
        if self._clock() >= self._next:
            self._next = self._clock() + TRY_EVERY
            if self._hands.enters(self._wanted.user):
                self._drains_since = self._clock()
                log.info("the application is about to use the database's user %s", self._wanted.user.username)
        return self._drains_since is not None

    def _drain(self, wanted: Wanted) -> bool:
        assert self._drains_since is not None
        if not self._alone and self._clock() - self._drains_since < DRAIN:
            return True
        self._drains_since = None
        self._hands.switch(wanted.user)
        self.user = wanted.user
        return False

    def _tell(self, healthy: bool) -> None:
        """Say now and then that the user is in use; `muster rotate` waits for these very words."""
        wanted = self._wanted
        if wanted is None or not healthy or (self._told == wanted.version and self._clock() < self._tell_again):
            return
        self._told, self._tell_again = wanted.version, self._clock() + TELL_EVERY
        if wanted.user == self.user:
            log.info("%s", confirmation(wanted))
        else:
            log.error("%s", edited(wanted))

    def _run(self) -> None:
        while True:
            self.look()
            time.sleep(EVERY)


def confirmation(wanted: Wanted) -> str:
    """Return the line that says that the application uses what the secret holds."""
    return f"the application uses the database's user {wanted.user.username} (secret version {wanted.version})"


def edited(wanted: Wanted) -> str:
    """Return the line about a password that was changed in the secret without another user."""
    return (
        f"the secret's version {wanted.version} has another password for the user {wanted.user.username}, whom the "
        "database knows by the former one: put the former version back; passwords are changed by ./muster rotate"
    )


def gets_in(tools: Tools, url: str, user: Credentials) -> bool:
    """Return whether H2's own driver gets in as `user` at `url`, the pair's: on each server that it reaches."""
    try:
        with Session(tools, url, user):
            return True
    except H2Error as fault:
        log.debug("user %s does not get in yet: %s", user.username, fault)
        return False

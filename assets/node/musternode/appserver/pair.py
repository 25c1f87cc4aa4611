"""The other management node, as this one hears it."""

import time
from typing import Callable, Mapping, Optional

from ..aws import Credentials
from ..failure import Failure
from ..settings import Node
from ..subversion.svnsync import Source
from ..subversion.words import SILENT, Role
from ..subversion.words import Word as Held
from . import commits
from .settings import Settings
from .words import Word


def other(settings: Settings, name: str, *, began: bool) -> Optional[Node]:
    """Return the other management node, None if there is none.

    One that the settings want no more is one only where this node `began` beside it: its instance may still run.
    """
    found = [each for each in settings.members if each.name != name and settings.manages(each.name)]
    return next((each for each in found if each.present), next(iter(found), None) if began else None)


class Pair:
    """This management node, `name`, and the `other` one, whose word is in `heard` by its address."""

    def __init__(
        self,
        settings: Settings,
        name: str,
        other: Optional[Node],
        heard: Callable[[], Mapping[str, Word]],
        account: Callable[[], Credentials],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings, self._name, self._other, self._heard = settings, name, other, heard
        self._account, self._clock, self._last = account, clock, clock()

    @property
    def there(self) -> bool:
        """Whether there is another one."""
        return self._other is not None

    @property
    def said(self) -> Optional[Word]:
        """What the other one says, None if it is not heard."""
        found = self._heard().get(self._other.address) if self._other else None
        if found is not None:
            self._last = self._clock()
        return found

    @property
    def dismissed(self) -> bool:
        """Whether the other one knows settings that want this node no more; it hands over what it has, and ends."""
        said = self.said
        return said is not None and self._settings.member(self._name).address in said.leaving

    @property
    def wanted(self) -> bool:
        """Whether this node is to commit."""
        return self._name == self._settings.settings.committer and not self.dismissed

    def role(self) -> Role:
        """Return what this node's repository is to be."""
        return Role.COMMITTING if self.wanted else Role.PASSIVE

    def may_commit(self, before: Optional[bool]) -> bool:
        """Return whether this node's product may commit, which it did `before`."""
        said, gone = self.said, self._other is not None and not self._other.present
        theirs = None if said is None else said.commits
        if said is None and gone and self._clock() - self._last >= SILENT:
            theirs = False
        return commits.may(wanted=self.wanted, before=before, other=theirs, pair=self._other is not None)

    def word(self) -> Optional[Held]:
        """Return what the other one says of its repository, None if it is not heard."""
        said = self.said
        return None if said is None else said.held

    def source(self) -> Source:
        """Return where its repository is read."""
        if self._other is None:
            raise Failure("there is no other management node, whose repository could be read")
        return Source(self._other.address, self._settings.ports.svn, self._account())

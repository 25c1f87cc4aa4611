"""The member: as on WSO2 Carbon, and sees to it that one management node commits artifacts."""

import logging
import math
import time
from typing import Callable, FrozenSet, Mapping, Optional, cast

from .. import report
from ..carbon import member as carbon
from ..carbon import settings as carbon_settings
from ..carbon.sight import Sight
from ..report import Body
from ..servers import drain, majority
from ..servers.log_file import Follows
from ..servers.member import Hears, Standing
from ..state import State
from . import anew, first_start, words
from .anew import Anew
from .beside import Office, Product, Repository
from .settings import Settings
from .words import Word

log = logging.getLogger(__name__)
PATIENCE = 30.0
"""Seconds for which a product that is to be started waits for the repository: its synchronizer begins with it.

One that has nothing yet to give to users waits for as long as it takes.
"""


class Member(carbon.Member):
    """One of the cluster. `office` is None on workers; `tell` is told why administrators are not led here."""

    def __init__(
        self,
        own: Standing[Settings],
        product: Product,
        log: Follows[Sight],
        peers: Hears[Word],
        sight: Sight,
        artifacts: Repository,
        office: Optional[Office],
        commits: Optional[bool],
        tell: Callable[[str], None],
        again: Anew,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        super().__init__(cast("Standing[carbon_settings.Settings]", own), product, log, peers, sight)
        self._own, self._product, self._artifacts, self._office = own.settings, product, artifacts, office
        self._said: Callable[[], Mapping[str, Word]] = peers.words
        self._commits, self._tell, self._anew, self._sleep = commits, tell, again, sleep
        self._since: Optional[float] = None
        self._begun = False
        self._leaving = tuple(each.address for each in own.settings.members if not each.present)

    def body(self) -> bytes:
        """Return what this member says to the others, as JSON."""
        return words.body(self.board.state, self.word)

    @property
    def word(self) -> Word:
        """What this member says beside its state."""
        sees = super().word
        more = (bool(self._commits), self._artifacts.held, self._leaving, self._anew.wanted)
        return Word(sees.id, sees.sees, sees.left, sees.seen, *more)

    def complaint(self) -> str:
        """Return what is wrong with the product, and with the repository, as a clause."""
        fault = self._artifacts.fault
        return super().complaint() + (f"; the repository of artifacts: {fault}" if fault else "")

    @property
    def settled(self) -> bool:
        """Whether the repository here is what the settings want, and the product commits if it is to."""
        if self._office is None:
            return True
        return self._artifacts.settled and self._commits == (self.name == self._own.settings.committer)

    @property
    def first(self) -> FrozenSet[str]:
        """The workers: a part with more of them goes on, for it has the users."""
        return self._own.workers

    def enough(self) -> bool:
        """Return whether this member sees enough to be given users, or administrators.

        Users' sessions are on workers alone, so that for a worker a majority of workers is enough: they go on without
        management. Management has none, and says itself that it has no worker.
        """
        if self._office is not None:
            return self.address in self.seen
        workers = self._own.workers
        return majority.enough(self.seen & workers, self.address, workers, self.sight.left)

    def begin(self) -> None:
        """Start the product once the repository answers, and a shared database is made, or both have had their time."""
        self._since = self.clock() if self._since is None else self._since
        waited = self.clock() - self._since
        known = self.board.state.formed or self.reported.has(self._own.generation)
        second = first_start.comes_second(self._own, self.name, self.states(), known=known)
        patience = math.inf if self._office is None and self._artifacts.bare else PATIENCE
        if (self._artifacts.fault and waited < patience) or (second and waited < first_start.PATIENCE):
            return
        self._since = None
        super().begin()

    def look(self) -> None:
        """Look who commits, and then as on WSO2 Carbon."""
        if not self._begun:
            self._begun = True
            self._artifacts.start()  # not sooner: what it needs is there once all stages are done
        if self._office is not None:
            self._look_who_commits(self._office)
            self._tell(self._reason(self._office))
        super().look()
        self._begin_anew()
        if self.board.state.formed and self._all_have(self.settings.generation):
            self._artifacts.formed()

    def _begin_anew(self) -> None:
        """End a product without a synchronizer once the repository answers, its users led away; it starts again."""
        again, now = self._anew, self.clock()
        found, healthy = self._artifacts, self.board.state.healthy
        again.look(self._run, found.fault, now, healthy=healthy, outdated=found.outdated)
        if self.leaves or not again.due(now, free=anew.free(self._own, self.name, self.states(), self._said())):
            return
        log.warning("the product takes no artifacts from the repository, which answers again: it begins anew")
        drain.lead_away(self.board, self._own.alike(self.name), self.states(), self._sleep)
        self._product.end()
        again.done()

    def _look_who_commits(self, office: Office) -> None:
        may = office.may_commit(self._commits)
        if may != self._commits:
            self._product.commit(commits=may)
            self._commits = may

    def _reason(self, office: Office) -> str:
        """Return why administrators are not led to this node, empty if they are."""
        committer = self._own.settings.committer
        if not office.wanted:
            other = f"node {committer}" if committer != self.name else "the other management node"
            return f"{other} commits artifacts, and administrators are led there alone"
        if not self._commits or not self._artifacts.settled:
            return f"artifacts are not committed here yet{_because(self._artifacts.lacks)}"
        return self._artifacts.fault if self._own.made else ""

    def _all_have(self, generation: str) -> bool:
        states: Mapping[str, State] = self.states()
        others = [states.get(other.name) for other in self.settings.others(self.name)]
        return all(one is not None and one.formed and one.generation == generation for one in others)

    def due(self, *, late: bool) -> Optional[Body]:
        """Return the report that is due, or None; a repository that keeps the cluster from being formed is named."""
        now = self.board.state
        if late and not now.formed and now.healthy and not self.settled:
            why = self._artifacts.lacks or self._artifacts.fault or "the other management node has not given way"
            return report.failure(self.name, f"node {self.name}: artifacts are not as the settings want: {why}")
        return super().due(late=late)


def _because(cause: str) -> str:
    return f": {cause}" if cause else ""

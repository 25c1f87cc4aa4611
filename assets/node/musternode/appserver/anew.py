"""When the product must begin anew to take artifacts, and whose turn it is.

Beside kernel 4.2.0 its synchronizer looks at the repository once, as it begins; where that fails each later update
fails, until it begins again. Since carbon-commons 4.4.4, which is older than kernel 4.4.1's, it looks again by itself
(SVNBasedArtifactRepository.init, DeploymentSynchronizerServiceImpl).
"""

from pathlib import Path
from typing import Mapping, Optional, Tuple

from .. import files
from ..state import SERVING, State
from .artifacts import UNASKED
from .settings import Settings
from .words import Word

SETTLE = 10.0
"""Seconds for which the repository has answered, and others have been heard, before a product ends for it."""
LONGEST = 300.0
"""Seconds for which it waits for the other workers at most: one that never serves keeps nobody from artifacts."""
OPEN, WHOLE, DEAF = "open", "whole", "deaf"
"""A run that begins; one that found the repository as it began; one that may not have."""


class Anew:
    """Whether the product's run is one that has no synchronizer, kept in `file`: it may outlive the member."""

    def __init__(self, file: Path, kernel: str) -> None:
        self._file, self._once = file, kernel.startswith("4.2.")
        self._run, self._kind = _kept(file)
        self._since: Optional[float] = None

    @property
    def wanted(self) -> bool:
        """Whether the product is to begin anew, and the repository answers."""
        return self._since is not None

    def look(self, run: str, fault: str, now: float, *, healthy: bool, outdated: bool) -> None:
        """Hear of a look at the product's `run`, while the repository had this `fault`.

        One that is `outdated` reads it by an account which may be let in no more.
        """
        if run and run != self._run:
            self._keep(run, OPEN)
        if run and self._kind == OPEN and fault != UNASKED and (fault or healthy):
            self._keep(run, DEAF if fault else WHOLE)
        if not run or fault or not (outdated or (self._once and self._kind == DEAF)):
            self._since = None
        elif self._since is None:
            self._since = now

    def due(self, now: float, *, free: bool) -> bool:
        """Return whether it is to end now; `free` is whether the others can do without it."""
        return self._since is not None and now - self._since >= (SETTLE if free else LONGEST)

    def done(self) -> None:
        """Hear that the run has been ended."""
        self._since = None
        self._keep(self._run, WHOLE)

    def _keep(self, run: str, kind: str) -> None:
        self._run, self._kind = run, kind
        files.write(self._file, f"{run} {kind}".encode(), mode=0o600)


def _kept(file: Path) -> Tuple[str, str]:
    run, _, kind = (file.read_text() if file.is_file() else "").partition(" ")
    return run, kind if kind in (WHOLE, DEAF) else OPEN


def free(own: Settings, name: str, states: Mapping[str, State], words: Mapping[str, Word]) -> bool:
    """Return whether the users of node `name` can be led away: all other workers serve, and none goes before it.

    A management node has none.
    """
    for other in own.alike(name):
        state, word = states.get(other.name), words.get(other.address)
        if state is None or state.phase != SERVING:
            return False
        if word is not None and word.anew and other.ordinal < own.member(name).ordinal:
            return False
    return True

"""The product as a unit of this host, which is told before each start what may have changed since."""

from dataclasses import dataclass
from typing import Callable

from ..carbon import running as carbon
from ..carbon.host import UNIT
from . import readiness


@dataclass(frozen=True)
class Running(carbon.Running):
    """The product's unit, its HTTPS port, and its log; `prepare` is called before each start.

    `rewrite(commits)` makes its files those of a product that commits, or only checks out.
    """

    prepare: Callable[[], object]
    rewrite: Callable[[bool], object]

    def start(self) -> None:
        """Start the unit."""
        self.prepare()
        super().start()

    def healthy(self) -> bool:
        """Return whether the product answers on its HTTPS port."""
        return readiness.answers("127.0.0.1", self.port)

    def end(self) -> None:
        """Stop the unit; the member starts it again."""
        self.services.stop(UNIT)

    def commit(self, *, commits: bool) -> None:
        """Let it commit, or only check out; it ends, and the member starts it again."""
        self.services.stop(UNIT)  # first: no product runs with other files than are kept in mind
        self.rewrite(commits)

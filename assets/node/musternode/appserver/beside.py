"""What the member has beside it, as far as it asks for it."""

from typing import Optional, Protocol

from ..carbon import member as carbon
from ..subversion.words import Word as Held


class Product(carbon.Product, Protocol):
    """What the member asks of the product."""

    def commit(self, *, commits: bool) -> None:
        """Let it commit, or only check out; it ends, to be started again."""

    def end(self) -> None:
        """End it, to be started again."""


class Repository(Protocol):
    """What it asks of the repository of artifacts, which is looked at by another thread."""

    @property
    def fault(self) -> str:
        """Why the cluster's repository does not answer, empty if it does."""

    @property
    def held(self) -> Optional[Held]:
        """What is on this node, None if that is not known or nothing."""

    @property
    def settled(self) -> bool:
        """Whether that is what the settings want."""

    @property
    def lacks(self) -> str:
        """Why it is not, empty for no known cause."""

    @property
    def outdated(self) -> bool:
        """Whether the product reads it by another account than it should now."""

    @property
    def bare(self) -> bool:
        """Whether the product has nothing of the cluster's repository yet."""

    def formed(self) -> None:
        """Hear that all members run with the settings in force."""

    def start(self) -> None:
        """Begin."""


class Office(Protocol):
    """What it asks of the pair of management nodes."""

    @property
    def wanted(self) -> bool:
        """Whether this node is to commit."""

    def may_commit(self, before: Optional[bool]) -> bool:
        """Return whether its product may, which did `before`."""

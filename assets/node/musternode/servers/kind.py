"""What differs between products: a module of each makes one `Kind`."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Dict, FrozenSet, Generic, Mapping, Optional, Protocol, Sequence, Set, Tuple

from ..state import Board, State
from ..tls.front import Front
from .host import Host, S


class Living(Protocol):
    """A member, as its process sees it."""

    @property
    def board(self) -> Board:
        """Where it tells this host of itself."""

    @property
    def seen(self) -> FrozenSet[str]:
        """The addresses of the wanted members that it sees now, its own among them."""

    def listen(self) -> None:
        """Begin to hear the other members."""

    def tick(self) -> None:
        """Look, and do the next step; never raises for a fault of the cluster."""

    def states(self) -> Mapping[str, State]:
        """Return what the other members have said of themselves lately, by name."""

    def body(self) -> bytes:
        """Return what it says to the other members, as JSON."""

    def complaint(self) -> str:
        """Return what is wrong with the product, as a clause."""


class Kind(ABC, Generic[S]):
    """A product. `user` is who runs it, `unit` what systemd knows it as."""

    user: str
    unit: str
    rights: Tuple[str, ...] = ()
    """Rights of the kernel that its member needs beside those of every one (capabilities(7), without CAP_)."""
    number: Optional[int] = None
    """The number of user and group where nodes share files, which belong to numbers; None if it does not matter."""

    def packages(self, this: Host[S]) -> Mapping[str, str]:  # noqa: ARG002 - it depends on the settings of some
        """Return the packages that it needs beside Java: each by a program that tells that it is there."""
        return {}

    def strangers(self, this: Host[S]) -> Sequence[str]:  # noqa: ARG002 - it depends on the settings of some
        """Return the users that never need the metadata service, and do not reach it."""
        return (self.user,)

    @abstractmethod
    def read(self, text: str) -> S:
        """Return the settings document in `text`; raises `Failure` that names the first fault."""

    @abstractmethod
    def member(self, this: Host[S]) -> Living:
        """Return the member of this host, which has not looked yet."""

    @abstractmethod
    def home_in(self, folder: Path, name: str) -> Path:
        """Return the product's own home in the unpacked `folder` of the archive `name`; raises `Failure`."""

    def runs(self, path: Path) -> bool:
        """Return whether `path`, of a distribution, is a program that must be executable."""
        return path.suffix == ".sh"

    @abstractmethod
    def units(self, this: Host[S], java_home: Path) -> Dict[str, str]:
        """Return file name and text of the product's own units; the one called `unit` is among them."""

    @abstractmethod
    def readiness(self, this: Host[S]) -> str:
        """Return the command of musternode, with its arguments, that answers the balancer."""

    def front(self, this: Host[S]) -> Optional[Front]:  # noqa: ARG002 - a kind with fronts asks the settings
        """Return the TLS front of this node, None where it has none."""
        return None

    @abstractmethod
    def configure(self, this: Host[S], *, again: bool) -> bool:
        """Write what the settings want into the product's configuration; return whether that changed.

        With `again` nothing is asked of AWS: what this host has kept must do. Raises `Failure`.
        """

    def restarting(self) -> FrozenSet[str]:
        """Return the units whose change the product has to begin anew for."""
        return frozenset({self.unit})

    def settle(self, this: Host[S], changed: Set[str]) -> None:
        """Do what a change leaves to be done, once everything is written; the units `changed` have another text."""

    def returns(self, old: S, new: S) -> bool:
        """Return whether a node whose product does not get healthy with `new` goes back to `old`, with which it did."""
        return old.generation != new.generation

    def written(self) -> Sequence[str]:
        """Return the folders of the product's home in which root writes."""
        return ()

    def refusal(self, old: S, new: S) -> Optional[str]:
        """Return why `new` cannot be applied to members that run with `old` one after the other, or None if it can."""
        return old.refusal_of(new)

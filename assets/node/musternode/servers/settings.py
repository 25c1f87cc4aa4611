"""What settings documents of all such products have in common."""

import dataclasses
from dataclasses import dataclass
from typing import Optional, Protocol, Tuple, TypeVar

from ..failure import Failure
from ..settings import Artifact, Asset, Node, Updates

D = TypeVar("D", bound="Document")


class Ports(Protocol):
    """TCP ports of a node, as far as all products have them alike."""

    @property
    def member(self) -> int:
        """The port of the product's members among themselves."""

    @property
    def peer(self) -> int:
        """The port on which nodes tell each other whom they see."""


class ProductSettings(Protocol):
    """Settings of the product, as far as they are alike."""

    @property
    def home(self) -> str:
        """The product's folder on a node."""


@dataclass(frozen=True)
class Document:
    """One settings document; `members` stand by ordinal, `formation_timeout` is in seconds."""

    format: int
    cluster: str
    product: str
    region: str
    generation: str
    members: Tuple[Node, ...]
    asset: Asset
    artifact: Artifact
    wait_url: str
    formation_timeout: int
    java: int
    ports: Ports
    settings: ProductSettings
    updates: Optional[Updates]

    @property
    def present(self) -> Tuple[Node, ...]:
        """The members that have an instance by the cluster file."""
        return tuple(member for member in self.members if member.present)

    def member(self, name: str) -> Node:
        """Return the member called `name`; raises `Failure` if the document has none."""
        for member in self.members:
            if member.name == name:
                return member
        names = ", ".join(member.name for member in self.members)
        raise Failure(f"the settings document of {self.cluster} has no node {name}; it has {names}")

    def others(self, name: str) -> Tuple[Node, ...]:
        """Return the present members but `name`."""
        return tuple(member for member in self.present if member.name != name)

    def alike(self, name: str) -> Tuple[Node, ...]:
        """Return the other present members to which the balancer can lead the users of `name`."""
        return self.others(name)

    def leaves(self, name: str) -> bool:
        """Return whether `name` is to be no member any more: it still runs, and its instance is about to be removed."""
        return name not in {member.name for member in self.present}

    def updates_of(self, name: str) -> Optional[Updates]:
        """Return when `name` looks for updates, None for one that is to be no member any more."""
        return None if self.leaves(name) else self.updates

    def refusal_of(self, new: "Document") -> Optional[str]:
        """Return why `new` cannot be applied to members that run with this, one after the other, or None if it can."""
        fixed = {
            "the members' port": (self.ports.member, new.ports.member),
            "the peer port": (self.ports.peer, new.ports.peer),
            "the product's home": (self.settings.home, new.settings.home),
        }
        for what, (before, after) in fixed.items():
            if before != after:
                return fixed_for_good(what)
        for one in self.present:
            if any(other.name == one.name and other.address != one.address for other in new.present):
                return f"the address of node {one.name} can be changed only while it is absent"
        return None


def fixed_for_good(what: str) -> str:
    """Return the sentence that refuses to change `what`."""
    return f"{what} of running members cannot be changed one after the other; deploy a new cluster for it"


def in_order(document: D) -> D:
    """Return `document` with its members by ordinal; raises `Failure` if they are no cluster."""
    names = [member.name for member in document.members]
    if len(set(names)) != len(names) or not document.present:
        raise Failure(f"members: {', '.join(names) or 'none'} given; names must differ, and one at least be present")
    return dataclasses.replace(document, members=tuple(sorted(document.members, key=lambda one: one.ordinal)))

"""The result of a review, as values that can be compared, printed and kept."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal


class Effect(StrEnum):
    """What a deployment does to a node; the text is what a person reads."""

    NOTHING = "nothing"
    ROLLING = "rolling reconfiguration"
    RESTART = "restart"
    REPLACEMENT = "REPLACEMENT"
    NEW = "new"
    REMOVED = "removed"


INTERRUPTING: Final = frozenset({Effect.RESTART, Effect.REPLACEMENT, Effect.REMOVED})
"""During these a node serves nobody; CloudFormation does them to all nodes at the same time."""


@dataclass(frozen=True)
class NodeReview:
    """What happens to one node, and why; reasons in a fixed order, none for a node that nothing touches."""

    name: str
    effect: Effect
    reasons: tuple[str, ...] = ()


Loss = Literal["replaced", "deleted", "no longer kept"]


@dataclass(frozen=True)
class OtherReview:
    """A resource apart from the instances that is replaced or deleted, or whose data a later deletion would take.

    `kept` is the policy that leaves the present one behind (Retain, Snapshot), or None.
    """

    logical_id: str
    type: str
    loss: Loss
    reasons: tuple[str, ...] = ()
    kept: str | None = None


@dataclass(frozen=True)
class Review:
    """Nodes by name, other resources by logical id, and a sentence for each thing that is refused."""

    nodes: tuple[NodeReview, ...]
    others: tuple[OtherReview, ...] = ()
    refusals: tuple[str, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether the change must not be deployed as it is."""
        return bool(self.refusals)

    def effect(self, node: str) -> Effect:
        """Return what happens to `node`; raises `KeyError` for a node of neither template."""
        return {each.name: each.effect for each in self.nodes}[node]

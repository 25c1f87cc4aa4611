"""When the balancer of a rehearsed cluster is content: pure functions of the targets that it has."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from muster.names import READY_TO_ADMINISTER
from muster.products.hosts import Hosts


@dataclass(frozen=True)
class Group:
    """A target group: the path at which health is asked, and each target's node with its state."""

    path: str | None
    targets: Sequence[tuple[str, str]]

    @property
    def states(self) -> list[str]:
        """The state of each target."""
        return [state for _, state in self.targets]

    @property
    def nodes(self) -> list[str]:
        """The node of each target, sorted; one that has several is named as often."""
        return sorted(node for node, _ in self.targets)


def serves(path: str | None, states: Sequence[str]) -> bool:
    """Return whether a target group serves whose health is asked at `path`: by its leader, or by all its targets."""
    return "healthy" in states if path == READY_TO_ADMINISTER else set(states) == {"healthy"}


def all_serve(groups: Sequence[Group], targets: int) -> bool:
    """Return whether each group has `targets` targets at least and serves; so it is where all nodes are alike."""
    return bool(groups) and all(len(each.targets) >= targets and serves(each.path, each.states) for each in groups)


def names_serve(groups: Sequence[Group], hosts: Hosts, present: Collection[str]) -> bool:
    """Return whether each host name has a group of its own nodes alone: all for users healthy, and one of management.

    The management node that does not commit is never healthy while the other one is; while all are absent, none is.
    """
    users, management = (sorted({*route.nodes} & {*present}) for route in (hosts.users, hosts.management))
    if sorted(each.nodes for each in groups) != sorted([users, management]):
        return False
    wanted: Mapping[bool, int] = {True: len(users), False: min(1, len(management))}
    return all(each.states.count("healthy") == wanted[each.nodes == users] for each in groups)

"""A running rehearsal as faults see it: hosts by the name of their node, each looked up anew when it is needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehearsal.faults.fault import FaultError
from rehearsal.hosts.cgroups import hierarchies
from rehearsal.inventory import BalancerEntry, HostEntry, VisitorEntry
from rehearsal.places import CGROUP_PREFIX, NAMESPACE_PREFIX

if TYPE_CHECKING:
    from rehearsal.drive import Rehearsal


@dataclass(frozen=True)
class Stage:
    """Where faults happen. What is missing is a `FaultError` that names it."""

    rehearsal: "Rehearsal"

    @property
    def nodes(self) -> tuple[str, ...]:
        """The names of all nodes that have a host, in order."""
        return tuple(sorted(host.node for host in self.rehearsal.inventory().hosts))

    def host(self, node: str) -> HostEntry:
        """Return the host of a node."""
        try:
            return self.rehearsal.inventory().host(node)
        except LookupError as error:
            raise FaultError(str(error)) from None

    def leader(self, node: str) -> int:
        """Return process 1 of a node's host, as this machine numbers it; its host must be on."""
        leader = self.host(node).leader_pid
        if leader <= 0:
            raise FaultError(f"the host of node {node} is off")
        return leader

    def other(self, node: str) -> str:
        """Return the other node of a pair."""
        others = [name for name in self.nodes if name != node]
        if len(others) != 1:
            raise FaultError(f"node {node} has {len(others)} peers, one is expected")
        return others[0]

    def groups(self, node: str) -> list[Path]:
        """Return the control groups of a node's host, one folder in each hierarchy."""
        return groups_of(self.leader(node))

    def files(self, node: str) -> Path:
        """Return the root folder of a running host as its own processes see it, mounts included."""
        return Path(f"/proc/{self.leader(node)}/root")

    @property
    def router(self) -> str:
        """The network namespace that forwards every packet between two machines of the VPC (`rehearsal.network`)."""
        visitor: VisitorEntry = _only(self.rehearsal.inventory().visitors, "VPC")
        return visitor.namespace.replace(f"{NAMESPACE_PREFIX}v-", f"{NAMESPACE_PREFIX}r-", 1)

    @property
    def balancer(self) -> BalancerEntry:
        """The cluster's load balancer."""
        entry: BalancerEntry = _only(self.rehearsal.inventory().balancers, "load balancer")
        return entry

    @property
    def ec2(self) -> Any:
        """A client of EC2, as the account's administrator."""
        return self.rehearsal.client("ec2")


def groups_of(leader: int) -> list[Path]:
    """Return the host's control groups that process 1 of it is in, or below. Raises `FaultError` if it has ended."""
    try:
        own, mounts = Path(f"/proc/{leader}/cgroup").read_text(), Path("/proc/self/mountinfo").read_text()
    except OSError:
        raise FaultError(f"the host of process {leader} has ended") from None
    return [group for folder in hierarchies(own, mounts) if (group := _host_group(folder)) is not None]


def _host_group(folder: Path) -> Path | None:
    ours = [place for place in (folder, *folder.parents) if place.name.startswith(CGROUP_PREFIX)]
    return ours[-1] if ours else None


def _only(found: Sequence[Any], what: str) -> Any:
    if len(found) != 1:
        raise FaultError(f"one {what} is expected in the rehearsal, there are {len(found)}")
    return found[0]

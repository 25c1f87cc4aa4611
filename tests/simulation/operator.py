"""What the operator does: pause and resume, force and adopt, by writing the witness."""

from dataclasses import replace
from typing import TYPE_CHECKING

from musternode.h2.order import Order
from musternode.h2.witness import Item

if TYPE_CHECKING:
    from tests.simulation.machine import Host
    from tests.simulation.world import World


class Operator:
    """Writes the witness as `./muster h2 ...` does."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def pause(self, paused: bool) -> None:
        """Pause or resume."""
        witness = self._world.witness
        if witness.item is not None:
            witness.item = replace(witness.item, paused=paused)

    def force(self, node: str) -> None:
        """Let `node` go on with what it has: only while the other one does nothing, and if the node asks for it."""
        world, item = self._world, self._world.witness.item
        host = world.hosts[node]
        other = world.hosts[host.peer]
        idle = other.process is None or not other.process.active
        if item is None or host.process is None or not idle:
            return
        if "muster h2 force" in host.process.state.failure:
            members = frozenset({node})
            world.witness.order(
                replace(item, epoch=item.epoch + 1, members=members, leader=node, forced=True, restore=None)
            )

    def restore(self) -> None:
        """Order the leader to restore a backup, while it serves."""
        item = self._world.witness.item
        if item is not None and not item.paused and item.leader in item.members:
            members, order = frozenset({item.leader}), Order("backup", "", item.epoch + 1)
            wanted = replace(item, epoch=order.epoch, members=members, forced=False, restore=order)
            self._world.witness.order(wanted)

    def adopt(self) -> None:
        """Make the item again that is gone, for the node whose data are the newest."""
        hosts = self._world.hosts.values()
        if self._world.witness.item is not None or not any(host.files.epoch for host in hosts):
            return
        best = max(hosts, key=_newest)
        states = [host.process.state for host in hosts if host.process is not None]
        epoch = 1 + max(*(host.files.epoch for host in hosts), *(state.epoch for state in states), 0)
        self._world.witness.order(Item(epoch, frozenset({best.name}), best.name, forced=True))


def _newest(host: "Host") -> tuple[bool, int, bool, bool]:
    """Return what the operator goes by: what the disk bears; between equals the node that serves counts."""
    process = host.process
    serves = process is not None and process.state.sound and process.state.member
    return host.files.kind == "held", host.files.epoch, serves, host.name == "a"

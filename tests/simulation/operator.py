"""What the operator does: pause and resume, force and adopt, by writing the witness."""

from dataclasses import replace
from typing import TYPE_CHECKING

from musternode.h2.order import Order
from musternode.h2.witness import Item

if TYPE_CHECKING:
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
        """Make the item again that is gone: the node in use counts, or else the one with the newest data."""
        world = self._world
        if world.witness.item is not None or not any(host.files.epoch for host in world.hosts.values()):
            return
        hosts = [host for host in world.hosts.values() if host.process is not None]
        known = max((host.process.state.epoch for host in hosts if host.process), default=0)
        epoch = 1 + max(known, *(host.files.epoch for host in world.hosts.values()))
        members = self._members()
        world.witness.order(Item(epoch, members, min(members), forced=True))

    def _members(self) -> frozenset[str]:
        """Return who serves, by the node that knows the newest epoch."""
        hosts = self._world.hosts.values()
        states = [host.process.state for host in hosts if host.process is not None]
        serving = [state for state in states if state.sound and state.member]
        if serving:
            return max(serving, key=lambda state: state.epoch).members
        best = max(hosts, key=lambda host: (host.files.kind == "held", host.files.epoch, host.name == "a"))
        return frozenset({best.name})

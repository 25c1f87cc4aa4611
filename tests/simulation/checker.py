"""The checker: what was acknowledged, what may be gone and why, and what must never be seen."""

from typing import TYPE_CHECKING

from musternode.h2.events import Job, Write
from musternode.h2.pair_state import Phase

if TYPE_CHECKING:
    from musternode.h2.witness import Item
    from tests.simulation.client import Client
    from tests.simulation.gate import Conn
    from tests.simulation.machine import Host
    from tests.simulation.process import Process
    from tests.simulation.world import World


class Violation(Exception):  # noqa: N818 - a verdict
    """What happened that must not."""


class Checker:
    """Watches one world; raises `Violation`. Sets of writes are numbers of one bit each.

    `excused` are writes that no rule could have kept: a server was killed and its disk lacked them, and that node had
    to go on because it was the one member, or because both servers had ended; or an operator forced a node.
    """

    def __init__(self, world: "World") -> None:
        self._world = world
        self.acknowledged = 0
        self.excused = 0
        self.orders: list[tuple[int, str]] = []
        """What operators have ordered and nobody has carried out: the epoch of the word, and the node."""
        self.alone_wrongly = 0
        self.lone_writes = 0
        self.reasons: dict[str, int] = {}

    def acknowledge(self, bit: int, servers: "list[Conn]") -> None:
        """Note that a client was told that `bit` is written, by the servers that it has left."""
        self.acknowledged |= bit
        if len(servers) == 1:
            self.lone_writes += 1
            if bit & self.alone_wrongly:
                name = servers[0].process.host.name
                raise Violation(f"node {name} acknowledged alone, but the witness did not name it alone")
        if bit & self.excused:
            return
        for host in self._world.hosts.values():
            if self._is_member(host) and host.server is not None and not host.server.rows & bit:
                raise Violation(f"an acknowledged write is missing from node {host.name}, which is a member")

    def committed_alone(self, process: "Process", bit: int) -> None:
        """Note that a server has committed for a client that has no other."""
        if self._world.witness.members() != {process.host.name}:
            self.alone_wrongly |= bit

    def passed(self, process: "Process") -> None:
        """Judge that a held client goes on with this node alone."""
        name, world = process.host.name, self._world
        if world.witness.members() != {name}:
            raise Violation(f"node {name} lets a client go on alone, but the witness does not name it alone")

    def read(self, needed: int, rows: int, client: "Client") -> None:
        """Judge what a client has read; `needed` was acknowledged before it asked."""
        missing = needed & ~rows & ~self.excused
        if missing:
            raise Violation(f"client {client.number} at {client.place} read a copy without {_count(missing)}")

    def writes(self, process: "Process", action: Write) -> None:
        """Judge what a node wants to write: it must not go on alone with less than the other has."""
        host, world = process.host, self._world
        if action.item.members != {host.name} or process.state.members == {host.name} or process.state.sound:
            return
        other = world.hosts[host.peer]
        if _whole(other) and not self.orders:
            raise Violation(f"node {host.name} wants to go on alone, but only node {host.peer} has a whole copy")
        in_doubt = process.state.phase is Phase.WAITING and len(process.state.members) == 2
        newer = other.files.written > host.files.written and other.files.kind == "held"
        if in_doubt and newer and other.files.epoch >= process.state.epoch - 1 and not self.orders:
            raise Violation(f"node {host.name} wants to go on with the older one of two files")

    def entered(self, process: "Process") -> None:
        """Note that a node has become a member in use; one started on its own files may lack what H2 lost."""
        host, state = process.host, process.state
        server = host.server
        if server is None or server.run != state.trusted:
            return
        missing = self.acknowledged & ~self.excused & ~server.rows
        if state.lone and process.hands.jobs.begun in {Job.SERVE, Job.RESTORE}:
            if any(node == host.name and epoch <= state.epoch for epoch, node in self.orders):
                self.orders = [order for order in self.orders if order[0] > state.epoch]
                self._excuse("ordered by an operator", missing, self._world.issued & ~server.rows)
            elif not missing & ~host.lost:
                both = self._world.witness_was_both
                self._excuse("both servers ended" if both else "the one member's server ended", missing, host.lost)
        host.lost = 0

    def opened(self, process: "Process") -> None:
        """Judge a gate that lets clients in: the server behind it must have every acknowledged write."""
        server = process.host.server
        missing = self.acknowledged & ~self.excused & ~server.rows if server else 0
        if missing:
            raise Violation(f"node {process.host.name} is opened without {_count(missing)}")

    def lost_disk(self) -> None:
        """Note that a disk has been taken away: what is nowhere any more is gone."""
        there = 0
        for host in self._world.hosts.values():
            there |= host.files.rows | (host.server.rows if host.server else 0)
        missing = self.acknowledged & ~self.excused & ~there
        self._excuse("both disks lost", missing, self._world.issued & ~there)

    def _excuse(self, reason: str, missing: int, lost: int) -> None:
        if missing:
            self.reasons[reason] = self.reasons.get(reason, 0) + missing.bit_count()
        self.excused |= lost

    def _is_member(self, host: "Host") -> bool:
        """Return whether `host` serves as a member: by the witness, and in its own eyes."""
        server, process, members = host.server, host.process, self._world.witness.members()
        return host.name in members and server is not None and process is not None and process.state.sound

    def witness_changed(self, node: str, old: "Item | None", new: "Item") -> None:
        """Judge that the witness was written by `node`, an operator if empty."""
        if old is not None and new.epoch != old.epoch + 1 and node:
            raise Violation(f"node {node} wrote epoch {new.epoch} over {old.epoch}")
        if node:
            return
        if (new.forced or new.restore) and len(new.members) == 1:
            self.orders += [(new.epoch, node) for node in new.members]


def _count(rows: int) -> str:
    many = rows.bit_count()
    return f"{many} acknowledged write{'s' if many > 1 else ''}"


def _whole(host: "Host") -> bool:
    """Return whether the host's server has been a member's all the time.

    One that its gate process has given up, because it hangs, is not: the order to kill it is on its way.
    """
    process = host.process
    if process is not None and process.state.phase is not Phase.STARTING and not process.state.trusted:
        return False
    return host.server is not None and host.server.run == host.remembered

"""The world of one run: two hosts, their clients, a network, a witness, and a checker that watches."""

from collections.abc import Callable
from random import Random
from typing import Any

from musternode.h2.witness import Item
from tests.simulation.checker import Checker
from tests.simulation.client import Client
from tests.simulation.faults import Faults
from tests.simulation.gate import Request
from tests.simulation.loop import Loop
from tests.simulation.machine import OLD, Host
from tests.simulation.network import RETRANSMIT, Network
from tests.simulation.operator import Operator
from tests.simulation.process import Process
from tests.simulation.schedule import Schedule
from tests.simulation.witness import Witness


class World:
    """Everything of one run of `schedule`. `quiet`: clients do nothing any more; `healed`: nothing goes wrong any more.

    `denies_by_error`: gates answer an error where a reset is due. `tell` is given a line for each thing of note, if a
    trace is wanted.
    """

    denies_by_error = False

    def __init__(self, schedule: Schedule, tell: Callable[[str], None] | None = None) -> None:
        self.schedule = schedule
        self.chance = Random(schedule.seed ^ 0x5EED)  # noqa: S311 - chance that can be repeated
        self.random = self.chance.random
        self.loop = Loop()
        self.begun = self.loop.now
        self._tell = tell
        self.network = Network(self.loop, self.chance)
        self.witness = Witness(self.loop, self.chance, None)
        self.checker = Checker(self)
        self.operator = Operator(self)
        self.faults = Faults(self)
        self.hosts = {"a": Host("a", "b", self.loop), "b": Host("b", "a", self.loop)}
        self.job_faults: dict[str, int] = {}
        self.rebooting: set[str] = set()
        self.slow_hands = self.slow_disk = 0.0
        self.quiet = self.healed = False
        self.witness_was_both = False
        self._boots = 0
        self._bits = OLD.bit_length()
        self.witness.watch = self._witness_changed
        places = ["a", "b", *(["c"] if schedule.third else [])]
        self.clients = [Client(self, place, number) for number, place in enumerate(places)]

    def begin(self) -> None:
        """Begin as the schedule says."""
        for host in self.hosts.values():
            host.settings.takeover_interval = self.schedule.interval
        if self.schedule.start != "new":
            self._begin_served()
        for host in self.hosts.values():
            self.start_process(host)
        for client in self.clients:
            self.loop.after(0.3 + self.random(), client.start)
        self.faults.plan(self.schedule.faults)

    def _begin_served(self) -> None:
        alone = self.schedule.start == "alone"
        members = frozenset("a") if alone else frozenset("ab")
        self.witness.item = Item(3, members, "a", taken=self.witness.date if alone else 0.0)
        self.witness_was_both = not alone
        self.checker.acknowledged = OLD
        for host in self.hosts.values():
            stale = alone and host.name == "b"
            host.files.rows, host.files.clustered = (OLD >> 3, True) if stale else (OLD, not alone)
            host.files.kind, host.files.epoch = "held", 1 if stale else 3
            if not stale:
                host.remembered = host.start_server().run

    @property
    def issued(self) -> int:
        """All writes that any client has begun."""
        return (1 << self._bits) - 1

    def new_bit(self) -> int:
        """Return a write that nobody has made."""
        self._bits += 1
        return 1 << (self._bits - 1)

    def think(self) -> float:
        """Return for how many milliseconds a client does nothing: little, or a while."""
        return 20 + (150 if self.random() < 0.5 else 1200) * self.random()

    def trace(self, line: str) -> None:
        """Note `line`."""
        if self._tell is not None:
            self._tell(f"{self.loop.now - self.begun:8.3f} {line}")

    def happened(self, moment: str) -> None:
        """Something has happened at which a fault may be due."""
        if self._tell is not None:
            self.trace(moment)
        self.faults.happened(moment)

    def start_process(self, host: Host) -> None:
        """Start the gate process of `host`, if its machine runs and none is there."""
        if host.up and host.process is None:
            self._boots += 1
            host.process = Process(self, host, f"{host.name}-{self._boots}")
            host.process.live()
            self.happened(f"starting {host.name}")

    def exited(self, host: Host) -> None:
        """Follow the end of a process that was asked to end: a new version starts, or the host goes down."""
        if host.name in self.rebooting:
            self.rebooting.discard(host.name)
            self.power_off(host, cleanly=True)
            self.loop.after(1.0 + 4.0 * self.random(), self.power_on, host)
        else:
            self.loop.after(0.2 + self.random(), self.start_process, host)

    def power_off(self, host: Host, *, cleanly: bool = False) -> None:
        """Take a host down, with its clients."""
        if host.frozen:
            host.thaw()
        host.lose_power(cleanly=cleanly)
        for client in self.clients:
            if client.place == host.name:
                client.kill()

    def power_on(self, host: Host) -> None:
        """Let a host come up again."""
        if not host.up:
            host.up = True
            self.loop.after(0.3 + self.random(), self.start_process, host)
            for client in self.clients:
                if client.place == host.name and not self.quiet:
                    self.loop.after(1.0 + self.random(), client.start)

    def cut(self, host: Host) -> None:
        """End the connections of programs on `host` to the peer's database port, and refuse new ones."""
        host.cut = True
        for client in self.clients:
            if client.place == host.name:
                for conn in client.conns:
                    if conn.process.host.name == host.peer:
                        client.was_reset(conn, "reset")

    def arrived(self, request: Request) -> None:
        """Take what a client sent off the network."""
        conn = request.conn
        host = conn.process.host
        if not host.up or host.frozen:
            self.loop.after(RETRANSMIT, self.arrived, request)
        else:
            conn.process.arrive(request)

    def unless_healed(self, call: Callable[..., object], *given: Any) -> None:
        """Do it unless everything has been made well meanwhile."""
        if not self.healed:
            call(*given)

    def heal(self) -> None:
        """Make everything well: whatever is down comes up, links work, nobody pauses."""
        self.healed = True
        self.trace("HEAL")
        self.network.heal()
        self.witness.bad.clear()
        self.job_faults.clear()
        self.slow_hands = self.slow_disk = 0.0
        self.operator.pause(False)
        self.operator.adopt()
        for host in self.hosts.values():
            self._heal_host(host)

    def _heal_host(self, host: Host) -> None:
        host.settings.alone = host.settings.leaves = host.forgets = False
        host.thaw()
        if host.server is not None and host.server.hung:
            host.unhang(host.server)
        process = host.process
        if process is not None:
            if process.stopped:
                process.go_on()
            process.soon(self.faults.settle, process)
        elif host.up:
            self.start_process(host)
        self.power_on(host)

    def _witness_changed(self, node: str, old: Item | None, new: Item) -> None:
        self.trace(f"witness {new.epoch} {''.join(sorted(new.members))} by {node or 'operator'}")
        if len(new.members) == 2:
            self.witness_was_both = True
        elif old is not None and len(old.members) == 1:
            self.witness_was_both = False
        self.checker.witness_changed(node, old, new)
        self.happened(f"effect {node}")

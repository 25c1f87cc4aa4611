"""What goes wrong: each fault befalls the world and ends by itself."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from musternode.h2.events import Changed, Drained, Stop, Unlike
from tests.simulation import disks
from tests.simulation.schedule import Fault

if TYPE_CHECKING:
    from tests.simulation.machine import Host
    from tests.simulation.process import Process
    from tests.simulation.world import World

_WITNESS = {
    "witness fails": "fails",
    "witness silent": "silent",
    "witness flaky": "flaky",
    "witness slow": "slow",
    "witness loses answers": "lost",
    "witness is late": "late",
}


class Faults:
    """Lets the faults of a schedule befall `world`."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._awaited: dict[str, list[Fault]] = {}
        self._seen: dict[str, int] = {}
        self._kinds: dict[str, Callable[[Fault], object]] = {
            "kill h2": lambda fault: self._host(fault).end_server(cleanly=False),
            "hang h2": self._hang,
            "kill gate": self._kill_gate,
            "stop gate": self._stop_gate,
            "upgrade gate": self._upgrade,
            "freeze host": self._freeze,
            "power off": self._power_off,
            "reboot": self._reboot,
            "cut from peer": self._cut_from,
            "cut to peer": self._cut_to,
            "part from peer": self._part,
            "part from clients": self._part_clients,
            "fail job": self._fail_job,
            "leave": self._leave,
            "kill client": self._kill_client,
            "forget clients": self._forget,
            "lose messages": self._lose,
            "slow network": self._slow_network,
            "slow hands": self._slow_hands,
            "slow disks": self._slow_disks,
            "pause": self._pause,
            "unlike": self._unlike,
            "force": lambda fault: self._world.operator.force(fault.node),
            "restore": lambda _: self._world.operator.restore(),
            "kill both h2": self._kill_both,
            "power off both": self._power_off_both,
            "lose item": self._lose_item,
            "lose disk": lambda fault: disks.lose(self._world, fault),
            "old disk": lambda fault: disks.make_old(self._world, fault),
            "break disk": lambda fault: disks.break_(self._world, fault),
            **dict.fromkeys(_WITNESS, self._witness),
        }

    def plan(self, faults: tuple[Fault, ...]) -> None:
        """Arrange for `faults`."""
        for fault in faults:
            if fault.moment:
                self._awaited.setdefault(fault.moment, []).append(fault)
            else:
                self._world.loop.after(fault.at, self._befall, fault)

    def happened(self, moment: str) -> None:
        """Take note of a moment for which faults wait."""
        awaited = self._awaited.get(moment)
        if awaited is None:
            return
        count = self._seen[moment] = self._seen.get(moment, 0) + 1
        for fault in awaited:
            if fault.nth == count:
                self._world.loop.after(fault.at, self._befall, fault)

    def _befall(self, fault: Fault) -> None:
        if not self._world.healed:
            self._world.trace(f"FAULT {fault}")
            self._kinds[fault.kind](fault)

    def _end(self, fault: Fault, call: Callable[..., object], *given: object) -> None:
        self._world.loop.after(fault.lasts, self._world.unless_healed, call, *given)

    def _host(self, fault: Fault) -> "Host":
        return self._world.hosts[fault.node]

    def _hang(self, fault: Fault) -> None:
        host = self._host(fault)
        server = host.server
        if server is not None:
            host.hang()
            self._end(fault, host.unhang, server)

    def _kill_gate(self, fault: Fault) -> None:
        host = self._host(fault)
        if host.process is not None:
            host.process.die()
            self._end(fault, self._world.start_process, host)

    def _stop_gate(self, fault: Fault) -> None:
        process = self._host(fault).process
        if process is not None:
            process.stop()
            self._end(fault, process.go_on)

    def _upgrade(self, fault: Fault) -> None:
        process = self._host(fault).process
        if process is not None:
            process.soon(process.tell, Stop())

    def _freeze(self, fault: Fault) -> None:
        host = self._host(fault)
        if host.up:
            host.freeze()
            self._end(fault, host.thaw)

    def _power_off(self, fault: Fault) -> None:
        host = self._host(fault)
        if host.up:
            self._world.power_off(host)
            self._end(fault, self._world.power_on, host)

    def _reboot(self, fault: Fault) -> None:
        host = self._host(fault)
        if host.up and host.process is not None:
            self._world.rebooting.add(host.name)
            host.process.soon(host.process.tell, Stop())

    def _cut(self, fault: Fault, *links: tuple[str, str]) -> None:
        network = self._world.network
        for link in links:
            network.cut(*link)
            self._end(fault, network.mend, *link)

    def _cut_from(self, fault: Fault) -> None:
        self._cut(fault, (self._host(fault).peer, fault.node))

    def _cut_to(self, fault: Fault) -> None:
        self._cut(fault, (fault.node, self._host(fault).peer))

    def _part(self, fault: Fault) -> None:
        peer = self._host(fault).peer
        self._cut(fault, (fault.node, peer), (peer, fault.node))

    def _part_clients(self, fault: Fault) -> None:
        self._cut(fault, (fault.node, "c"), ("c", fault.node))

    def _witness(self, fault: Fault) -> None:
        bad = self._world.witness.bad
        bad[fault.node] = _WITNESS[fault.kind]
        self._end(fault, bad.pop, fault.node, None)

    def _fail_job(self, fault: Fault) -> None:
        self._world.job_faults[fault.node] = fault.step

    def _leave(self, fault: Fault) -> None:
        host = self._host(fault)
        peer = self._world.hosts[host.peer]
        if not host.settings.alone and not peer.settings.leaves:
            for one, leaves in ((host, True), (peer, False)):
                delay = self._world.random()
                self._world.loop.after(delay, self._world.unless_healed, self._set, one, not leaves, leaves)
                self._end(fault, self._set, one, False, False)
            self._world.loop.after(1.5 + self._world.random(), self._drained, host)

    def _set(self, host: "Host", alone: bool, leaves: bool) -> None:
        host.settings.alone, host.settings.leaves = alone, leaves
        if host.process is not None:
            host.process.soon(self.settle, host.process)

    def settle(self, process: "Process") -> None:
        """Tell `process` the settings that its host has now."""
        wants = process.host.settings
        process.tell(Changed(wants.alone, wants.leaves, wants.takeover_interval))

    def _drained(self, host: "Host") -> None:
        if host.process is not None:
            host.process.soon(self._tell_drained, host.process)

    def _tell_drained(self, process: "Process") -> None:
        if process.host.settings.leaves:
            process.tell(Drained())

    def _kill_client(self, fault: Fault) -> None:
        for client in self._world.clients:
            if client.place == fault.node:
                client.kill()
                self._world.loop.after(0.2, client.start)

    def _forget(self, fault: Fault) -> None:
        host = self._host(fault)
        host.forgets = True
        self._end(fault, setattr, host, "forgets", False)

    def _lose(self, fault: Fault) -> None:
        network = self._world.network
        network.loss = 0.05 + 0.4 * self._world.random()
        self._end(fault, setattr, network, "loss", 0.0)

    def _slow_network(self, fault: Fault) -> None:
        network = self._world.network
        network.slow = 0.05 + 0.6 * self._world.random()
        self._end(fault, setattr, network, "slow", 0.0)

    def _slow_hands(self, fault: Fault) -> None:
        self._world.slow_hands = 3.0 * self._world.random()
        self._end(fault, setattr, self._world, "slow_hands", 0.0)

    def _slow_disks(self, fault: Fault) -> None:
        self._world.slow_disk = 4.0 * self._world.random()
        self._end(fault, setattr, self._world, "slow_disk", 0.0)

    def _pause(self, fault: Fault) -> None:
        self._world.operator.pause(True)
        self._end(fault, self._world.operator.pause, False)

    def _unlike(self, _fault: Fault) -> None:
        for host in self._world.hosts.values():
            if host.process is not None:
                host.process.soon(host.process.tell, Unlike())

    def _kill_both(self, fault: Fault) -> None:
        for name in ("a", "b"):
            self._befall(replace(fault, kind="kill h2", node=name))

    def _power_off_both(self, fault: Fault) -> None:
        for name in ("a", "b"):
            lasts = fault.lasts * (0.2 + self._world.random())
            self._befall(replace(fault, kind="power off", node=name, lasts=lasts))

    def _lose_item(self, _fault: Fault) -> None:
        self._world.witness.lose()

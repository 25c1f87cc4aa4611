"""One instance as a machine: its disk for as long as it exists, its power as the account wants it.

A thread of its own does all that takes time, so that hosts boot and stop side by side. Network namespace, metadata
service and control groups live as long as the power is on: what a host configured in its kernel is gone after a
reboot, and nobody answers for a host that is off.
"""

import enum
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rehearsal.hosts import volumes
from rehearsal.hosts.cgroups import ControlGroups
from rehearsal.hosts.imds import MetadataService, Served
from rehearsal.hosts.instance import Instance
from rehearsal.hosts.metadata import Surroundings, tree
from rehearsal.hosts.nspawn import REBOOT, RESTART, SHUT_DOWN, Machine, Power
from rehearsal.hosts.overlay import Overlay
from rehearsal.hosts.volumes import Disk
from rehearsal.places import NAMESPACE_PREFIX

if TYPE_CHECKING:
    from rehearsal.account import InstanceCredentials

_log = logging.getLogger(__name__)
_TICK = 0.05
_STOP_WITHIN = 60.0  # seconds that services get to stop, before the power goes
_RETRY = 2.0
_CREDENTIALS_KEPT = 1.0


class Wires(Protocol):
    """The VPC's network, as far as a host needs it."""

    dns: str

    def attach(self, namespace: str, address: str, subnet_cidr: str) -> str:
        """Make the namespace with its link; return the MAC address."""

    def detach(self, namespace: str) -> None:
        """Remove both."""


class Phase(enum.StrEnum):
    """Where a host is between off and on, in EC2's words."""

    PENDING = "pending"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    TERMINATED = "terminated"


class Wanted(enum.Enum):
    """What the account says."""

    ON = enum.auto()
    OFF = enum.auto()
    GONE = enum.auto()


@dataclass(frozen=True)
class Sources:
    """Where a host's user data (by instance id) and credentials (by profile name and instance id) come from."""

    user_data: Callable[[str], bytes]
    credentials: Callable[[str, str], "InstanceCredentials | None"]


class Host:
    """A host; made off. `want` and `show` say what shall be and return at once; `phase` and `leader` what is."""

    def __init__(
        self, instance: Instance, around: Surroundings, wires: Wires, sources: Sources, image: Path, folder: Path
    ) -> None:
        self.instance = instance
        self.namespace = f"{NAMESPACE_PREFIX}h-{instance.id[-8:]}"
        self.phase = Phase.STOPPED
        self.leader = 0
        self.fault = ""
        """Why the last step failed, empty once one succeeds."""
        self.halted = False
        """Whether the host ended on its own while it was wanted on; it stays off until it was wanted off."""
        self._around, self._wires, self._sources = around, wires, sources
        self._folder = folder
        self._overlay = Overlay(folder, image)
        self._groups = ControlGroups(instance.id[-8:])
        self._wanted = Wanted.OFF
        self._restart = False
        self._power: Power | None = None
        self._metadata: MetadataService | None = None
        self._cut_at: float | None = None
        self._disks: Mapping[str, Disk] = {}
        self._slots: dict[str, int] = {}
        self._credentials: tuple[float, InstanceCredentials | None] = (-_CREDENTIALS_KEPT, None)
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name=self.namespace, daemon=True)
        self._thread.start()

    def want(self, wanted: Wanted) -> None:
        """Say whether the host shall be on, off or gone; gone is for ever."""
        if self._wanted is Wanted.GONE:
            return
        if wanted is not Wanted.ON:
            self.halted = False
        self._wanted = wanted
        self._wake.set()

    def restart(self) -> None:
        """Let a host that is on shut down and start again."""
        self._restart = True
        self._wake.set()

    def show(self, disks: Mapping[str, Disk]) -> None:
        """Let the host have these data volumes (by volume id) and no others, now and after each start."""
        self._disks = dict(disks)
        self._wake.set()

    def join(self, within: float) -> bool:
        """Wait for a host that was wanted gone; return whether it is."""
        self._thread.join(within)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while self.phase is not Phase.TERMINATED:
            pause = _TICK
            try:
                self._step()
                self.fault = ""
            except Exception as error:
                pause = _RETRY
                self.fault = f"{type(error).__name__}: {error}"
                _log.exception("host %s", self.instance.id)
            self._wake.wait(pause)
            self._wake.clear()

    def _step(self) -> None:
        """Take one step from what is to what is wanted."""
        if self._power is None:
            self._step_off()
        elif (code := self._power.ended()) is not None:
            self._end(code)
        elif self._wanted is Wanted.GONE:
            self._power.cut(self.leader)
        elif self._cut_at is not None:
            if time.monotonic() > self._cut_at:
                self._power.cut(self.leader)
        elif self._wanted is Wanted.OFF or self._restart:
            self._begin_stop(self._power)
        else:
            self._plug()

    def _step_off(self) -> None:
        if self._wanted is Wanted.GONE:
            self._take_apart()
            self._overlay.remove()
            self.phase = Phase.TERMINATED
        elif self._wanted is Wanted.ON and not self.halted:
            self._start()

    def _start(self) -> None:
        self.phase = Phase.PENDING
        self._take_apart()
        try:
            self._power_on()
        except Exception:
            self._power = None
            self._take_apart()
            raise
        self.phase = Phase.RUNNING

    def _power_on(self) -> None:
        user_data = self._sources.user_data(self.instance.id)
        mac = self._wires.attach(self.namespace, self.instance.address, self._around.subnet_cidr)
        self._metadata = MetadataService(self.namespace, lambda: self._served(mac, user_data))
        self._overlay.mount()
        self._write_resolver()
        self._groups.make()
        machine = Machine(self.instance.hostname, self.namespace, self._overlay.root, self._folder / "console.log")
        self._restart, self._cut_at = False, None
        power = Power(machine, self._groups)
        self.leader = power.leader()
        self._power = power
        self._plug()
        _log.info("host %s is on: %s, process %d", self.instance.id, self.instance.address, self.leader)

    def _write_resolver(self) -> None:
        """What DHCP tells a host on AWS at each start."""
        file = self._overlay.root / "etc/resolv.conf"
        file.unlink(missing_ok=True)
        file.write_text(f"nameserver {self._wires.dns}\nsearch {self.instance.domain}\n")

    def _served(self, mac: str, user_data: bytes) -> Served:
        instance = self.instance
        content = tree(instance, self._around, mac, user_data, self._role())
        return Served(content, instance.endpoint_enabled, instance.token_required)

    def _role(self) -> "InstanceCredentials | None":
        """Return the role's credentials, asked for at most once a second: cloud-init walks through the whole tree."""
        name, (at, kept) = self.instance.profile_name, self._credentials
        if name is None:
            return None
        if time.monotonic() < at + _CREDENTIALS_KEPT:
            return kept
        found = self._sources.credentials(name, self.instance.id)
        self._credentials = (time.monotonic(), found)
        return found

    def _begin_stop(self, power: Power) -> None:
        self.phase = Phase.STOPPING
        self._cut_at = time.monotonic() + _STOP_WITHIN
        power.ask(self.leader, RESTART if self._wanted is Wanted.ON else SHUT_DOWN)

    def _end(self, code: int) -> None:
        """The power is off: by the account's wish, for a reboot, or by what the host did itself."""
        asked = self._cut_at is not None or self._wanted is not Wanted.ON
        self._power, self._cut_at, self.leader = None, None, 0
        self._take_apart()
        self.phase = Phase.STOPPED
        self.halted = not asked and code != REBOOT
        _log.info("host %s is off (code %d)%s", self.instance.id, code, ", by itself" if self.halted else "")

    def _take_apart(self) -> None:
        """Remove all but the disk; nothing there is no fault."""
        if self._metadata is not None:
            self._metadata.close()
            self._metadata = None
        self._groups.remove()
        self._wires.detach(self.namespace)
        self._overlay.unmount()

    def _plug(self) -> None:
        for volume in [volume for volume in self._slots if volume not in self._disks]:
            volumes.unplug(self.leader, self._slots.pop(volume), volume)
        for volume, disk in self._disks.items():
            if volume not in self._slots:
                self._slots[volume] = next(n for n in range(1, 256) if n not in self._slots.values())
            volumes.plug(self.leader, self._slots[volume], volume, disk)

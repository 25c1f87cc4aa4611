"""What a host is put together from each time its power goes on, and taken apart into when it goes off.

Network namespace, metadata service and control groups live as long as the power is on: what a host configured in its
kernel is gone after a reboot, and nobody answers for a host that is off. Its disk stays.
"""

import contextlib
import shutil
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
from rehearsal.hosts.nspawn import Machine, Power
from rehearsal.hosts.overlay import Overlay
from rehearsal.hosts.volumes import Disk
from rehearsal.places import ENDED, NAMESPACE_PREFIX

if TYPE_CHECKING:
    from rehearsal.account import InstanceCredentials

_CREDENTIALS_KEPT = 1.0  # seconds


class Wires(Protocol):
    """The VPC's network, as far as a host needs it."""

    dns: str

    def attach(self, namespace: str, address: str, subnet_cidr: str) -> str:
        """Make the namespace with its link; return the MAC address."""

    def detach(self, namespace: str) -> None:
        """Remove both."""


@dataclass(frozen=True)
class Sources:
    """Where a host's user data (by instance id) and credentials (by profile name and instance id) come from."""

    user_data: Callable[[str], bytes]
    credentials: Callable[[str, str], "InstanceCredentials | None"]


class Chassis:
    """The parts of one host. `instance` may be replaced by a newer description. For one thread at a time."""

    def __init__(
        self, instance: Instance, around: Surroundings, wires: Wires, sources: Sources, image: Path, folder: Path
    ) -> None:
        self.instance = instance
        self.namespace = f"{NAMESPACE_PREFIX}h-{instance.id[-8:]}"
        self._around, self._wires, self._sources = around, wires, sources
        self._folder = folder
        self._overlay = Overlay(folder, image)
        self._groups = ControlGroups(instance.id[-8:])
        self._metadata: MetadataService | None = None
        self._slots: dict[str, int] = {}
        self._credentials: tuple[float, InstanceCredentials | None] = (-_CREDENTIALS_KEPT, None)

    def power_on(self) -> Power:
        """Put everything together and start the host; on failure nothing but the disk stays."""
        self.take_apart()
        try:
            return self._assemble()
        except Exception:
            self.take_apart()
            raise

    def _assemble(self) -> Power:
        user_data = self._sources.user_data(self.instance.id)
        mac = self._wires.attach(self.namespace, self.instance.address, self._around.subnet_cidr)
        self._metadata = MetadataService(self.namespace, lambda: self._served(mac, user_data))
        self._overlay.mount()
        self._write_resolver()
        self._groups.make()
        console = self._folder / "console.log"
        return Power(Machine(self.instance.hostname, self.namespace, self._overlay.root, console), self._groups)

    def _write_resolver(self) -> None:
        """Write what DHCP tells a host on AWS at each start."""
        file = self._overlay.root / "etc/resolv.conf"
        file.unlink(missing_ok=True)
        file.write_text(f"nameserver {self._wires.dns}\nsearch {self.instance.domain}\n")

    def _served(self, mac: str, user_data: bytes) -> Served:
        instance = self.instance
        content = tree(instance, self._around, mac, user_data, self._role())
        return Served(content, instance.endpoint_enabled, instance.token_required, instance.hop_limit)

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

    def plug(self, leader: int, disks: Mapping[str, Disk]) -> None:
        """Let the running host have exactly these data volumes, by volume id."""
        for volume in [volume for volume in self._slots if volume not in disks]:
            volumes.unplug(leader, self._slots.pop(volume), volume)
        for volume, disk in disks.items():
            if volume not in self._slots:
                self._slots[volume] = next(slot for slot in range(1, 256) if slot not in self._slots.values())
            volumes.plug(leader, self._slots[volume], volume, disk)

    def take_apart(self) -> None:
        """Remove all but the disk, killing what still runs; nothing there is no fault."""
        if self._metadata is not None:
            self._metadata.close()
            self._metadata = None
        self._groups.remove()
        self._wires.detach(self.namespace)
        self._overlay.unmount()

    def scrap(self) -> None:
        """Remove the disk too; what tells why a host went wrong is kept as long as the rehearsal runs."""
        self.take_apart()
        kept = ENDED / self.instance.id
        with contextlib.suppress(OSError):
            kept.mkdir(parents=True, exist_ok=True)
            for log in (self._folder / "console.log", self._folder / "upper/var/log/cloud-init-output.log"):
                if log.exists():
                    shutil.copyfile(log, kept / log.name)
        self._overlay.remove()

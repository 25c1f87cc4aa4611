"""All hosts: one for each instance of the account, in the state that the account gives it."""

import base64
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rehearsal.account import InstanceCredentials, NoCredentialsError
from rehearsal.hosts.chassis import Chassis, Sources, Wires
from rehearsal.hosts.host import Host, Wanted
from rehearsal.hosts.instance import Instance
from rehearsal.hosts.metadata import Surroundings
from rehearsal.hosts.shelf import Shelf
from rehearsal.hosts.view import View

_log = logging.getLogger(__name__)
_GONE_WITHIN = 30.0

WANTED = {
    "pending": Wanted.ON,
    "running": Wanted.ON,
    "stopping": Wanted.OFF,
    "stopped": Wanted.OFF,
    "shutting-down": Wanted.GONE,
    "terminated": Wanted.GONE,
}
"""What each state of an EC2 instance means for its host."""


class Cloud(Protocol):
    """The emulated account, as far as hosts need it."""

    region: str
    account_id: str

    def client(self, service: str) -> Any:
        """Return the administrator's client of a service."""

    def instance_credentials(self, instance_profile_name: str, session: str) -> InstanceCredentials:
        """Return the credentials of a profile's role."""

    def reboots(self, instance_id: str) -> int:
        """Return how often an instance was rebooted."""


@dataclass(frozen=True)
class Turn:
    """What tells one run of an instance from the next; a change means that it was stopped and started, or rebooted."""

    launched: str
    type: str
    reboots: int


class Fleet:
    """The hosts by instance id."""

    def __init__(self, account: Cloud, image: Path, folder: Path) -> None:
        self.hosts: dict[str, Host] = {}
        self._account, self._image, self._folder = account, image, folder / "hosts"
        self._sources = Sources(self._user_data, self._credentials)
        self._turns: dict[str, Turn] = {}
        self._shelf = Shelf(folder / "volumes")

    def report_halted(self) -> None:
        """Tell the account which instances stopped by themselves, as EC2 notices when a host powers off."""
        for instance_id, host in self.hosts.items():
            if host.halted:
                self._account.client("ec2").stop_instances(InstanceIds=[instance_id])
                host.want(Wanted.OFF)

    def follow(self, view: View, wires_of: Callable[[str], Wires]) -> None:
        """Make and remove hosts, switch them on and off and give them their volumes, as the account has it now."""
        self._forget_gone()
        for entry in view.instances.values():
            if entry.id not in self.hosts and WANTED[entry.state] is not Wanted.GONE:
                self.hosts[entry.id] = self._make(entry, view, wires_of(entry.vpc))
        alive = {key: host for key, host in self.hosts.items() if _wanted(view.instances, key) is not Wanted.GONE}
        disks = self._shelf.disks(tuple(entry for entry in view.attachments if entry.instance in alive))
        for instance_id, host in self.hosts.items():
            host.show(disks.get(instance_id, {}))
            self._direct(host, view.instances)
        self._shelf.clear(disks, view.volumes)

    def _direct(self, host: Host, instances: Mapping[str, Instance]) -> None:
        wanted = _wanted(instances, host.instance.id)
        if wanted is not Wanted.GONE:
            entry = instances[host.instance.id]
            host.describe(entry)
            turn = Turn(entry.launched, entry.type, self._account.reboots(entry.id))
            before = self._turns.setdefault(entry.id, turn)
            if turn != before and wanted is Wanted.ON:
                host.restart()
            self._turns[entry.id] = turn
        host.want(wanted)

    def _make(self, entry: Instance, view: View, wires: Wires) -> Host:
        around = Surroundings(
            account=self._account.account_id,
            region=self._account.region,
            subnet_cidr=view.subnets[entry.subnet],
            vpc_cidr=view.vpcs[entry.vpc],
        )
        return Host(Chassis(entry, around, wires, self._sources, self._image, self._folder / entry.id))

    def _forget_gone(self) -> None:
        for gone in [instance_id for instance_id, host in self.hosts.items() if host.is_gone]:
            del self.hosts[gone]
            self._turns.pop(gone, None)

    def _user_data(self, instance_id: str) -> bytes:
        answer = self._account.client("ec2").describe_instance_attribute(InstanceId=instance_id, Attribute="userData")
        return base64.b64decode(answer.get("UserData", {}).get("Value", ""))

    def _credentials(self, profile: str, instance_id: str) -> InstanceCredentials | None:
        try:
            return self._account.instance_credentials(profile, instance_id)
        except NoCredentialsError as reason:
            _log.warning("instance %s has no credentials: %s", instance_id, reason)
            return None

    def close(self) -> list[str]:
        """Remove all hosts at once; return the ids of those that are not gone within 30 s."""
        for host in self.hosts.values():
            host.want(Wanted.GONE)
        late = [instance_id for instance_id, host in self.hosts.items() if not host.join(_GONE_WITHIN)]
        self._shelf.close()
        return late


def _wanted(instances: Mapping[str, Instance], instance_id: str) -> Wanted:
    """Return what the account wants of an instance; one that it does not even remember is gone."""
    return WANTED[instances[instance_id].state] if instance_id in instances else Wanted.GONE

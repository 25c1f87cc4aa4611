"""The file systems of EFS in the account: folders of this machine, and mount targets on the networks of their VPCs."""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from rehearsal.account import Mount
from rehearsal.hosts import mounts
from rehearsal.hosts.binding import bind
from rehearsal.hosts.host import Host
from rehearsal.hosts.mount_server import MountServer
from rehearsal.hosts.mount_target import MountTarget
from rehearsal.hosts.networks import groups
from rehearsal.hosts.view import View
from rehearsal.network import InterfacePolicy, Network
from rehearsal.places import NAMESPACE_PREFIX

_log = logging.getLogger(__name__)


class Judge(Protocol):
    """The account, which decides who may mount."""

    def mount_refusal(self, wish: Mount) -> str:
        """Return why a host may not mount; empty if it may."""


class FileSystems:
    """A folder under `folder` for each file system as long as the account has it; `hosts` are those that there are."""

    def __init__(self, account: Judge, region: str, folder: Path, hosts: Callable[[], Sequence[Host]]) -> None:
        self._account, self._region, self._folder, self._hosts = account, region, folder, hosts
        self._served: dict[str, tuple[MountTarget, MountServer]] = {}

    def follow(self, view: View, networks: Mapping[str, Network]) -> None:
        """Make and delete folders, serve at new mount targets and withdraw from those that are gone.

        Raises `NamespaceError`, `OSError`.
        """
        wanted = {target.id: target for target in view.mount_targets if target.vpc in networks}
        for gone in set(self._served) - set(wanted):
            self._withdraw(gone, networks)
        for name in view.file_systems:
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        for id_, target in wanted.items():
            if id_ not in self._served:
                self._serve(target, networks[target.vpc], view.subnets[target.subnet])
        for left in self._folder.glob("fs-*"):
            if left.name not in view.file_systems:
                mounts.discard(left)
                _log.info("file system %s is gone", left.name)

    def _serve(self, target: MountTarget, network: Network, subnet_cidr: str) -> None:
        namespace = _namespace(target)
        network.attach(namespace, target.address, subnet_cidr)
        try:
            server = MountServer(namespace, target.address, partial(self.answer, target))
        except BaseException:
            network.detach(namespace)
            raise
        self._served[target.id] = target, server
        _log.info("file system %s is at %s for %s", target.file_system, target.address, target.zone)

    def _withdraw(self, id_: str, networks: Mapping[str, Network]) -> None:
        target, server = self._served.pop(id_)
        server.close()
        if (network := networks.get(target.vpc)) is not None:
            network.detach(_namespace(target))

    def answer(self, target: MountTarget, client: str, directory: str, options: Sequence[str]) -> str:
        """Carry out what mount(8) asks in the host at the address `client`; return why not, or nothing."""
        host = next((each for each in self._hosts() if _is_at(each, target.vpc, client)), None)
        if host is None:
            return f"no host is at {client}"
        who = host.instance
        wish = Mount(target.file_system, who.id, who.profile_name or "", "tls" in options, "iam" in options)
        if refusal := self._account.mount_refusal(wish):
            _log.warning("host %s may not mount %s: %s", who.id, target.file_system, refusal)
            return f"access denied by server while mounting {target.file_system}:/ ({refusal})"
        bind(self._folder / target.file_system, host.leader, directory)
        _log.info("host %s has mounted %s at %s", who.id, target.file_system, directory)
        return ""

    def names(self, view: View, vpc: str) -> dict[str, list[str]]:
        """Return the names that lead to mount targets in a VPC."""
        return {target.name(self._region): [target.address] for target in view.mount_targets if target.vpc == vpc}

    def policies(self, view: View) -> list[tuple[str, InterfacePolicy]]:
        """Return the policies of the mount targets that are served, each with its VPC."""
        return [
            (
                target.vpc,
                InterfacePolicy(
                    _namespace(target),
                    target.address,
                    groups(view, target.groups),
                    way_out=False,
                    subnet=view.border(target.subnet),
                ),
            )
            for target in view.mount_targets
            if target.id in self._served
        ]

    def close(self) -> None:
        """Withdraw from all mount targets; their places go with the networks."""
        for id_ in list(self._served):
            self._withdraw(id_, {})


def _is_at(host: Host, vpc: str, address: str) -> bool:
    return (host.instance.vpc, host.instance.address) == (vpc, address) and host.leader > 0


def _namespace(target: MountTarget) -> str:
    return f"{NAMESPACE_PREFIX}f-{target.id[-8:]}"

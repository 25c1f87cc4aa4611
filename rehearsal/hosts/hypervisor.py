"""Makes real what the account says: instances are machines, VPCs are wires, load balancers are haproxies.

One thread looks at the account a few times a second and acts on the difference. A fault of one thing is logged and
tried again; it never ends the loop.
"""

import logging
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehearsal.balancer import Balancer, balancer_address, describe
from rehearsal.hosts.host import Host, Phase, Sources, Wanted
from rehearsal.hosts.instance import Instance
from rehearsal.hosts.metadata import Surroundings
from rehearsal.hosts.view import View, read_view
from rehearsal.hosts.volumes import Disk
from rehearsal.inventory import BalancerEntry, HostEntry, Inventory, VisitorEntry, write_inventory
from rehearsal.network import InterfacePolicy, Network, ServerCertificate, names_of, security_group
from rehearsal.places import WORK

if TYPE_CHECKING:
    from rehearsal.account import Account

_log = logging.getLogger(__name__)
_PAUSE = 0.25
_HEALTH_EVERY = 1.0
_GONE_WITHIN = 30.0
_ON = {"pending", "running"}
_OFF = {"stopping", "stopped"}


class Hypervisor:
    """All machines of one account. `start` returns at once; `stop` removes everything that was made."""

    def __init__(self, account: "Account", image: Path, certificate: ServerCertificate) -> None:
        self._account, self._image, self._certificate = account, image, certificate
        self._networks: dict[str, Network] = {}
        self._hosts: dict[str, Host] = {}
        self._disks: dict[str, Disk] = {}
        self._balancers: dict[str, Balancer] = {}
        self._launches: dict[str, tuple[str, int]] = {}
        self._health_at = 0.0
        self._written: Inventory | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hypervisor", daemon=True)
        self.fault = ""
        """What the last look at the account ended in, empty if all went well."""

    def start(self) -> None:
        """Begin to look at the account."""
        self._thread.start()

    def stop(self) -> None:
        """Turn everything off and remove it."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_GONE_WITHIN)
        for host in self._hosts.values():
            host.want(Wanted.GONE)
        for balancer in self._balancers.values():
            balancer.down()
        for host in self._hosts.values():
            if not host.join(_GONE_WITHIN):
                _log.error("host %s does not end: %s", host.instance.id, host.fault)
        for disk in self._disks.values():
            disk.release()
        for network in self._networks.values():
            network.close()

    def _run(self) -> None:
        while not self._stopping.wait(_PAUSE):
            try:
                self._look()
                self.fault = ""
            except Exception as error:
                self.fault = f"{type(error).__name__}: {error}"
                _log.exception("looking at the account")

    def _look(self) -> None:
        view = read_view(self._account.client("ec2"), self._account.client("elbv2"))
        self._raise_networks(view)
        self._place_hosts(view)
        self._place_balancers(view)
        self._apply_policies(view)
        self._show_disks(view)
        self._power(view)
        self._sync_balancers(view)
        self._clear(view)
        self._write_inventory()

    def _raise_networks(self, view: View) -> None:
        wanted = {entry.vpc for entry in view.instances.values() if entry.state in _ON | _OFF}
        wanted |= {str(entry["VpcId"]) for entry in view.balancers}
        for vpc in sorted((wanted - set(self._networks)) & set(view.vpcs)):
            network = Network(
                vpc_id=vpc,
                cidr=view.vpcs[vpc],
                host_app=self._account.host_app,
                certificate=self._certificate,
                resolve=names_of(self._balancer_names),
            )
            network.up()
            self._networks[vpc] = network

    def _balancer_names(self) -> Mapping[str, list[str]]:
        return {balancer.dns: [balancer.address] for balancer in list(self._balancers.values())}

    def _place_hosts(self, view: View) -> None:
        for entry in view.instances.values():
            if entry.id in self._hosts:
                self._hosts[entry.id].instance = entry
            elif entry.state in _ON | _OFF:
                self._hosts[entry.id] = self._host(entry, view)
                self._launches[entry.id] = (entry.launched, self._account.reboots(entry.id))

    def _host(self, entry: Instance, view: View) -> Host:
        around = Surroundings(
            self._account.account_id, self._account.region, view.subnets[entry.subnet], view.vpcs[entry.vpc]
        )
        sources = Sources(self._user_data, self._account.instance_credentials)
        return Host(entry, around, self._networks[entry.vpc], sources, self._image, WORK / "hosts" / entry.id)

    def _user_data(self, instance: str) -> bytes:
        import base64

        asked = self._account.client("ec2").describe_instance_attribute(InstanceId=instance, Attribute="userData")
        return base64.b64decode(asked["UserData"].get("Value", ""))

    def _place_balancers(self, view: View) -> None:
        for entry in view.balancers:
            arn = str(entry["LoadBalancerArn"])
            if arn in self._balancers:
                continue
            subnet = view.subnets[entry["AvailabilityZones"][0]["SubnetId"]]
            taken = {host.instance.address for host in self._hosts.values()}
            taken |= {balancer.address for balancer in self._balancers.values()}
            self._balancers[arn] = balancer = Balancer(
                model=self._model(entry),
                network=self._networks[str(entry["VpcId"])],
                address=balancer_address(subnet, taken),
                subnet_cidr=subnet,
                directory=WORK / "balancers" / arn[-8:],
            )
            self._apply_policies(view)
            balancer.up()

    def _model(self, entry: Mapping[str, Any]) -> Any:
        def address_of(instance: str) -> str | None:
            host = self._hosts.get(instance)
            return host.instance.address if host else None

        return describe(self._account.client("elbv2"), entry, address_of)

    def _apply_policies(self, view: View) -> None:
        groups = {identity: security_group(entry) for identity, entry in view.groups.items()}
        policies: dict[str, list[InterfacePolicy]] = {vpc: [] for vpc in self._networks}
        for host in self._hosts.values():
            mine = tuple(groups[identity] for identity, _ in host.instance.groups if identity in groups)
            way_out = host.instance.subnet in view.ways_out
            if host.phase is not Phase.TERMINATED and host.instance.vpc in policies:
                policies[host.instance.vpc].append(
                    InterfacePolicy(host.namespace, host.instance.address, mine, way_out)
                )
        for entry in view.balancers:
            balancer = self._balancers.get(str(entry["LoadBalancerArn"]))
            if balancer is not None:
                mine = tuple(groups[identity] for identity in entry["SecurityGroups"] if identity in groups)
                policies[str(entry["VpcId"])].append(
                    InterfacePolicy(balancer.namespace, balancer.address, mine, way_out=True)
                )
        for vpc, network in self._networks.items():
            network.apply(policies[vpc])

    def _show_disks(self, view: View) -> None:
        for attached in view.attachments:
            if attached.volume not in self._disks and attached.instance in self._hosts:
                self._disks[attached.volume] = Disk(WORK / "volumes" / attached.volume, attached.size)
        for host in self._hosts.values():
            mine = [entry.volume for entry in view.attachments if entry.instance == host.instance.id]
            host.show({volume: self._disks[volume] for volume in mine if volume in self._disks})

    def _power(self, view: View) -> None:
        for identity, host in self._hosts.items():
            entry = view.instances.get(identity)
            if entry is None or entry.state not in _ON | _OFF:
                host.want(Wanted.GONE)
                continue
            launch = (entry.launched, self._account.reboots(identity))
            if launch != self._launches[identity] and entry.state in _ON and host.phase is Phase.RUNNING:
                host.restart()
            self._launches[identity] = launch
            host.want(Wanted.ON if entry.state in _ON else Wanted.OFF)

    def _sync_balancers(self, view: View) -> None:
        for entry in view.balancers:
            self._balancers[str(entry["LoadBalancerArn"])].sync(self._model(entry))
        if time.monotonic() < self._health_at:
            return
        self._health_at = time.monotonic() + _HEALTH_EVERY
        for balancer in self._balancers.values():
            for seen in balancer.health():
                try:
                    self._account.set_target_health(
                        seen.target_group_arn, seen.instance_id, seen.port, seen.state, seen.reason
                    )
                except KeyError:
                    _log.info("target %s of %s was deregistered meanwhile", seen.instance_id, seen.target_group_arn)

    def _clear(self, view: View) -> None:
        for identity in [i for i, host in self._hosts.items() if host.phase is Phase.TERMINATED]:
            del self._hosts[identity], self._launches[identity]
        kept = {str(entry["LoadBalancerArn"]) for entry in view.balancers}
        for arn in set(self._balancers) - kept:
            self._balancers.pop(arn).down()
        for volume in set(self._disks) - set(view.volumes):
            self._disks.pop(volume).release()
            (WORK / "volumes" / volume).unlink(missing_ok=True)
        used = {host.instance.vpc for host in self._hosts.values()} | {str(e["VpcId"]) for e in view.balancers}
        for vpc in set(self._networks) - used:
            self._networks.pop(vpc).close()

    def _write_inventory(self) -> None:
        inventory = Inventory(
            hosts=tuple(
                HostEntry(
                    instance=host.instance.id,
                    node=host.instance.tag("muster:node"),
                    name=host.instance.tag("Name"),
                    address=host.instance.address,
                    namespace=host.namespace,
                    leader_pid=host.leader,
                    state=host.phase.value,
                )
                for host in self._hosts.values()
            ),
            balancers=tuple(BalancerEntry(b.dns, b.address, b.namespace) for b in self._balancers.values()),
            visitors=tuple(
                VisitorEntry(network.vpc_id, network.visitor.namespace, network.visitor.address, network.visitor.dns)
                for network in self._networks.values()
            ),
        )
        if inventory != self._written:
            write_inventory(inventory)
            self._written = inventory

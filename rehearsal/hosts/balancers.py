"""The load balancers of the account, running, and what they find out about their targets."""

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from rehearsal.balancer import Balancer, BalancerError, balancer_address, describe
from rehearsal.hosts.networks import groups
from rehearsal.hosts.view import View
from rehearsal.network import InterfacePolicy, Network

_log = logging.getLogger(__name__)
_HEALTH_EVERY = 1.0


class Judge(Protocol):
    """The account, which answers DescribeTargetHealth."""

    def client(self, service: str) -> Any:
        """Return the administrator's client of a service."""

    def set_target_health(self, target_group_arn: str, instance_id: str, port: int, state: str, reason: str) -> None:
        """Take what a balancer found out."""


class Balancers:
    """Balancers by the ARN of their load balancer."""

    def __init__(self, account: Judge, folder: Path) -> None:
        self.running: dict[str, Balancer] = {}
        self._account, self._folder = account, folder
        self._up: set[str] = set()
        self._asked = 0.0

    def addresses(self) -> dict[str, list[str]]:
        """Return the addresses by DNS name."""
        return {entry.dns: [entry.address] for entry in list(self.running.values())}

    def follow(self, view: View, networks: Mapping[str, Network]) -> None:
        """Remove the balancers that are gone, and give new ones their place on the network. Raises `BalancerError`."""
        known = {entry["LoadBalancerArn"]: entry for entry in view.balancers}
        for arn in set(self.running) - set(known):
            self._remove(arn)
        for arn, entry in known.items():
            if arn not in self.running:
                self.running[arn] = self._make(view, entry, networks[entry["VpcId"]])

    def _make(self, view: View, entry: Mapping[str, Any], network: Network) -> Balancer:
        cidr = view.subnets[_subnet(entry)]
        taken = {each.address for each in view.instances.values()} | {each.address for each in self.running.values()}
        taken |= {interface.address for endpoint in view.endpoints for interface in endpoint.interfaces}
        taken |= {target.address for target in view.mount_targets}
        return Balancer(
            model=self._describe(view, entry),
            network=network,
            address=balancer_address(cidr, taken),
            subnet_cidr=cidr,
            directory=self._folder / entry["LoadBalancerArn"][-8:],
        )

    def _describe(self, view: View, entry: Mapping[str, Any]) -> Any:
        def address_of(instance: str) -> str | None:
            found = view.instances.get(instance)
            return found.address if found is not None and found.state == "running" else None

        return describe(self._account.client("elbv2"), entry, address_of)

    def policies(self, view: View) -> list[tuple[str, InterfacePolicy]]:
        """Return the balancers' interfaces, each with its VPC."""
        return [
            (
                entry["VpcId"],
                InterfacePolicy(
                    namespace=balancer.namespace,
                    address=balancer.address,
                    groups=groups(view, entry["SecurityGroups"]),
                    way_out=_subnet(entry) in view.ways_out,
                    subnet=view.border(_subnet(entry)),
                ),
            )
            for entry in view.balancers
            if (balancer := self.running.get(entry["LoadBalancerArn"])) is not None
        ]

    def sync(self, view: View) -> None:
        """Let each balancer serve what is deployed now, its policy being in force. Raises the first `BalancerError`."""
        faults: list[BalancerError] = []
        for entry in view.balancers:
            try:
                self._sync(view, entry)
            except BalancerError as fault:
                faults.append(fault)
        if faults:
            raise faults[0]

    def _sync(self, view: View, entry: Mapping[str, Any]) -> None:
        arn = entry["LoadBalancerArn"]
        balancer = self.running[arn]
        if arn not in self._up:
            balancer.up()
            self._up.add(arn)
            _log.info("balancer %s is up: %s", balancer.dns, balancer.address)
        balancer.sync(self._describe(view, entry))

    def report_health(self) -> None:
        """Tell the account, once a second, what the balancers find."""
        if time.monotonic() < self._asked + _HEALTH_EVERY:
            return
        self._asked = time.monotonic()
        for arn in self._up:
            for found in self.running[arn].health():
                self._tell(found.target_group_arn, found.instance_id, found.port, found.state, found.reason)

    def _tell(self, group: str, instance: str, port: int, state: str, reason: str) -> None:
        try:
            self._account.set_target_health(group, instance, port, state, reason)
        except KeyError:
            _log.debug("target %s:%d was deregistered meanwhile", instance, port)

    def _remove(self, arn: str) -> None:
        self._up.discard(arn)
        balancer = self.running.pop(arn)
        balancer.down()
        _log.info("balancer %s is gone", balancer.dns)

    def close(self) -> None:
        """Remove all balancers."""
        for arn in list(self.running):
            self._remove(arn)


def _subnet(entry: Mapping[str, Any]) -> str:
    """Return the subnet that stands for all: the rehearsed balancer has one address, in its first zone."""
    return min(str(zone["SubnetId"]) for zone in entry["AvailabilityZones"])

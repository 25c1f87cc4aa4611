"""The networks of all VPCs that have a host or a load balancer in them, with their security groups."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from rehearsal.hosts.view import View
from rehearsal.network import InterfacePolicy, Network, Resolve, SecurityGroup, ServerCertificate, security_group

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_log = logging.getLogger(__name__)


class Networks(Mapping[str, Network]):
    """Networks by VPC id."""

    def __init__(self, *, host_app: "WSGIApplication", certificate: ServerCertificate, resolve: Resolve) -> None:
        self._networks: dict[str, Network] = {}
        self._host_app, self._certificate, self._resolve = host_app, certificate, resolve

    def __getitem__(self, vpc: str) -> Network:
        return self._networks[vpc]

    def __iter__(self) -> Iterator[str]:
        return iter(self._networks)

    def __len__(self) -> int:
        return len(self._networks)

    def raise_for(self, view: View, vpcs: Iterable[str]) -> None:
        """Make the networks of these VPCs that are not there yet. Raises `NamespaceError`."""
        for vpc in vpcs:
            if vpc in self._networks or vpc not in view.vpcs:
                continue
            network = Network(
                vpc_id=vpc,
                cidr=view.vpcs[vpc],
                host_app=self._host_app,
                certificate=self._certificate,
                resolve=self._resolve,
            )
            network.up()
            self._networks[vpc] = network
            _log.info("network of %s is up: %s", vpc, network.cidr)

    def enforce(self, policies: Mapping[str, list[InterfacePolicy]]) -> None:
        """Let every network enforce these policies (by VPC) and no others. Raises `NamespaceError`, `PolicyError`."""
        for vpc, network in self._networks.items():
            network.apply(policies.get(vpc, []))

    def keep_only(self, vpcs: Iterable[str]) -> None:
        """Remove the networks of all other VPCs."""
        for vpc in set(self._networks) - set(vpcs):
            self._networks.pop(vpc).close()
            _log.info("network of %s is gone", vpc)


def groups(view: View, ids: Iterable[str]) -> tuple[SecurityGroup, ...]:
    """Return these security groups; one that was deleted meanwhile allows nothing. Raises `PolicyError`."""
    return tuple(security_group(view.groups[group]) for group in ids if group in view.groups)

"""The VPC endpoints of the account, as places on the networks of their VPCs."""

import logging
from collections.abc import Mapping

from rehearsal.hosts.endpoint import Endpoint, Interface
from rehearsal.hosts.networks import groups
from rehearsal.hosts.view import View
from rehearsal.network import InterfacePolicy, Network
from rehearsal.network.names import GATEWAYS
from rehearsal.places import NAMESPACE_PREFIX

_log = logging.getLogger(__name__)


class Endpoints:
    """Interfaces of endpoints by their ids, each with its VPC."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._served: dict[str, str] = {}

    def follow(self, view: View, networks: Mapping[str, Network]) -> None:
        """Remove the interfaces that are gone, and serve on new ones. Raises `NamespaceError`."""
        wanted = {
            interface.id: (endpoint, interface)
            for endpoint in view.endpoints
            if endpoint.vpc in networks
            for interface in endpoint.interfaces
        }
        for gone in set(self._served) - set(wanted):
            if (network := networks.get(self._served.pop(gone))) is not None:
                network.withdraw(_namespace(gone))
        for endpoint, interface in wanted.values():
            if interface.id not in self._served:
                self._serve(networks[endpoint.vpc], view, endpoint, interface)

    def _serve(self, network: Network, view: View, endpoint: Endpoint, interface: Interface) -> None:
        network.serve(_namespace(interface.id), interface.address, view.subnets[interface.subnet], endpoint.id)
        self._served[interface.id] = endpoint.vpc
        _log.info("endpoint %s of %s is at %s", endpoint.service, endpoint.vpc, interface.address)

    def names(self, view: View, vpc: str) -> dict[str, list[str]]:
        """Return the private names in a VPC, and where they lead."""
        return {
            endpoint.name(self._region): [interface.address for interface in endpoint.interfaces]
            for endpoint in view.endpoints
            if endpoint.vpc == vpc and endpoint.private
        }

    def policies(self, view: View) -> list[tuple[str, InterfacePolicy]]:
        """Return the policies of the interfaces that are served, each with its VPC."""
        return [
            (
                endpoint.vpc,
                InterfacePolicy(
                    _namespace(interface.id),
                    interface.address,
                    groups(view, endpoint.groups),
                    way_out=False,
                    subnet=view.border(interface.subnet),
                ),
            )
            for endpoint in view.endpoints
            for interface in endpoint.interfaces
            if interface.id in self._served
        ]


def gateways(view: View, subnet: str) -> dict[str, str]:
    """Return the gateway endpoints that a subnet's route table leads to: their ids by the service's address."""
    return {
        GATEWAYS[endpoint.service]: endpoint.id
        for endpoint in view.endpoints
        if view.tables.get(subnet) in endpoint.tables
    }


def _namespace(interface: str) -> str:
    return f"{NAMESPACE_PREFIX}e-{interface[-8:]}"

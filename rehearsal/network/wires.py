"""The router of a VPC and the links on it.

No bridge: each guest has a veth pair to the router, which answers ARP for everybody (proxy ARP) and holds one /32 route
per guest. So guests of one subnet, too, talk through the router, where the rules are. What has no route goes to the
endpoints' link, where the rules drop it: an address that nobody has is silent, not unreachable.
"""

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from rehearsal import netns
from rehearsal.netns import NamespaceError
from rehearsal.places import NAMESPACE_PREFIX

_LONGEST_LINK = 15  # IFNAMSIZ - 1, linux/if.h


@dataclass(frozen=True)
class Wire:
    """One guest's link: its name in the router, the guest's address and the MAC address of its eth0.

    `more` are further addresses of the guest.
    """

    link: str
    address: str
    mac: str
    more: tuple[str, ...] = ()


def link_of(namespace: str) -> str:
    """Return the name of the router's end of the link to `namespace`; raises `NamespaceError` if it has no place."""
    link = namespace.removeprefix(NAMESPACE_PREFIX)
    if not link or len(link) > _LONGEST_LINK or link == namespace:
        raise NamespaceError(f"namespace {namespace!r}: must be {NAMESPACE_PREFIX} and at most {_LONGEST_LINK} more")
    return link


class Router:
    """The router namespace of one VPC. Not safe for several threads at once."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self._wires: dict[str, Wire] = {}

    def up(self, resolver: str) -> None:
        """Make the namespace; `resolver` becomes an address of it. On failure nothing of it stays."""
        netns.add(self.namespace)
        try:
            # Routes are per guest and the same both ways: a reverse path check would be a second, looser judge.
            settings = {"ip_forward": 1, "conf/all/rp_filter": 0, "conf/default/rp_filter": 0}
            netns.sysctl(self.namespace, {f"net/ipv4/{name}": value for name, value in settings.items()})
            self._own(resolver)
        except BaseException:
            netns.remove(self.namespace)
            raise

    def attach(self, namespace: str, address: str, subnet_cidr: str, more: tuple[str, ...] = ()) -> str:
        """Make `namespace` on a link of its own and return the MAC address; on failure nothing of it stays."""
        link = link_of(namespace)
        if taken := [name for name, wire in self._wires.items() if wire.address == address]:
            raise NamespaceError(f"{namespace}: address {address} belongs to {taken[0]} already")
        netns.add(namespace)
        try:
            return self._wire(namespace, link, address, IPv4Network(subnet_cidr), more)
        except BaseException:
            self._wires.pop(namespace, None)
            netns.remove(namespace)
            raise

    def _wire(self, namespace: str, link: str, address: str, subnet: IPv4Network, more: tuple[str, ...]) -> str:
        mac, gateway = mac_of(address), str(subnet[1])
        peer = ("peer", "name", "eth0", "address", mac, "netns", namespace)
        netns.ip("link", "add", link, "netns", self.namespace, "type", "veth", *peer)
        for each in (address, *more):
            netns.ip("-n", namespace, "addr", "add", f"{each}/{subnet.prefixlen}", "dev", "eth0")
        netns.ip("-n", namespace, "link", "set", "eth0", "up")
        netns.ip("-n", namespace, "route", "add", "default", "via", gateway)
        self._wires[namespace] = Wire(link, address, mac, more)
        self._own(gateway)
        # The kernel lets proxied ARP answers wait up to 0.8 s (arp(7) proxy_delay) unless told otherwise.
        settings = {f"net/ipv4/conf/{link}/proxy_arp": 1, f"net/ipv4/neigh/{link}/proxy_delay": 0}
        netns.sysctl(self.namespace, settings)
        self.plug(namespace)
        return mac

    def _own(self, address: str) -> None:
        netns.ip("-n", self.namespace, "addr", "replace", f"{address}/32", "dev", "lo")

    def default_to(self, namespace: str) -> None:
        """Send what has no route of its own to the link of `namespace`."""
        netns.ip("-n", self.namespace, "route", "replace", "default", "dev", self._wires[namespace].link)

    def plug(self, namespace: str) -> None:
        """Set the router's end up, with the guest's route and its MAC address (an absent guest is never asked for)."""
        wire = self._wire_of(namespace)
        netns.ip("-n", self.namespace, "link", "set", wire.link, "up")
        for address in (wire.address, *wire.more):
            netns.ip("-n", self.namespace, "route", "replace", f"{address}/32", "dev", wire.link)
            neighbour = ("neigh", "replace", address, "lladdr", wire.mac, "dev", wire.link, "nud", "permanent")
            netns.ip("-n", self.namespace, *neighbour)

    def unplug(self, namespace: str) -> None:
        """Set the router's end down: the kernel drops the guest's route with it."""
        netns.ip("-n", self.namespace, "link", "set", self._wire_of(namespace).link, "down")

    def _wire_of(self, namespace: str) -> Wire:
        if namespace not in self._wires:
            raise NamespaceError(f"{namespace} is not attached to {self.namespace}")
        return self._wires[namespace]

    def detach(self, namespace: str) -> None:
        """Remove the link and the guest's namespace; unknown ones are no fault."""
        wire = self._wires.pop(namespace, None)
        if wire is None:
            return
        # Taken away by name: a namespace that processes still hold would keep its link, and with it the name.
        if wire.link in self._links():
            netns.ip("-n", self.namespace, "link", "del", wire.link)
        netns.remove(namespace)

    def _links(self) -> list[str]:
        if not netns.names(self.namespace):
            return []
        return netns.call_in(self.namespace, lambda: [name for _, name in socket.if_nameindex()])

    def close(self) -> None:
        """Remove all guests and the router. Only for a router that came up."""
        for namespace in list(self._wires):
            self.detach(namespace)
        netns.remove(self.namespace)


def mac_of(address: str) -> str:
    """Return the MAC address of the guest at `address`: the same at each start, locally administered as on EC2."""
    return f"0a:ff:{IPv4Address(address).packed.hex(':')}"

"""What runs, for other processes to read."""

from collections.abc import Iterable, Mapping

from rehearsal.balancer import Balancer
from rehearsal.hosts.host import Host
from rehearsal.inventory import BalancerEntry, HostEntry, Inventory, VisitorEntry
from rehearsal.network import Network


def inventory(hosts: Iterable[Host], balancers: Iterable[Balancer], networks: Mapping[str, Network]) -> Inventory:
    """Return the inventory of these; a host's node is its instance's tag `muster:node`."""
    return Inventory(
        hosts=tuple(_host(host) for host in sorted(hosts, key=lambda host: host.instance.id)),
        balancers=tuple(BalancerEntry(entry.dns, entry.address, entry.namespace) for entry in balancers),
        visitors=tuple(
            VisitorEntry(vpc, network.visitor.namespace, network.visitor.address, network.visitor.dns)
            for vpc, network in networks.items()
        ),
    )


def _host(host: Host) -> HostEntry:
    entry = host.instance
    return HostEntry(
        instance=entry.id,
        node=entry.tag("muster:node"),
        name=entry.tag("Name"),
        address=entry.address,
        namespace=host.namespace,
        leader_pid=host.leader,
        state=host.phase.value,
    )

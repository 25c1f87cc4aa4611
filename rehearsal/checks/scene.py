"""Where the checks stand: the running cluster, found once, and the places from which it can be spoken to."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from muster.names import stack_name
from muster.products import Reach
from muster.products.users_ports import plainly
from muster.spec import cluster_lock, plan
from rehearsal.hosts.enter import run_in
from rehearsal.inventory import BalancerEntry, Inventory, VisitorEntry
from rehearsal.netns import connect_in
from rehearsal.visitor import Client, CookieJar, encrypted
from rehearsal.websocket import WebSocket

if TYPE_CHECKING:
    from muster.spec import Cluster
    from rehearsal.drive import Rehearsal

HTTP, HTTPS = 80, 443
STACK_TAG = "aws:cloudformation:stack-name"
PATIENCE = 10.0
"""Seconds for one answer."""


@dataclass(frozen=True)
class Member:
    """A node that runs: its name and address as planned, its instance and network namespace as found."""

    name: str
    address: str
    instance: str
    namespace: str


class Scene:
    """A formed cluster in a running rehearsal. What is missing is a `LookupError` that names it."""

    def __init__(self, rehearsal: "Rehearsal", cluster: "Cluster") -> None:
        self.rehearsal, self.cluster = rehearsal, cluster

    @cached_property
    def _inventory(self) -> Inventory:
        return self.rehearsal.inventory()

    @cached_property
    def members(self) -> Sequence[Member]:
        """Every node that the cluster file has present, by ordinal."""
        present = plan(self.cluster, cluster_lock(self.cluster)).present
        hosts = [(planned, self._inventory.host(planned.name)) for planned in present]
        return [Member(planned.name, planned.address, host.instance, host.namespace) for planned, host in hosts]

    @cached_property
    def balancer(self) -> BalancerEntry:
        """The cluster's load balancer."""
        entry: BalancerEntry = _only(
            [each for each in self._inventory.balancers if each.dns == self._described["DNSName"]], "load balancer"
        )
        return entry

    @cached_property
    def _described(self) -> Mapping[str, Any]:
        """The load balancer as the account describes it: the only one there is, or that of the cluster's stack."""
        balancing = self.client("elbv2")
        found = balancing.describe_load_balancers()["LoadBalancers"]
        if len(found) > 1:
            tags = balancing.describe_tags(ResourceArns=[each["LoadBalancerArn"] for each in found])["TagDescriptions"]
            ours = {"Key": STACK_TAG, "Value": stack_name(self.cluster.name)}
            arns = {each["ResourceArn"] for each in tags if ours in each["Tags"]}
            found = [each for each in found if each["LoadBalancerArn"] in arns]
        described: Mapping[str, Any] = _only(found, "load balancer")
        return described

    @property
    def visitor_namespace(self) -> str:
        """The namespace of the machine that is no member of anything."""
        return self._visitor.namespace

    @property
    def visitor_address(self) -> str:
        """The address of that machine."""
        return self._visitor.address

    @property
    def _visitor(self) -> VisitorEntry:
        entry: VisitorEntry = _only(self._inventory.visitors, "visitor")
        return entry

    @cached_property
    def _listener(self) -> Mapping[str, Any]:
        """Where users go: the balancer's HTTPS listener if it has one (HTTP only redirects then), else its HTTP one."""
        by_port = {listener["Port"]: listener for listener in self._listeners}
        return by_port.get(HTTPS) or by_port[HTTP]

    @property
    def _listeners(self) -> Sequence[Mapping[str, Any]]:
        arn = self._described["LoadBalancerArn"]
        found: Sequence[Mapping[str, Any]] = self.client("elbv2").describe_listeners(LoadBalancerArn=arn)["Listeners"]
        return found

    @property
    def listening(self) -> list[int]:
        """The ports of all listeners of the balancer, those too that only redirect."""
        return sorted(int(listener["Port"]) for listener in self._listeners)

    @property
    def listener_port(self) -> int:
        """The port on which users reach the balancer, as the account has it."""
        return int(self._listener["Port"])

    def port(self, name: str) -> int:
        """Return the number of a port of the product."""
        return self.cluster.about.port(self.cluster, name)

    def balancer_ports(self) -> list[int]:
        """Return the ports of a node that the balancer must reach: those on which any takes users, and all others.

        What would take them by plain HTTP is one of them: a change between both needs it until it is through.
        """
        about = self.cluster.about
        served = about.served(self.cluster)
        others = {each.number for each in about.ports_for(self.cluster, Reach.BALANCER) if each.name != served}
        both = about.targets(self.cluster), about.targets(plainly(self.cluster))
        return sorted(others.union(*(targets[member.name] for member in self.members for targets in both)))

    def unused_ports(self) -> list[int]:
        """Return the ports that nodes lead to their servers though none of them takes users there."""
        told = self.cluster.about.settings(self.cluster)
        led = {port for own in told.get("nodes", {}).values() for port in own["connectors"]}
        return sorted({*led, *told.get("fronts", ())} - {*self.balancer_ports()})

    def member_ports(self) -> list[int]:
        """Return the ports of a node that the other members must reach."""
        return [port.number for port in self.cluster.about.ports_for(self.cluster, Reach.MEMBERS)]

    def client(self, service: str) -> Any:
        """Return a boto3 client of the emulated account, as its administrator."""
        return self.rehearsal.client(service)

    @cached_property
    def settings_document(self) -> Mapping[str, Any]:
        """The settings document of the cluster, as the account holds it."""
        name = f"/muster/{self.cluster.name}/settings"
        document: Mapping[str, Any] = json.loads(self.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])
        return document

    def run_in(self, member: Member, command: Sequence[str], *, text: str = "", within: float) -> str:
        """Return what a command prints inside a member's host. Raises `EnterError`, `TimeoutError`."""
        return run_in(member.name, command, text=text, within=within)

    def direct(self, member: Member, jar: CookieJar | None = None, *, port: str = "http") -> Client:
        """Return a client that speaks to one node, from the balancer's place (nobody else may), and as it does."""
        address, tls = self.door(member, port)
        return Client(self.balancer.namespace, address, jar=jar, tls=tls, timeout=PATIENCE)

    def door(self, member: Member, port: str = "http") -> tuple[tuple[str, int], bool]:
        """Return where the balancer reaches that port of a node, and whether by TLS: the users' port may be another."""
        about = self.cluster.about
        name = about.served(self.cluster) if port == about.serving else port
        return (member.address, self.port(name)), name == about.secured

    def peer(self, member: Member) -> Client:
        """Return a client that speaks to the peer port of one node, from another member's place (nobody else may)."""
        other = next((each for each in self.members if each.name != member.name), None)
        if other is None:
            raise LookupError(f"nobody may ask {member.name}: it has no other member")
        return Client(other.namespace, (member.address, self.port("peer")), timeout=PATIENCE)

    @property
    def host(self) -> str:
        """The name by which users come: the product's public one, if it answers to that alone, else the balancer's."""
        return str(self.cluster.about.settings(self.cluster).get("host", self.balancer.dns))

    def visitor(self, jar: CookieJar | None = None) -> Client:
        """Return a client that speaks to the balancer as users do; with a jar it keeps and sends cookies."""
        return Client(*self._way_in, host=self.host, jar=jar, tls=self._tls, timeout=PATIENCE)

    def websocket(self, path: str) -> WebSocket:
        """Return a WebSocket to the balancer as users have it. Raises as `WebSocket` does."""
        made = connect_in(*self._way_in, PATIENCE)
        return WebSocket(encrypted(made, self.host) if self._tls else made, path, host=self.host)

    @property
    def _way_in(self) -> tuple[str, tuple[str, int]]:
        return self.visitor_namespace, (self.balancer.address, self.listener_port)

    @property
    def _tls(self) -> bool:
        return str(self._listener["Protocol"]) == "HTTPS"


def _only(found: Sequence[Any], what: str) -> Any:
    if len(found) != 1:
        raise LookupError(f"one {what} is expected in the rehearsal, there are {len(found)}")
    return found[0]

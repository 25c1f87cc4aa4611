"""Where the checks stand in a cluster whose balancer tells groups of nodes apart by host names.

Its nodes answer the balancer by HTTPS, with whatever certificate, and its listeners are at ports of the file's choice.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from ipaddress import ip_address, ip_network
from typing import Any, TypeVar

from muster.products.hosts import HostRoute, Hosts
from rehearsal.checks.scene import PATIENCE, Member, Scene
from rehearsal.visitor import Client, CookieJar

T = TypeVar("T")

NODE = "x-muster-node"
"""The header in which a double says on which host it runs; what the balancer answers by itself has none."""


class NamedScene(Scene):
    """A formed cluster with host names. What is missing is a `LookupError` that names it."""

    @cached_property
    def hosts(self) -> Hosts:
        """Both host names and the balancer's ports."""
        found = self.cluster.about.hosts(self.cluster)
        if found is None:
            raise LookupError(f"{self.cluster.product} is not reached by host names")
        return found

    @cached_property
    def _listener(self) -> Mapping[str, Any]:
        """The HTTPS listener, at whatever port; the other one only redirects."""
        secure = next((each for each in self._listeners if each["Protocol"] == "HTTPS"), None)
        if secure is None:
            raise LookupError("the balancer has no HTTPS listener")
        return secure

    def rules(self) -> Sequence[Mapping[str, Any]]:
        """Return the rules of the HTTPS listener as the account has them."""
        rules: Sequence[Mapping[str, Any]] = self.client("elbv2").describe_rules(
            ListenerArn=self._listener["ListenerArn"]
        )["Rules"]
        return rules

    def of(self, route: HostRoute) -> list[Member]:
        """Return the nodes that are there, and to which requests for that host name are led."""
        return [member for member in self.members if member.name in route.nodes]

    def direct(self, member: Member, jar: CookieJar | None = None, *, port: str = "https") -> Client:
        """Return a client that speaks to one node by HTTPS, from the balancer's place (nobody else may)."""
        address = member.address, self.port(port)
        return Client(self.balancer.namespace, address, jar=jar, tls=True, timeout=PATIENCE)

    def by(self, host: str, jar: CookieJar | None = None, *, patience: float = PATIENCE) -> Client:
        """Return a client that asks the balancer for that host name by HTTPS, as users do, `patience` in seconds."""
        return Client(*self._way_in, host=host, jar=jar, tls=True, timeout=patience)

    @property
    def let_in(self) -> bool:
        """Whether the machine that is no member may come to management: its place cannot be that of every client."""
        clients = self.hosts.management.clients
        return not clients or any(ip_address(self.visitor_address) in ip_network(each) for each in clients)

    def to_management(self, jar: CookieJar | None = None) -> Client:
        """Return a client that asks for management by its host name: the balancer, or the node if not let in there."""
        host = self.hosts.management.host
        if self.let_in:
            return self.by(host, jar)
        committer = self.cluster.about.settings(self.cluster)["committer"]
        node = next(member for member in self.members if member.name == committer)
        address = node.address, self.port("https")
        return Client(self.balancer.namespace, address, host=host, jar=jar, tls=True, timeout=PATIENCE)

    def plain(self, host: str) -> Client:
        """Return a client that asks the balancer for that host name by plain HTTP."""
        address = self.balancer.address, self.hosts.plain
        return Client(self.visitor_namespace, address, host=host, timeout=PATIENCE)


def named(record: Callable[[NamedScene], Iterable[T]]) -> Callable[[Scene], Iterable[T]]:
    """Return `record` for the scene that every check is given."""
    return lambda scene: record(NamedScene(scene.rehearsal, scene.cluster))

"""WSO2 Application Server: management and workers behind one balancer that tells them apart by host name.

After WSO2's "Clustering Application Server", whose load balancer, ports and repository are the stack's. How members
find each other is WSO2 Carbon's, of which it has the kernel.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal

from muster.addresses import ClientCidr
from muster.checking import list_of, one_of
from muster.fields import Block, Group, HostName, NodeName
from muster.fields import Port as PortNumber
from muster.jdbc import ports_of
from muster.products import wso2_members as members
from muster.products.hosts import HostRoute, Hosts
from muster.products.made_database import ENGINES, MadeDatabase
from muster.products.product import Port, Product, Reach, Secret
from muster.products.wso2_as_fields import Artifacts, ProxyPorts, SocketTimeout, TenantRange, Wso2Database, port_of
from muster.products.wso2_kernels import VERSIONS
from muster.products.wso2_members import Wso2Members

if TYPE_CHECKING:
    from muster.spec.model import Cluster

KERNELS: Final[Mapping[str, str]] = {
    "5.2.0": VERSIONS["as"]["5.2.0"],
    "5.2.1": "4.2.0",
    "5.3.0": VERSIONS["as"]["5.3.0"],
}
"""The kernel of each version whose files Muster knows."""

CONSOLE: Final = "/carbon/"
"""The path of the management console."""

MOST_CLIENTS: Final = 20
_CLIENTS: Final = f"a list of 1 to {MOST_CLIENTS} IPv4 networks such as [10.0.0.0/8]"

_OFFSET: Final = "it follows from wso2as.http_port"
_SVN: Final = "a repository of your own stands in wso2as.artifacts"


class Wso2AsVersion(Block):
    """Which WSO2 AS this is; a block of its own, so that this field comes first."""

    version: Annotated[str, one_of(*KERNELS)] | None = None
    """The server's version, in quotes. It decides kernel and Java. Needed."""


class Wso2As(Wso2Members, Wso2AsVersion):
    """Which WSO2 AS this is, by which names it is reached, and where its artifacts are."""

    no_fields: ClassVar[Mapping[str, str]] = {
        "kernel": "it follows from wso2as.version",
        "name": "the product is WSO2 AS",
        "sub_domain": "a node has its group (nodes.NODE.group)",
        "offset": _OFFSET,
        "port_offset": _OFFSET,
        "local_member_port": "it stands in wso2as.member_port",
        "local_member_host": "a member has its node's address",
        "mgt_host_name": "it stands in wso2as.management",
        "host_name": "it stands in balancer.domain.name, or in wso2as.host",
        "auto_commit": "one management node commits (wso2as.committer), and all check out",
        "auto_checkout": "one management node commits (wso2as.committer), and all check out",
        "svn_url": _SVN,
        "svn_user": _SVN,
        "svn_password": _SVN,
        "svn_url_append_tenant_id": "it stands in wso2as.tenants",
        "worker_node": "a node has its group (nodes.NODE.group)",
    }

    http_port: Annotated[int, members.HTTP_PORT] = members.HTTP
    """The product's port for HTTP; its others move with it by the same offset, also 9443, by which users come."""
    management: HostName | None = None
    """The host name of the management console. Needed."""
    host: HostName | None = None
    """The host name by which users come. The default is balancer.domain.name."""
    management_clients: Annotated[tuple[ClientCidr, ...], list_of(_CLIENTS, MOST_CLIENTS)] = ()
    """Networks from which the management console is reached. None given: all from which users come."""
    proxy_ports: ProxyPorts = ProxyPorts()
    """The balancer's ports, which the servers write into their links and redirects."""
    socket_timeout: SocketTimeout = 60
    """Seconds after which the balancer ends a connection on which nothing comes (http.socket.timeout, in ms)."""
    tenant_range: TenantRange = "*"
    """The tenants that a group serves: all."""
    committer: NodeName | None = None
    """The management node that commits artifacts. The default is the only one; of two it must be said."""
    tenants: Annotated[Literal["append", "single"], one_of("append", "single")] = "append"
    """Whether each tenant has a folder of its own in the repository, by its number, or there is one tenant."""
    artifacts: Artifacts | None = None
    """A Subversion repository of your own. Without it one is made on the committing node's data volume."""
    svn_port: PortNumber = 3690
    """The port of the repository that is made, which members alone reach."""
    database: Wso2Database | None = None
    """The database of registry and users. Without it each server has its own, and knows users of its own."""

    @property
    def kernel_number(self) -> str | None:
        """The number of the product's Carbon kernel, None where the block does not tell it."""
        return KERNELS.get(self.version or "")


def group(cluster: "Cluster", name: Group) -> tuple[str, ...]:
    """Return the nodes of the group called `name`, absent ones too, sorted."""
    return tuple(sorted(node for node, own in cluster.groups.items() if own == name))


def host(cluster: "Cluster") -> str | None:
    """Return the host name by which users come, or None where the file tells none."""
    domain = cluster.balancer.domain
    return cluster.block(Wso2As).host or (domain.name if domain else None)


def committer(cluster: "Cluster") -> str | None:
    """Return the node that commits artifacts, or None where there is no management node.

    Of several the file says it. The names do not decide it: a new one whose name comes first would be the committer
    with an empty repository.
    """
    return cluster.block(Wso2As).committer or next(iter(group(cluster, "mgt")), None)


def keepers(cluster: "Cluster") -> tuple[str, ...]:
    """Return the nodes that have the repository which is made: the one that commits, and one with a copy of it."""
    first = committer(cluster)
    if cluster.block(Wso2As).artifacts or first is None:
        return ()
    return (first, *(name for name in group(cluster, "mgt") if name != first and name in cluster.present_nodes))


def hosts(cluster: "Cluster") -> Hosts:
    """Return both host names with their nodes; raises `ValueError` for a cluster that the rules have not passed."""
    own, users = cluster.block(Wso2As), host(cluster)
    if users is None or own.management is None:
        raise ValueError(f"the host names of {cluster.name} are not known")
    return Hosts(
        users=HostRoute(users, group(cluster, "worker")),
        management=HostRoute(own.management, group(cluster, "mgt"), own.management_clients, CONSOLE),
        plain=own.proxy_ports.http,
        secure=own.proxy_ports.https,
    )


def made_database(cluster: "Cluster") -> MadeDatabase | None:
    """Return the database that is made with the cluster, if one is wanted."""
    own = cluster.block(Wso2As).database
    if own is None or own.engine is None:
        return None
    driver = own.driver or ENGINES[own.engine].driver
    return MadeDatabase(own.engine, own.instance_class, own.storage, own.multi_az, driver)


def _ports(cluster: "Cluster") -> tuple[Port, ...]:
    own = cluster.block(Wso2As)
    reach = Reach.NOBODY if own.artifacts else Reach.MEMBERS
    # to a console by plain HTTP the kernel answers with a redirect to HTTPS (CarbonSecuredHttpContext), whatever the
    # balancer says: so users' and administrators' requests reach nodes by HTTPS
    return (*members.ports(cluster, users="https"), Port("svn", own.svn_port, "wso2as.svn_port", reach))


def _settings(cluster: "Cluster") -> Mapping[str, Any]:
    own, found = cluster.block(Wso2As), hosts(cluster)
    return {
        **members.settings(cluster),
        "groups": dict(sorted(cluster.groups.items())),
        "host": found.users.host,
        "management": found.management.host,
        "proxy_ports": {"http": found.plain, "https": found.secure},
        "committer": committer(cluster),
        "artifacts": {"url": own.artifacts.url if own.artifacts else "", "append": own.tenants == "append"},
        **_given_database(own.database),
    }


def _given_database(own: Wso2Database | None) -> Mapping[str, Any]:
    if own is None or own.url is None:
        return {}
    return {"database": {"url": own.url, **({"driver": own.driver} if own.driver else {})}}


def _given_secrets(cluster: "Cluster") -> Mapping[str, str]:
    own = cluster.block(Wso2As)
    artifacts, database = own.artifacts, own.database
    given = {"commit": artifacts.commit_secret, "checkout": artifacts.checkout_secret} if artifacts else {}
    return {**given, **({"database": database.secret} if database and database.secret else {})}


def _ways_out(cluster: "Cluster") -> tuple[int, ...]:
    own = cluster.block(Wso2As)
    database = ports_of(own.database.url) if own.database and own.database.url else ()
    artifacts = (port_of(own.artifacts.url),) if own.artifacts else ()
    return tuple(sorted({*members.ways_out(cluster), *database, *artifacts}))


def _start(region: str) -> Mapping[str, Any]:
    names = {"version": "5.3.0", "management": "mgt.as.example.org", "host": "as.example.org"}
    return {**names, **({} if members.asks_by_name(region) else {"membership": "wka"})}


PRODUCT: Final = Product(
    name="wso2-as",
    title="WSO2 Application Server",
    field="wso2as",
    block=Wso2As,
    nodes=range(2, 17),
    grouped=True,
    java=lambda _: (8,),
    # each web application has a session cookie of its own name or path: only the balancer's keeps a user on one node
    defaults=lambda _: {
        "instance": {"java": 8},
        "balancer": {"stickiness": {"cookie": "balancer"}, "to_nodes": "https"},
    },
    discovery=members.discovery,
    serving="https",
    secured="https",
    readiness="readiness",
    secrets=(
        Secret("commit", "ArtifactsCommit", "commit", "the account that writes artifacts", plain=True),
        Secret("checkout", "ArtifactsCheckout", "checkout", "the account that reads artifacts", plain=True),
    ),
    ports=_ports,
    settings=_settings,
    ways_out=_ways_out,
    trust=lambda cluster: cluster.block(Wso2As).trust,
    given_secrets=_given_secrets,
    hosts=hosts,
    made_database=made_database,
    keepers=keepers,
    reserved=lambda cluster: {"commit": tuple(group(cluster, "mgt"))},
    idle=lambda cluster: cluster.block(Wso2As).socket_timeout,
    memory=2,  # the product's own start script asks for a heap of 256 MiB to 1 GiB, and Java needs as much beside it
    example="artifacts/wso2as-5.3.0.zip",
    archive=".zip",
    start=_start,
    examples={
        "domain": "wso2.as.domain",
        "member_port": 4000,
        "outside": [389],
        "proxy": {"host": "proxy.example.org", "port": 3128},
        "trust": "artifacts/ca.pem",
        "management_clients": ["10.0.0.0/8"],
        "committer": "a",
        "database": {"engine": "mysql", "class": "db.t4g.medium", "storage": 20, "multi_az": True},
    },
)

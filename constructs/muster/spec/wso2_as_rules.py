"""What must hold between the fields about WSO2 Application Server: one pure function a rule."""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from typing import Final

from muster.aws_ids import CERTIFICATE
from muster.fields import HOST, Group
from muster.products.wso2_as import KERNELS, Wso2As, committer, group, host
from muster.spec.account_rules import elsewhere
from muster.spec.balancer_rules import wide
from muster.spec.finding import Finding
from muster.spec.model import Cluster
from muster.spec.node_rules import PACKAGED

_FIELD: Final = "wso2as"
_MANAGEMENT: Final = (_FIELD, "management")
_HOST: Final = (_FIELD, "host")
_DOMAIN: Final = ("balancer", "domain")
_NAME: Final = (*_DOMAIN, "name")
_CLIENTS: Final = (_FIELD, "management_clients")
_ARTIFACTS: Final = (_FIELD, "artifacts")

_PURPOSE: Final[Mapping[Group, str]] = {"mgt": "1 or 2 of management", "worker": "1 or more for users"}
_MOST: Final[Mapping[Group, int]] = {"mgt": 2, "worker": 15}


def _of(cluster: Cluster) -> Wso2As | None:
    own = getattr(cluster, cluster.about.field)
    return own if isinstance(own, Wso2As) else None


def what_no_application_server_is_without(cluster: Cluster) -> Iterator[Finding]:
    """Demand the version, the host name of management, and a certificate: the console answers HTTPS alone."""
    own = _of(cluster)
    if own is None:
        return
    if own.version is None:
        yield Finding((_FIELD, "version"), f"is missing, want {' or '.join(KERNELS)}")
    if own.management is None:
        yield Finding(_MANAGEMENT, f"is missing, want {HOST.replace('gateway', 'mgt.as')}")
    if cluster.balancer.certificate is None:
        what = "is missing, and the management console answers nobody but by HTTPS"
        yield Finding(("balancer", "certificate"), f"{what}, want {CERTIFICATE}, for both host names", (("product",),))


def a_group_for_each_node(cluster: Cluster) -> Iterator[Finding]:
    """Demand of each node what it is for."""
    for name in sorted(set(cluster.nodes) - set(cluster.groups)) if _of(cluster) else ():
        yield Finding(("nodes", name, "group"), "is missing, want mgt (management) or worker (users)", (("product",),))


def nodes_in_each_group(cluster: Cluster) -> Iterator[Finding]:
    """Demand one or two management nodes, of which one commits, and a worker."""
    if not _of(cluster) or set(cluster.nodes) - set(cluster.groups):
        return
    for name, purpose in _PURPOSE.items():
        count = len(group(cluster, name))
        if not 1 <= count <= _MOST[name]:
            yield Finding(("nodes",), f"got {count} with group: {name}, want {purpose}", (("product",),))


def a_name_by_which_users_come(cluster: Cluster) -> Iterator[Finding]:
    """Demand the users' host name, by the block or by the balancer's domain, and one for both."""
    own, domain = _of(cluster), cluster.balancer.domain
    if own is None:
        return
    if own.host is None and domain is None:
        what = "is missing, and the balancer tells users and administrators apart by host names alone"
        want = "want the host name by which users come such as as.example.org, or balancer.domain"
        yield Finding(_HOST, f"{what}, {want}", (_DOMAIN,))
    if own.host and domain and own.host != domain.name:
        what = f"got '{own.host}', but balancer.domain.name is '{domain.name}', which would lead nowhere"
        yield Finding(_HOST, f"{what}, want one name for both, or no wso2as.host", (_NAME,))


def a_name_for_management_alone(cluster: Cluster) -> Iterator[Finding]:
    """Demand another host name for management than the users'."""
    own = _of(cluster)
    if own and own.management and own.management == host(cluster):
        what = f"got '{own.management}', by which users come, want a host name of its own such as mgt.{own.management}"
        yield Finding(_MANAGEMENT, what, (_HOST, _DOMAIN))


def a_committing_management_node(cluster: Cluster) -> Iterator[Finding]:
    """Demand a management node as the one that commits: workers never do."""
    own = _of(cluster)
    if own is None or own.committer is None or cluster.groups.get(own.committer) == "mgt":
        return
    kind = "which is a worker" if own.committer in cluster.groups else "which is no node of a group"
    want = " or ".join(group(cluster, "mgt")) or "a node with group: mgt"
    yield Finding((_FIELD, "committer"), f"got '{own.committer}', {kind}, want {want}", (("nodes",),))


def which_management_node_commits(cluster: Cluster) -> Iterator[Finding]:
    """Demand that the file says which of several management nodes commits, as names may not decide it."""
    own, names = _of(cluster), group(cluster, "mgt")
    if own is None or own.committer is not None or len(names) < 2:
        return
    why = "a new management node whose name comes first would become the committer with an empty repository"
    yield Finding((_FIELD, "committer"), f"is missing, and {why}, want {' or '.join(names)}", (("nodes",),))


def a_committer_that_is_there(cluster: Cluster) -> Iterator[Finding]:
    """Demand that the other management node commits before the committing one is taken out.

    The only one may be absent for a while: nobody commits then, and workers go on with what they have.
    """
    own, names = _of(cluster), group(cluster, "mgt")
    chosen = committer(cluster) if own else None
    others = [name for name in names if name in cluster.present_nodes and name != chosen]
    if chosen in names and chosen not in cluster.present_nodes and others:
        what = "got false for the node that commits artifacts, which nobody else would do"
        way = f"want wso2as.committer: {others[0]} first, by a deployment of its own"
        yield Finding(("nodes", str(chosen), "present"), f"{what}, {way}", ((_FIELD, "committer"),))


def the_balancers_own_cookie(cluster: Cluster) -> Iterator[Finding]:
    """Demand the balancer's cookie: of the applications each sets its own, and would move a user for all others."""
    cookie = cluster.balancer.stickiness.cookie
    if _of(cluster) and cookie != "balancer":
        what = f"got '{cookie}', of which each web application has one of its own, so that one moves users of another"
        yield Finding(("balancer", "stickiness", "cookie"), f"{what}, want balancer", (("product",),))


def ports_of_the_balancer_that_differ(cluster: Cluster) -> Iterator[Finding]:
    """Demand two ports: the one of HTTP sends everybody to the other."""
    own = _of(cluster)
    if own and own.proxy_ports.http == own.proxy_ports.https:
        what = f"got {own.proxy_ports.https}, which is also that of HTTP, want a port of its own"
        yield Finding((_FIELD, "proxy_ports", "https"), what, ((_FIELD, "proxy_ports", "http"),))


def management_clients_that_reach_it(cluster: Cluster) -> Iterator[Finding]:
    """Demand networks that the balancer lets in, each once, and not everybody's."""
    own = _of(cluster)
    clients = own.management_clients if own else ()
    for place, network in enumerate(clients):
        field, given = (*_CLIENTS, str(place)), IPv4Network(network)
        other = next((each for each in clients[:place] if given.overlaps(IPv4Network(each))), None)
        if other:
            what = f"got '{network}', which overlaps '{other}', want networks that do not overlap"
            yield Finding(field, what, (_CLIENTS,))
        elif too_wide := wide(network):
            yield Finding(field, f"got '{network}', {too_wide}, want networks of administrators, or none")
        elif not any(given.overlaps(IPv4Network(each)) for each in _let_in(cluster)):
            what = f"got '{network}', which the balancer keeps out, want a network of {', '.join(_let_in(cluster))}"
            yield Finding(field, what, (("balancer", "clients"), ("balancer", "scheme"), ("network",)))


def _let_in(cluster: Cluster) -> tuple[str, ...]:
    """Return the networks from which the balancer is reached."""
    everyone = cluster.balancer.scheme == "internet-facing"
    return cluster.balancer.clients or (("0.0.0.0/0",) if everyone else (cluster.network.vpc_cidr,))


def a_system_with_the_servers_java(cluster: Cluster) -> Iterator[Finding]:
    """Demand an operating system that packages the Java of the server."""
    own, system, java = _of(cluster), cluster.instance.os, cluster.about.java(cluster)
    if own and not set(java) & set(PACKAGED[system]):
        runs, packaged = " or ".join(map(str, java)), PACKAGED[system][0]
        what = f"got '{system}', whose only Java is {packaged}, but WSO2 AS runs with {runs}, want amazon-linux-2023"
        yield Finding(("instance", "os"), what, (("product",),))


def accounts_of_the_repository(cluster: Cluster) -> Iterator[Finding]:
    """Demand secrets of the cluster's region and account, and an account for readers that is not the writer's."""
    own = _of(cluster)
    if own is None or own.artifacts is None:
        return
    accounts = {"commit_secret": own.artifacts.commit_secret, "checkout_secret": own.artifacts.checkout_secret}
    for name, secret in accounts.items():
        yield from elsewhere(cluster, (*_ARTIFACTS, name), "secret", secret)
    if len(set(accounts.values())) == 1:
        what = "is also commit_secret, by which every worker could write, want the secret of an account that reads"
        yield Finding((*_ARTIFACTS, "checkout_secret"), what, ((*_ARTIFACTS, "commit_secret"),))


def a_database_with_an_account_of_its_own(cluster: Cluster) -> Iterator[Finding]:
    """Demand another secret for the database, which every node reads, than that of who writes artifacts."""
    own = _of(cluster)
    if own and own.artifacts and own.database and own.database.secret == own.artifacts.commit_secret:
        what = "is also artifacts.commit_secret, by which every worker could write, want a secret of its own"
        yield Finding((_FIELD, "database", "secret"), what, ((*_ARTIFACTS, "commit_secret"),))


def a_way_to_the_repository(cluster: Cluster) -> Iterator[Finding]:
    """Demand a way out of a VPC of the cluster's own: no endpoint leads to a repository."""
    own = _of(cluster)
    if own and own.artifacts and cluster.network.vpc is None and cluster.network.egress == "endpoints":
        what = "got 'endpoints', by which no node of a VPC of the cluster's own reaches the repository"
        want = "want nat or nat-per-zone, network.vpc: a VPC from which it is reached, or no wso2as.artifacts"
        yield Finding(("network", "egress"), f"{what}, {want}", (_ARTIFACTS, ("network", "vpc")))


WSO2_AS_RULES: Final = (
    what_no_application_server_is_without,
    a_group_for_each_node,
    nodes_in_each_group,
    a_name_by_which_users_come,
    a_name_for_management_alone,
    a_committing_management_node,
    which_management_node_commits,
    a_committer_that_is_there,
    the_balancers_own_cookie,
    ports_of_the_balancer_that_differ,
    management_clients_that_reach_it,
    a_system_with_the_servers_java,
    accounts_of_the_repository,
    a_database_with_an_account_of_its_own,
    a_way_to_the_repository,
)

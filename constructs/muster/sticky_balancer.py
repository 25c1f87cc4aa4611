"""The load balancer, which keeps a user on one node."""

from collections.abc import Mapping, Sequence
from typing import Final

from aws_cdk import Annotations, Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct, IDependable

from muster.access_logs import AccessLogs
from muster.acknowledgements import HIPAA, LIFTED, NIST, PCI, acknowledge, acknowledge_in
from muster.admin_route import AdminRoute
from muster.alias_records import AliasRecords
from muster.balancer_group import ANYWHERE, balancer_group
from muster.host_routes import HostRoutes, url
from muster.listeners import listen, listening, not_found, redirect, scheme, users_port
from muster.products.hosts import Hosts
from muster.spec import Cluster
from muster.target_group import Targets, targets
from muster.web_firewall import WebFirewall

UNLED: Final = (
    "changes by administrators reach any node, and two nodes that write at once give one id to different rows: "
    "set balancer.admin, which leads them to one node, or say as400gateway.admin_writes: any"
)


class StickyBalancer(Construct):
    """Application Load Balancer over `nodes`, healthy while GET /ready on `readiness_port` answers 200.

    `nodes` come by name; each takes requests on the ports that the product has for it, usually `port` alone. What
    is asked may be another path of the product's, and it may let quiet connections live longer than AWS's 60 seconds.
    With a certificate it speaks HTTPS and sends plain HTTP there; without one it speaks plain HTTP. A user stays on
    one node by the application's cookie, or by the balancer's own. Users come from the file's `clients`; without
    such from `inside` (CIDR), or from anywhere if the balancer faces the internet. Where the product tells groups of
    nodes apart by host names, each name leads to its group, and whoever comes by another is answered with 404.

    Offers `balancer`, its security `group`, `listener` (users') and all `listeners`, `target_group` (users') and all
    `target_groups` in which every node should be healthy, `led_group` (None, or the one in which the pair's leader
    is), `url` and `admin_url` (None without an admin route), `log_bucket` (None without protection), and `after`: what
    must stand before nodes can be reached; `groups` and `ways`, its parts, are the target groups, and what leads to
    them.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        cluster: Cluster,
        vpc: ec2.IVpc,
        inside: str,
        subnets: Sequence[ec2.ISubnet],
        node_group: ec2.ISecurityGroup,
        nodes: Mapping[str, ec2.Instance],
        port: int,
        readiness_port: int,
        kms_key: kms.IKey | None = None,
    ) -> None:
        super().__init__(scope, id_)
        self._cluster, self._settings, self._hosts = cluster, cluster.balancer, cluster.about.hosts(cluster)
        reached = targets(cluster, vpc=vpc, nodes=nodes, port=port, readiness_port=readiness_port)
        self.group, self._let_in = balancer_group(
            self,
            vpc=vpc,
            clients=self._clients(inside),
            listening=listening(cluster),
            node_group=node_group,
            node_ports=reached.opened,
            ever=reached.ever,
        )
        self.balancer = self._load_balancer(vpc, subnets)
        self.log_bucket = self._log_bucket()
        users = reached.of(self._hosts.users.nodes) if self._hosts else reached
        self.target_group = users.group(self, "Targets", stickiness=self._settings.stickiness)
        self._listen()
        self._administrate(reached)
        if self._hosts:
            self._tell_apart(self._hosts, reached)
        for way in self.ways:
            way.node.add_dependency(*self._let_in)
        self._stand_before(kms_key)

    @property
    def after(self) -> list[IDependable]:
        """What must stand before nodes can be reached."""
        return [*self.groups, *self.ways]

    def lead_after(self, formed: IDependable) -> None:
        """Lead nobody to the target groups of this template before `formed` is there."""
        for way in self.ways:
            way.node.add_dependency(formed)

    @property
    def _internet_facing(self) -> bool:
        return self._settings.scheme == "internet-facing"

    def _clients(self, inside: str) -> Sequence[str]:
        return self._settings.clients or ((ANYWHERE,) if self._internet_facing else (inside,))

    def _load_balancer(self, vpc: ec2.IVpc, subnets: Sequence[ec2.ISubnet]) -> elb.ApplicationLoadBalancer:
        idle = self._cluster.about.idle(self._cluster)
        balancer = elb.ApplicationLoadBalancer(
            self,
            "Balancer",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnets=list(subnets)),
            internet_facing=self._internet_facing,
            security_group=self.group,
            deletion_protection=self._cluster.deletion_refused,
            drop_invalid_header_fields=True,
            desync_mitigation_mode=elb.DesyncMitigationMode.STRICTEST,
            idle_timeout=Duration.seconds(idle) if idle else None,
        )
        if not self._cluster.deletion_refused:
            acknowledge_in(balancer, (NIST, HIPAA), "ELBDeletionProtectionEnabled", LIFTED)
        return balancer

    def _log_bucket(self) -> s3.IBucket | None:
        if self._cluster.protected:
            days = self._cluster.logs.retention
            return AccessLogs(self, "AccessLogs", balancer=self.balancer, days=days).bucket
        why = "access logs need a bucket, which `cdk destroy` could not remove once it holds logs"
        for rule in ("AwsSolutions-ELB2", "CKV_AWS_91"):
            acknowledge(self.balancer, rule, why)
        acknowledge_in(self.balancer, (NIST, PCI, HIPAA), "ELBLoggingEnabled", why)
        return None

    def _listen(self) -> None:
        settings, hosts = self._settings, self._hosts
        action = not_found() if hosts else elb.ListenerAction.forward([self.target_group])
        port = hosts.secure if hosts else users_port(settings)
        self.listeners: list[elb.ApplicationListener] = []
        if hosts:
            self.listeners.append(redirect(self.balancer, "Http", port=hosts.plain, to=hosts.secure))
        elif settings.certificate:
            self.listeners.append(redirect(self.balancer, "Http"))
        else:
            text = "users' passwords and data cross the network in the clear: balancer.certificate is not set"
            Annotations.of(self).add_warning_v2("muster:plain-http", text)
        # port 80 is one listener with and without a certificate: CloudFormation makes another before it ends this one
        name = scheme(settings).capitalize()
        self.listener = listen(self.balancer, name, port=port, settings=settings, action=action)
        self.listeners.append(self.listener)
        name = settings.domain.name if settings.domain else self.balancer.load_balancer_dns_name
        self.url = f"{scheme(settings)}://{name}"

    def _administrate(self, targets: Targets) -> None:
        route, admin = self._settings.admin, self._cluster.about.admin
        self.target_groups = [self.target_group]
        self.admin_url: str | None = None
        self.led_group: elb.ApplicationTargetGroup | None = None
        self.groups: list[IDependable] = [*self.target_groups]
        self.ways: list[Construct] = [*self.listeners]
        leads = self._cluster.about.leads(self._cluster)
        if route is None or admin is None:
            if leads:
                Annotations.of(self).add_warning_v2("muster:admin-writes", UNLED)
            return
        path = admin(self._cluster)
        made = AdminRoute(
            self,
            "Admin",
            settings=self._settings,
            path=path,
            targets=targets,
            balancer=self.balancer,
            users=self.listener,
            leader=leads,
        )
        if leads:
            self.led_group = made.target_group
        else:
            self.target_groups.append(made.target_group)
        self.listeners += [made.listener] if made.listener else []
        self.groups.append(made.target_group)
        self.ways += [*made.rules, *([made.listener] if made.listener else [])]
        place = f"{scheme(self._settings)}://{route.host}" if route.host else self.url
        self.admin_url = f"{place}{f':{route.port}' if route.port else ''}{path}"

    def _tell_apart(self, hosts: Hosts, reached: Targets) -> None:
        routes = HostRoutes(
            self,
            "Hosts",
            hosts=hosts,
            listener=self.listener,
            users=self.target_group,
            management=reached.of(hosts.management.nodes),
            stickiness=self._settings.stickiness,
        )
        self.groups.append(routes.management_group)
        self.ways += routes.rules
        self.url, self.admin_url = url(hosts, hosts.users), url(hosts, hosts.management)
        if len(hosts.management.nodes) > 1:  # one of them serves, the other waits and is not ready
            self.led_group = routes.management_group
        else:
            self.target_groups.append(routes.management_group)

    def _stand_before(self, kms_key: kms.IKey | None) -> None:
        if self._settings.waf:
            WebFirewall(
                self,
                "WebFirewall",
                arn=self.balancer.load_balancer_arn,
                cluster=self._cluster.name,
                days=self._cluster.logs.retention,
                kms_key=kms_key,
            )
        else:
            why = "the cluster file asks for no web firewall (balancer.waf), which is paid for by rule and by request"
            acknowledge_in(self.balancer, (NIST, PCI), "ALBWAFEnabled", why)
        if self._settings.domain:
            management = self._hosts.management.host if self._hosts else None
            AliasRecords(self, "AliasRecords", settings=self._settings, balancer=self.balancer, management=management)

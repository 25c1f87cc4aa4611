"""Network ACLs: a second layer behind the security groups, which remembers no connection and governs whole subnets."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aws_cdk import aws_ec2 as ec2
from constructs import Construct, IDependable

from muster.acknowledgements import acknowledge
from muster.acl_rules import Acl, Rule, edge_rules, inner_rules, node_rules
from muster.spec import Cluster

TCP: Final = 6
ICMP: Final = 1

_WHY: Final = (
    "a second layer, which holds if a security group is opened by mistake; its few entries follow from the cluster file"
)


@dataclass(frozen=True)
class Guarded:
    """The subnets of a VPC of the cluster's own, by zone: nodes', the balancer's private ones, and public ones."""

    nodes: Mapping[str, ec2.ISubnet]
    inner: Mapping[str, ec2.ISubnet]
    edges: Mapping[str, ec2.ISubnet]


class NetworkAcls(Construct):
    """An ACL for each kind of subnets of the VPC, and what lets through exactly what a cluster needs.

    A subnet gets its ACL when all entries stand: until then it has the VPC's default one, which lets everything pass.
    `guard` gives the inner subnets' ACL to one more. Whoever waits for `standing` finds the entries of all others.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        cluster: Cluster,
        vpc: ec2.IVpc,
        cidr: str,
        listening: Collection[int],
        subnets: Guarded,
    ) -> None:
        super().__init__(scope, id_)
        acknowledge(self, "AwsSolutions-VPC3", _WHY)
        self._vpc = vpc
        self.standing: list[IDependable] = []
        self._made: dict[str, tuple[ec2.CfnNetworkAcl, Sequence[ec2.CfnNetworkAclEntry]]] = {}
        self._rules = {
            "Nodes": node_rules(cluster, cidr),
            "Inner": inner_rules(cluster, cidr, listening),
            "Edges": edge_rules(cluster, cidr, listening),
        }
        for kind, zones in (("Nodes", subnets.nodes), ("Inner", subnets.inner), ("Edges", subnets.edges)):
            for zone, subnet in zones.items():
                self._associate(kind, zone, subnet)

    def guard(self, name: str, subnet: ec2.ISubnet) -> None:
        """Give `subnet`, in which neither nodes nor public addresses are, the ACL of the inner ones."""
        self._associate("Inner", name, subnet)

    def _associate(self, kind: str, name: str, subnet: ec2.ISubnet) -> None:
        acl, entries = self._acl(kind)
        made = ec2.CfnSubnetNetworkAclAssociation(
            self, f"{kind}-{name}", network_acl_id=acl.attr_id, subnet_id=subnet.subnet_id
        )
        made.node.add_dependency(*entries)
        self.standing.append(made)

    def _acl(self, kind: str) -> tuple[ec2.CfnNetworkAcl, Sequence[ec2.CfnNetworkAclEntry]]:
        if kind not in self._made:
            acl = ec2.CfnNetworkAcl(self, kind, vpc_id=self._vpc.vpc_id)
            self._made[kind] = acl, self._entries(kind, acl, self._rules[kind])
        return self._made[kind]

    def _entries(self, kind: str, acl: ec2.CfnNetworkAcl, rules: Acl) -> Sequence[ec2.CfnNetworkAclEntry]:
        return [
            self._entry(f"{kind}{way}{rule.number}", acl, rule, egress=way == "Out")
            for way, each in (("In", rules.ingress), ("Out", rules.egress))
            for rule in each
        ]

    def _entry(self, id_: str, acl: ec2.CfnNetworkAcl, rule: Rule, *, egress: bool) -> ec2.CfnNetworkAclEntry:
        ports = ec2.CfnNetworkAclEntry.PortRangeProperty(from_=rule.first, to=rule.last)
        too_large = ec2.CfnNetworkAclEntry.IcmpProperty(type=3, code=4)
        return ec2.CfnNetworkAclEntry(
            self,
            id_,
            network_acl_id=acl.attr_id,
            rule_number=rule.number,
            egress=egress,
            protocol=ICMP if rule.too_large else TCP,
            rule_action="allow",
            cidr_block=rule.cidr,
            icmp=too_large if rule.too_large else None,
            port_range=None if rule.too_large else ports,
        )

"""Network and balancer of a cluster alone, in a stack of their own: quick to synthesize."""

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms

from muster.network import Network
from muster.products import PRODUCTS, Product, Reach
from muster.shared_security_group import SharedSecurityGroup
from muster.spec import Cluster, Plan, load, plan
from muster.sticky_balancer import StickyBalancer
from tests.conftest import BASE, ROOT, Template

VPC = "vpc-0123456789abcdef0"
ZONE_A = {
    "nodes": {"id": "subnet-0a000000000000001", "cidr": "10.0.1.0/24"},
    "balancer": {"id": "subnet-0a000000000000002", "cidr": "10.0.101.0/24"},
}
ZONE_B = {
    "nodes": {"id": "subnet-0b000000000000001", "cidr": "10.0.2.0/24"},
    "balancer": {"id": "subnet-0b000000000000002", "cidr": "10.0.102.0/24"},
}
EXISTING: dict[str, Any] = {"id": VPC, "cidr": "10.0.0.0/16", "zones": {"eu-west-1a": ZONE_A, "eu-west-1b": ZONE_B}}
PLACED = {
    "a": {"zone": "eu-west-1a", "address": "10.0.1.10"},
    "b": {"zone": "eu-west-1b", "address": "10.0.2.10"},
}
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"


class Parts(cdk.Stack):
    """Construct ids are those of the whole stack."""

    def __init__(self, scope: cdk.App, cluster: Cluster, planned: Plan) -> None:
        self._zones = [zone.zone for zone in planned.zones]
        super().__init__(scope, "parts", env=cdk.Environment(region=cluster.region))
        key = kms.Key.from_key_arn(self, "Key", cluster.kms_key) if cluster.kms_key else None
        network = Network(self, "Network", cluster=cluster, plan=planned, kms_key=key)
        group = SharedSecurityGroup(
            self,
            "SharedSecurityGroup",
            vpc=network.vpc,
            cluster=cluster.name,
            member_ports=cluster.about.ports_for(cluster, Reach.MEMBERS),
            operating_system=cluster.instance.os,
            ways_out=cluster.about.ways_out(cluster),
        ).group
        network.let_in(group)
        nodes = {member.name: self._node(member.name, network, member.zone, group) for member in planned.present}
        balancer = StickyBalancer(
            self,
            "Balancer",
            cluster=cluster,
            vpc=network.vpc,
            inside=network.cidr,
            subnets=network.balancer_subnets,
            node_group=group,
            nodes=nodes,
            port=cluster.about.port(cluster, cluster.about.served(cluster)),
            readiness_port=cluster.about.port(cluster, cluster.about.readiness),
            kms_key=key,
        )
        cdk.CfnWaitConditionHandle(self, "After").node.add_dependency(*balancer.after)
        cdk.CfnOutput(self, "Url", value=balancer.url)
        if balancer.admin_url:
            cdk.CfnOutput(self, "AdminUrl", value=balancer.admin_url)

    @property
    def availability_zones(self) -> list[str]:
        """The plan's zones: nothing is looked up."""
        return self._zones

    def _node(self, name: str, network: Network, zone: str, group: ec2.SecurityGroup) -> ec2.Instance:
        node = ec2.Instance(
            self,
            f"Node-{name}",
            vpc=network.vpc,
            vpc_subnets=ec2.SubnetSelection(subnets=[network.node_subnets[zone]]),
            security_group=group,
            instance_type=ec2.InstanceType("t4g.medium"),
            machine_image=ec2.MachineImage.generic_linux({"eu-west-1": "ami-00000000000000000"}),
        )
        node.node.add_dependency(*network.ready)
        return node


def parts(**changes: Any) -> Template:
    """Return the template of network and balancer for the plain cluster file with top-level fields changed."""
    return _synthesized(json.dumps({**BASE, **changes}))[0]


def parts_of(product: Product, **changes: Any) -> Template:
    """Return the template for the plain cluster file, its product being this one: another with the same name."""
    with mock.patch.dict(PRODUCTS, {product.name: product}):
        return _template(json.dumps({**BASE, **changes}))[0]


def warnings(**changes: Any) -> str:
    """Return what the synthesis of the same warns of."""
    return _synthesized(json.dumps({**BASE, **changes}))[1]


def existing(vpc: dict[str, Any] | None = None, network: dict[str, Any] | None = None, **changes: Any) -> Template:
    """Return the template for an existing VPC, whose fields and those of `network` may be added to."""
    described = {"vpc": EXISTING | (vpc or {}), **(network or {})}
    return parts(**{"nodes": PLACED, "network": described, **changes})


@cache
def _synthesized(text: str) -> tuple[Template, str]:
    return _template(text)


def _template(text: str) -> tuple[Template, str]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "as400.yaml"
        file.write_text(text, encoding="utf-8")  # JSON is YAML
        context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
        app = cdk.App(context=context, outdir=f"{folder}/cdk.out", analytics_reporting=False)
        cluster = load(file)
        Parts(app, cluster, plan(cluster))
        stack = app.synth().get_stack_by_name("parts")
        return stack.template, "\n".join(str(each.entry.data) for each in stack.messages)

"""All constructs about nodes in a small stack of their own, wired as a cluster's stack wires them."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from muster import session_manager
from muster.alarms import Alarms
from muster.data_volume import DataVolume
from muster.database_secret import DatabaseSecret
from muster.log_groups import LogGroups
from muster.node import Node
from muster.node_role import NodeRole, apply_boundary
from muster.outputs import outputs
from muster.pair import Pair
from muster.products import PRODUCTS
from muster.spec import Cluster, Member, load, plan
from muster.sticky_balancer import StickyBalancer
from muster.stored_object import StoredObject
from muster.tagging import apply_tags
from tests.conftest import Template

KEY = "arn:aws:kms:eu-west-1:123456789012:key/12345678-1234-1234-1234-123456789012"
BOUNDARY = "arn:aws:iam::123456789012:policy/bounded"
IMAGE = "ami-0123456789abcdef0"


class NodeSide(cdk.Stack):
    """Secrets, volumes, log groups, role, instances, alarms and outputs of `cluster`; balancer and VPC are imported.

    `groups` target groups hang on the balancer.
    """

    def __init__(self, scope: Construct, *, cluster: Cluster, groups: int = 1) -> None:
        super().__init__(scope, f"muster-{cluster.name}", env=cdk.Environment(region=cluster.region))
        self._cluster = cluster
        self._key = kms.Key.from_key_arn(self, "Key", cluster.kms_key) if cluster.kms_key else None
        apply_tags(self, cluster)
        apply_boundary(self, cluster)
        self._vpc = ec2.Vpc.from_vpc_attributes(
            self, "Vpc", vpc_id="vpc-0123456789abcdef0", availability_zones=["eu-west-1a", "eu-west-1b"]
        )
        self._group = ec2.SecurityGroup.from_security_group_id(self, "Group", "sg-0123456789abcdef0", mutable=False)
        self._role = self._make_role()
        self.later = cdk.CfnWaitConditionHandle(self, "Later")
        members = plan(cluster).members
        volumes = {member.name: self._volume(member) for member in members}
        nodes = {each.name: self._node(each, volumes[each.name]).instance for each in members if each.present}
        users = self._users(groups)
        Alarms(self, "Alarms", cluster=cluster, nodes=nodes, balancer=users, kms_key=self._key, after=[self.later])
        outputs(self, cluster=cluster, plan=plan(cluster), nodes=nodes, balancer=users)

    def _make_role(self) -> NodeRole:
        cluster, product = self._cluster, PRODUCTS[self._cluster.product]
        secrets = [
            DatabaseSecret(self, each.id, cluster=cluster.name, secret=each, kms_key=self._key).secret
            for each in product.secrets
        ]
        pair = Pair(self, "Pair", cluster=cluster, kms_key=self._key) if product.pair else None
        role = NodeRole(
            self,
            "NodeRole",
            parameter_name=f"/muster/{cluster.name}/settings",
            objects=[StoredObject("files", "node.zip", "0" * 64, "node.zip")],
            secrets=secrets,
            log_groups=list(LogGroups(self, "Logs", cluster=cluster, kms_key=self._key).groups.values()),
            kms_key=self._key,
            session_manager=session_manager.possible(cluster),
            more=pair.statements if pair else [],
            encrypted=pair.encrypted if pair else [],
        )
        if pair:
            pair.accept_in(role.policy)
        return role

    def _volume(self, member: Member) -> DataVolume:
        return DataVolume(
            self,
            f"Data-{member.name}-{member.zone}",
            zone=member.zone,
            gibibytes=self._cluster.instance.volume,
            protected=self._cluster.protected,
            kms_key=self._key,
            tags={"Name": f"{self._cluster.name}-{member.name}-data"},
        )

    def _node(self, member: Member, volume: DataVolume) -> Node:
        return Node(
            self,
            f"Node-{member.name}",
            member=member,
            vpc=self._vpc,
            subnet=_subnet(self, member.name, member.ordinal, member.zone),
            security_group=self._group,
            role=self._role,
            image=ec2.MachineImage.generic_linux({self._cluster.region: IMAGE}),
            user_data="#!/bin/bash\n",
            volume=volume,
            protected=self._cluster.deletion_refused,
            kms_key=self._key,
            tags={"Name": f"{self._cluster.name}-{member.name}"},
            after=[self.later],
        )

    def _users(self, groups: int) -> StickyBalancer:
        scope = Construct(self, "Users")
        subnets = [_subnet(scope, each, 16 + number, f"eu-west-1{each}") for number, each in enumerate("ab")]
        balancer = elb.ApplicationLoadBalancer(
            scope, "Balancer", vpc=self._vpc, vpc_subnets=ec2.SubnetSelection(subnets=subnets)
        )
        targets = [
            elb.ApplicationTargetGroup(scope, f"T{n}", vpc=self._vpc, port=80, target_type=elb.TargetType.INSTANCE)
            for n in range(groups)
        ]
        balancer.add_listener("Http", port=80, open=False, default_target_groups=targets)
        bucket = s3.Bucket.from_bucket_name(scope, "Logs", "access-logs")
        users = SimpleNamespace(
            balancer=balancer,
            target_groups=targets,
            led_group=None,
            url="http://users",
            admin_url="http://admin" if groups > 1 else None,
            log_bucket=bucket if self._cluster.protected else None,
        )
        return cast("StickyBalancer", users)


def _subnet(scope: Construct, name: str, number: int, zone: str) -> ec2.ISubnet:
    return ec2.Subnet.from_subnet_attributes(
        scope,
        f"Subnet-{name}",
        subnet_id=f"subnet-{number:017x}",
        availability_zone=zone,
        route_table_id="rtb-0123456789abcdef0",
    )


def template_of(file: Path, groups: int, context: Mapping[str, Any], folder: Path) -> Template:
    """Return the template of a `NodeSide` of the cluster file `file`, synthesized into `folder`."""
    app = cdk.App(context=dict(context), outdir=str(folder), analytics_reporting=False)
    stack = NodeSide(app, cluster=load(file), groups=groups)
    app.synth()
    template: Template = json.loads((folder / f"{stack.stack_name}.template.json").read_text(encoding="utf-8"))
    return template

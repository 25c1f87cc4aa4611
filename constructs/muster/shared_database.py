"""The database that all nodes of a cluster share, made with it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aws_cdk import RemovalPolicy, Tags
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from constructs import Construct, IDependable

from muster.acknowledgements import HIPAA, LIFTED, NIST, PCI, ZONES, acknowledge, acknowledge_in
from muster.database_secret import DatabaseSecret
from muster.names import CLUSTER_TAG
from muster.network import Network
from muster.products import Secret
from muster.products.made_database import ENGINES, MadeDatabase
from muster.shared_security_group import way_to
from muster.spec import Cluster, Plan

NAME: Final = "wso2"
"""Of the database in the instance, and of its user."""

KEPT: Final = 7
"""Days for which it can be had back as it was at any second, where data are protected."""

_ONE: Final = "the cluster file asks for one without a stand-by (database.multi_az: false), which costs half as much"
_SAVED: Final = "automated backups are on, by which RDS gives it back as of any second; the rule knows plans alone"
_LOGS: Final = "RDS keeps the engine's logs itself for days; exported they would outlive the stack in unbounded groups"
_VERSION: Final = "CloudFormation-Validate::E9006"
_NEWEST: Final = "RDS takes the newest patch of a version that names none; the rule's list of versions names them"
_WHY: Final[Mapping[str, str]] = {
    "AwsSolutions-RDS11": "nodes alone are let in: another number than the engine's own would hide it from nobody",
    "CKV_AWS_118": "CloudWatch has its figures without one more role; an agent's are for when those do not do",
    "CKV_AWS_161": "the product logs in by JDBC with a user and a password, and asks nobody for a token",
}


class SharedDatabase(Construct):
    """A database of RDS as `wanted`, which `nodes`, their security group, alone reaches, and by TLS alone.

    Encrypted with `kms_key` or AWS's own key, never public. RDS brings each patch of its version by itself. While
    protection is on nobody can delete it; where data are protected a snapshot stays when the stack goes. It lies in
    the balancer's subnets: RDS takes any free address, and in a node subnet that could be the one of a node that is
    still to come.

    `secret` is that of its user (`{"username": ..., "password": ...}`, made by CloudFormation, in no template),
    `settings` what nodes are told, `ready` what they must wait for.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        wanted: MadeDatabase,
        cluster: Cluster,
        plan: Plan,
        network: Network,
        nodes: ec2.ISecurityGroup,
        kms_key: kms.IKey | None,
    ) -> None:
        super().__init__(scope, id_)
        self._wanted, self._engine, self._cluster = wanted, ENGINES[wanted.engine], cluster
        user = Secret("database", "User", NAME, "the user of the database that all share", plain=True)
        self.secret = DatabaseSecret(self, "User", cluster=cluster.name, secret=user, kms_key=kms_key).secret
        group = self._group(network.vpc, nodes)
        subnets = self._subnets(network, plan)
        self.instance = self._instance(group, subnets, kms_key)
        port, what = self._engine.port, "shared database of the cluster"
        way = way_to(self, "WayThere", nodes=nodes, group=group, port=port, what=what)
        self.ready: Sequence[IDependable] = [self.instance, way]
        endpoint = f"{self.instance.attr_endpoint_address}:{self._engine.port}"
        url = self._engine.url.format(endpoint=endpoint, database=NAME)
        self.settings: Mapping[str, Any] = {"database": {"url": url, "driver": wanted.driver}}
        self._accept()

    def _instance(
        self, group: ec2.SecurityGroup, subnets: rds.CfnDBSubnetGroup, kms_key: kms.IKey | None
    ) -> rds.CfnDBInstance:
        wanted, protected = self._wanted, self._cluster.protected
        made = rds.CfnDBInstance(
            self,
            "Instance",
            engine=wanted.engine,
            engine_version=self._engine.version,
            auto_minor_version_upgrade=True,
            db_instance_class=wanted.instance_class,
            allocated_storage=str(wanted.storage),
            storage_type="gp3",
            storage_encrypted=True,
            kms_key_id=kms_key.key_arn if kms_key else None,
            multi_az=wanted.multi_az,
            db_name=NAME,
            master_username=NAME,
            master_user_password=self.secret.secret_value_from_json("password").unsafe_unwrap(),
            db_parameter_group_name=self._only_tls().ref,
            db_subnet_group_name=subnets.ref,
            vpc_security_groups=[group.security_group_id],
            publicly_accessible=False,
            backup_retention_period=KEPT if protected else 1,
            delete_automated_backups=not protected,
            copy_tags_to_snapshot=True,
            deletion_protection=self._cluster.deletion_refused,
        )
        # by it, copied to each snapshot, `muster leftovers` finds the last one when the stack is gone
        Tags.of(made).add(CLUSTER_TAG, self._cluster.name)
        made.apply_removal_policy(RemovalPolicy.SNAPSHOT if protected else RemovalPolicy.DESTROY)
        return made

    def _only_tls(self) -> rds.CfnDBParameterGroup:
        return rds.CfnDBParameterGroup(
            self,
            "Parameters",
            description=f"Cluster {self._cluster.name}: nobody comes without TLS",
            family=self._engine.family,
            parameters={self._engine.only_tls: "1"},
        )

    def _group(self, vpc: ec2.IVpc, nodes: ec2.ISecurityGroup) -> ec2.SecurityGroup:
        """Make a group without a way out: a database answers, it never asks."""
        group = ec2.SecurityGroup(
            self, "Group", vpc=vpc, description="Shared database of the cluster", allow_all_outbound=False
        )
        group.add_ingress_rule(nodes, ec2.Port.tcp(self._engine.port), "shared database to nodes")
        return group

    def _subnets(self, network: Network, plan: Plan) -> rds.CfnDBSubnetGroup:
        return rds.CfnDBSubnetGroup(
            self,
            "Subnets",
            db_subnet_group_description=f"Cluster {self._cluster.name}: where its database may lie",
            subnet_ids=[subnet.subnet_id for subnet in self._private(network, plan)],
        )

    def _private(self, network: Network, plan: Plan) -> Sequence[ec2.ISubnet]:
        """Return the balancer's subnets; of a VPC of the cluster's own whose balancer has public ones, others.

        In each zone's plan there is a private one for the balancer, which it leaves alone when it faces the internet.
        """
        if self._cluster.network.vpc or self._cluster.balancer.scheme == "internal":
            return network.balancer_subnets
        acknowledge(self, "CloudFormation-Validate::W3010", ZONES)
        made = {
            zone.zone: ec2.PrivateSubnet(
                self,
                f"Subnet-{zone.zone}",
                vpc_id=network.vpc.vpc_id,
                availability_zone=zone.zone,
                cidr_block=zone.balancer_subnet,
            )
            for zone in plan.zones
        }
        for zone, subnet in made.items():
            network.guard(zone, subnet)
        return list(made.values())

    def _accept(self) -> None:
        if self._wanted.engine == "mysql":
            acknowledge(self.instance, _VERSION, _NEWEST)
        for rule in ("AwsSolutions-RDS11", "CKV_AWS_118", "CKV_AWS_161"):
            acknowledge(self.instance, rule, _WHY[rule])
        # cfn-lint has the same list as the CDK, under other names
        self.instance.add_metadata("cfn-lint", {"config": {"ignore_checks": ["E3691", "W3691"]}})
        acknowledge_in(self.instance, (NIST, HIPAA), "RDSInBackupPlan", _SAVED)
        acknowledge_in(self.instance, (NIST, HIPAA), "RDSEnhancedMonitoringEnabled", _WHY["CKV_AWS_118"])
        for log in self._engine.logs:
            acknowledge_in(self.instance, (NIST, PCI, HIPAA), f"RDSLoggingEnabled[LogExport::{log}]", _LOGS)
        if not self._wanted.multi_az:
            for rule in ("AwsSolutions-RDS3", "CKV_AWS_157"):
                acknowledge(self.instance, rule, _ONE)
            acknowledge_in(self.instance, (NIST, HIPAA), "RDSMultiAZSupport", _ONE)
        if not self._cluster.deletion_refused:
            acknowledge(self.instance, "AwsSolutions-RDS10", LIFTED)
            acknowledge_in(self.instance, (NIST, HIPAA), "RDSInstanceDeletionProtectionEnabled", LIFTED)

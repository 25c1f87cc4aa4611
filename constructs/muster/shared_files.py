"""The folder that all nodes of a cluster share, in a file system of EFS."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aws_cdk import RemovalPolicy, Stack, Tags
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_efs as efs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct, IDependable

from muster.acknowledgements import HIPAA, NIST, acknowledge_in
from muster.names import CLUSTER_TAG
from muster.network import Network
from muster.node_statements import allow
from muster.shared_security_group import way_to
from muster.spec import Cluster, Plan

OWN: Final = "efs"
"""What a cluster file says in place of a file system's id, to have one made with the cluster."""

NFS: Final = 2049
"""The port of EFS, with TLS and without."""

CLIENT: Final = tuple(f"elasticfilesystem:Client{each}" for each in ("Mount", "Write", "RootAccess"))
"""What a node does: mount, write, and be root there, as the product's folders are made by it."""

_BACKED_UP: Final = (
    "the file system's own backup policy is on, by which AWS Backup saves it every day; the rule knows plans alone"
)


class SharedFiles(Construct):
    """The file system `wanted`: `OWN` for one of the cluster's, else the id of one that is there already.

    The cluster's own is encrypted with `kms_key` or AWS's own key, and AWS Backup saves it every day (EFS User Guide,
    "Automatic backups"). It has one address in each zone of the nodes, which `nodes`, their security group, alone
    reaches. Where data are protected it stays when the stack goes.

    Of one that is there its owner lets the nodes in: by its mount targets' group, and by its policy if it has one.
    Nodes reach its port in the whole range of the VPC, as nothing here knows where it is; of the cluster's own that of
    the file system alone.

    `settings` is what nodes are told, `ready` what they must wait for. `let_in` lets the nodes' role into the cluster's
    own once that is there; `statements` is what that role needs for another one, whose policy may not name it: leave in
    one of both places is enough (EFS User Guide, "Using IAM to control file system data access").
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        wanted: str,
        cluster: Cluster,
        plan: Plan,
        network: Network,
        nodes: ec2.ISecurityGroup,
        kms_key: kms.IKey | None,
    ) -> None:
        super().__init__(scope, id_)
        self.ready: Sequence[IDependable] = []
        self._own: efs.CfnFileSystem | None = None
        if wanted == OWN:
            self._own = self._file_system(cluster, kms_key)
            group = self._group(network.vpc, nodes)
            way = way_to(self, "WayThere", nodes=nodes, group=group, port=NFS, what="shared files of the cluster")
            self.ready = [way, *self._mount_targets(self._own, plan, network, group)]
        else:
            nodes.add_egress_rule(ec2.Peer.ipv4(network.cidr), ec2.Port.tcp(NFS), "shared files in this VPC")
        self.settings: Mapping[str, Any] = {"file_system": self._own.ref if self._own else wanted}
        own = self._own is not None
        self.statements = [] if own else [allow("SharedFiles", CLIENT, [_arn(Stack.of(self), wanted)])]

    def let_in(self, role: iam.IRole) -> None:
        """Let `role` alone use the cluster's own file system, and nobody without TLS.

        With a policy of its own a file system admits no client that does not say who it is (EFS User Guide, "Using IAM
        to control file system data access").
        """
        if self._own is None:
            return
        by_mount_target = {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}}
        in_the_clear = {"Bool": {"aws:SecureTransport": "false"}}
        self._own.file_system_policy = iam.PolicyDocument(
            statements=[
                iam.PolicyStatement(
                    sid="Nodes",
                    principals=[iam.ArnPrincipal(role.role_arn)],
                    actions=list(CLIENT),
                    conditions=by_mount_target,
                ),
                iam.PolicyStatement(
                    sid="OnlyTls",
                    effect=iam.Effect.DENY,
                    principals=[iam.AnyPrincipal()],
                    actions=["*"],
                    conditions=in_the_clear,
                ),
            ]
        )

    def _file_system(self, cluster: Cluster, kms_key: kms.IKey | None) -> efs.CfnFileSystem:
        made = efs.CfnFileSystem(
            self,
            "FileSystem",
            encrypted=True,
            kms_key_id=kms_key.key_arn if kms_key else None,
            backup_policy=efs.CfnFileSystem.BackupPolicyProperty(status="ENABLED"),
            throughput_mode="elastic",  # paid for by what is read and written: a small one has hardly any otherwise
        )
        made.apply_removal_policy(RemovalPolicy.RETAIN if cluster.protected else RemovalPolicy.DESTROY)
        Tags.of(made).add("Name", f"{cluster.name}-shared")
        # by it `muster leftovers` finds a file system that outlives the stack
        Tags.of(made).add(CLUSTER_TAG, cluster.name)
        acknowledge_in(made, (NIST, HIPAA), "EFSInBackupPlan", _BACKED_UP)
        return made

    def _group(self, vpc: ec2.IVpc, nodes: ec2.ISecurityGroup) -> ec2.SecurityGroup:
        """Make a group without a way out: a file system answers, it never asks."""
        group = ec2.SecurityGroup(
            self, "Group", vpc=vpc, description="Shared files of the cluster", allow_all_outbound=False
        )
        group.add_ingress_rule(nodes, ec2.Port.tcp(NFS), "shared files to nodes")
        return group

    def _mount_targets(
        self, own: efs.CfnFileSystem, plan: Plan, network: Network, group: ec2.SecurityGroup
    ) -> Sequence[IDependable]:
        """Make one in each zone with a node, absent ones too.

        They lie in the balancer's subnets: AWS gives one any free address, and in a node subnet that could be the one
        of a node that is still to come.
        """
        zones = {member.zone for member in plan.members}
        return [
            efs.CfnMountTarget(
                self,
                f"Mount-{subnet.availability_zone}",
                file_system_id=own.ref,
                subnet_id=subnet.subnet_id,
                security_groups=[group.security_group_id],
            )
            for subnet in network.balancer_subnets
            if subnet.availability_zone in zones
        ]


def _arn(stack: Stack, id_: str) -> str:
    return stack.format_arn(service="elasticfilesystem", resource="file-system", resource_name=id_)

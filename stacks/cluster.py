"""The one stack of a cluster: wiring only."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from muster import settings
from muster.artifact import Artifact
from muster.data_volume import DataVolume
from muster.database_secret import DatabaseSecret
from muster.discovery_policy import DiscoveryPolicy
from muster.formation_wait import FormationHandle, FormationWait
from muster.images import Images
from muster.network import Network
from muster.node import Node
from muster.node_asset import SOURCE, NodeAsset, user_data
from muster.node_role import NodeRole
from muster.products import Reach
from muster.settings_document import SettingsDocument
from muster.shared_security_group import SharedSecurityGroup
from muster.spec import Cluster, Member, plan
from muster.sticky_balancer import StickyBalancer


class ClusterStack(cdk.Stack):
    """Stack `muster-CLUSTER`: everything that one cluster file describes, in whatever account it is deployed to.

    `node_files` holds what runs on nodes. Raises `SpecError` if the file's artifact is nowhere to be found.
    """

    def __init__(self, scope: Construct, *, cluster: Cluster, node_files: Path = SOURCE) -> None:
        # before anything else: the CDK asks for the zones while the stack is made
        self._zones = sorted({node.zone for node in cluster.nodes.values()})
        super().__init__(
            scope,
            f"muster-{cluster.name}",
            env=cdk.Environment(region=cluster.region),
            description=f"{cluster.about.title} cluster {cluster.name}",
        )
        self._cluster = cluster
        self._plan = plan(cluster)
        self._product = cluster.about
        self._user_data = user_data(node_files)
        self._network = Network(
            self, "Network", plan=self._plan, internet_facing=cluster.balancer.scheme == "internet-facing"
        )
        self._group = SharedSecurityGroup(
            self,
            "SharedSecurityGroup",
            vpc=self._network.vpc,
            cluster=cluster.name,
            member_ports=self._product.ports_for(cluster, Reach.MEMBERS),
            operating_system=cluster.instance.os,
        ).group
        document, handle, role = self._settings(node_files)
        nodes = [self._node(member, role, document).instance for member in self._plan.members]
        balancer = self._balancer(nodes)
        FormationWait(
            self,
            "FormationWait",
            handle=handle,
            nodes=len(nodes),
            timeout=cluster.formation.timeout,
            after=[document, *(node.instance for node in nodes), balancer.target_group, balancer.listener],
        )
        self._outputs(balancer)

    @property
    def availability_zones(self) -> list[str]:
        """The cluster file's zones: nothing is looked up."""
        return self._zones

    def _settings(self, node_files: Path) -> tuple[SettingsDocument, FormationHandle, NodeRole]:
        cluster = self._cluster
        asset, artifact = (
            NodeAsset(self, "NodeAsset", package=node_files / "musternode").stored,
            Artifact(self, "Artifact", cluster=cluster).stored,
        )
        secrets = {
            each.name: DatabaseSecret(self, each.id, cluster=cluster.name, secret=each).secret
            for each in self._product.secrets
        }
        self._volumes = {
            member.name: DataVolume(
                self, f"Data-{member.name}", zone=member.zone, tags=self._tags(member.name, f"{member.name}-data")
            )
            for member in self._plan.members
        }
        self._images = Images(self, "Images", cluster=cluster)
        content = settings.content(
            cluster,
            self._plan,
            volumes={name: volume.volume.volume_id for name, volume in self._volumes.items()},
            asset=asset,
            artifact=artifact,
            secrets={name: secret.secret_arn for name, secret in secrets.items()},
        )
        instance = cluster.instance
        generation = settings.generation(content, instance.type, instance.os, self._images.image_id, self._user_data)
        handle = FormationHandle(self, "FormationHandle", generation=generation)
        name = settings.parameter_name(cluster.name)
        role = NodeRole(
            self, "NodeRole", parameter_name=name, objects=[asset, artifact], secrets=list(secrets.values())
        )
        document = SettingsDocument(self, "Settings", name=name, document=content, handle=handle, after=role.policy)
        if self._product.discovers_by_ec2_api:
            DiscoveryPolicy(self, "DiscoveryPolicy", role=role.role)
        return document, handle, role

    def _node(self, member: Member, role: NodeRole, document: SettingsDocument) -> Node:
        return Node(
            self,
            f"Node-{member.name}",
            member=member,
            vpc=self._network.vpc,
            subnet=self._network.node_subnets[member.zone],
            security_group=self._group,
            role=role,
            instance_type=self._cluster.instance.type,
            image=self._images.image,
            user_data=self._user_data,
            volume=self._volumes[member.name],
            tags=self._tags(member.name, member.name)
            | {"muster:settings": settings.parameter_name(self._cluster.name)},
            after=document,
        )

    def _tags(self, node: str, name: str) -> dict[str, str]:
        cluster = self._cluster.name
        return {"Name": f"{cluster}-{name}", "muster:cluster": cluster, "muster:node": node}

    def _balancer(self, nodes: list[ec2.Instance]) -> StickyBalancer:
        return StickyBalancer(
            self,
            "Balancer",
            vpc=self._network.vpc,
            inside=self._plan.cidr,
            subnets=self._network.balancer_subnets,
            node_group=self._group,
            nodes=nodes,
            port=self._product.port(self._cluster, self._product.serving),
            readiness_port=self._product.port(self._cluster, self._product.readiness),
            settings=self._cluster.balancer,
        )

    def _outputs(self, balancer: StickyBalancer) -> None:
        cdk.CfnOutput(self, "Url", value=balancer.url)
        for member in self._plan.members:
            cdk.CfnOutput(self, output_name(member.name), value=member.address)


def output_name(node: str) -> str:
    """Return the name of the output that holds the address of `node`: `NodeA` for a, `NodeEastOne` for east-one."""
    return "Node" + "".join(part.capitalize() for part in node.split("-"))

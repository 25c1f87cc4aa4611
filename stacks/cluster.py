"""The one stack of a cluster: wiring only."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct, IDependable

from muster import session_manager, settings
from muster.alarms import Alarms
from muster.artifact import Artifact
from muster.artifact_backups import ArtifactBackups
from muster.data_volume import DataVolume
from muster.database_secret import DatabaseSecret
from muster.discovery_policy import DiscoveryPolicy
from muster.discovery_role import DiscoveryRole
from muster.discovery_user import DiscoveryUser
from muster.formation_wait import FormationHandle, FormationWait
from muster.images import Images
from muster.licence import Licence
from muster.lock_warning import warn_unlocked
from muster.log_groups import LogGroups
from muster.names import CLUSTER_TAG, NODE_TAG, SETTINGS_TAG, parameter_name, stack_name
from muster.network import Network
from muster.node import Node
from muster.node_asset import SOURCE, NodeAsset, user_data
from muster.node_role import NodeRole, apply_boundary
from muster.outputs import outputs
from muster.pair import Pair
from muster.products import Discovery, Reach
from muster.products.users_ports import TLS
from muster.published_file import PublishedFile
from muster.settings_document import SettingsDocument
from muster.shared_database import SharedDatabase
from muster.shared_files import SharedFiles
from muster.shared_security_group import SharedSecurityGroup
from muster.spec import Cluster, Member, cluster_lock, plan
from muster.sticky_balancer import StickyBalancer
from muster.stored_object import StoredObject
from muster.tagging import apply_tags
from muster.trust import Trust


class ClusterStack(cdk.Stack):
    """Stack `muster-CLUSTER`: everything that one cluster file describes, in whatever account it is deployed to.

    `node_files` holds what runs on nodes. Raises `SpecError` if the file's artifact is nowhere to be found, or if the
    lock file beside the cluster file refuses the change.
    """

    def __init__(self, scope: Construct, *, cluster: Cluster, node_files: Path = SOURCE) -> None:
        # before anything else: the CDK asks for the zones while the stack is made
        self._zones = sorted({node.zone for node in cluster.nodes.values()})
        super().__init__(
            scope,
            stack_name(cluster.name),
            env=cdk.Environment(account=cluster.account, region=cluster.region),
            description=f"{cluster.about.title} cluster {cluster.name}",
            termination_protection=cluster.deletion_refused,
        )
        self._cluster, self._plan, self._product = cluster, plan(cluster, cluster_lock(cluster)), cluster.about
        warn_unlocked(self, self._plan)
        self._user_data = user_data(node_files)
        apply_tags(self, cluster)
        apply_boundary(self, cluster)
        self._key = kms.Key.from_key_arn(self, "Key", cluster.kms_key) if cluster.kms_key else None
        self._network = Network(self, "Network", cluster=cluster, plan=self._plan, kms_key=self._key)
        self._group = self._shared_group()
        self._network.let_in(self._group)
        self._images = Images(self, "Images", cluster=cluster, plan=self._plan)
        document, handle, roles = self._settings(node_files)
        nodes = {each.name: self._node(each, roles[each.name], document).instance for each in self._plan.present}
        balancer = self._balancer(nodes)
        stands = balancer.groups if self._fronted else balancer.after
        formed = FormationWait(
            self,
            "FormationWait",
            handle=handle,
            nodes=len(nodes),
            timeout=cluster.formation.timeout,
            after=[document, *(node.instance for node in nodes.values()), *stands],
        )
        if self._fronted:
            balancer.lead_after(formed)
        Alarms(self, "Alarms", cluster=cluster, nodes=nodes, balancer=balancer, kms_key=self._key, after=[formed])
        outputs(self, cluster=cluster, plan=self._plan, nodes=nodes, balancer=balancer)

    @property
    def availability_zones(self) -> list[str]:
        """The cluster file's zones: nothing is looked up."""
        return self._zones

    @property
    def _fronted(self) -> bool:
        """Whether nodes have TLS fronts: the balancer leads there once all have said that they are formed with them."""
        return self._product.served(self._cluster) == TLS

    def _shared_group(self) -> ec2.SecurityGroup:
        return SharedSecurityGroup(
            self,
            "SharedSecurityGroup",
            vpc=self._network.vpc,
            cluster=self._cluster.name,
            member_ports=self._product.ports_for(self._cluster, Reach.MEMBERS),
            operating_system=self._cluster.instance.os,
            ways_out=self._product.ways_out(self._cluster),
        ).group

    def _settings(self, node_files: Path) -> tuple[SettingsDocument, FormationHandle, Mapping[str, NodeRole]]:
        cluster = self._cluster
        asset, artifact = (
            NodeAsset(self, "NodeAsset", package=node_files / "musternode").stored,
            Artifact(self, "Artifact", cluster=cluster).stored,
        )
        files, self._shared = self._published_files(), self._shared_files()
        user, self._database = self._discovery_user(), self._shared_database()
        secrets = self._secrets() | ({"discovery": user.secret} if user else {})
        secrets |= {"database": self._database.secret} if self._database else {}
        dumps = self._artifact_backups()
        told = (*files, self._shared, user, self._database, dumps)
        pair = Pair(self, "Pair", cluster=cluster, kms_key=self._key) if self._product.pair else None
        self._volumes = {member.name: self._volume(member) for member in self._plan.members}
        content = settings.content(
            cluster,
            self._plan,
            volumes={name: volume.volume.volume_id for name, volume in self._volumes.items()},
            asset=asset,
            artifact=artifact,
            secrets={name: secret.secret_arn for name, secret in secrets.items()},
            pair=pair,
            more={name: each for part in told if part for name, each in part.settings.items()},
        )
        generation = settings.generation(cluster, self._plan, content, self._user_data)
        handle = FormationHandle(self, "FormationHandle", generation=generation)
        name = parameter_name(cluster.name)
        objects = [asset, artifact, *(pair.objects if pair else []), *(each.stored for each in files)]
        roles = self._roles(objects, secrets, pair, dumps)
        made = list(dict.fromkeys(roles.values()))
        more, policies = self._discovery([each.role for each in made])
        content["settings"] |= more  # which role it is decides the generation by the file already
        after = [*(each.policy for each in made), *policies, *(user.policies if user else [])]
        document = SettingsDocument(self, "Settings", name=name, document=content, handle=handle, after=after)
        return document, handle, roles

    def _roles(
        self,
        objects: Sequence[StoredObject],
        secrets: Mapping[str, secretsmanager.ISecret],
        pair: Pair | None,
        dumps: ArtifactBackups | None,
    ) -> Mapping[str, NodeRole]:
        """Return the role of each node: one for all, but where some alone may read a secret, who also keep dumps."""
        cluster, reserved = self._cluster, self._product.reserved(self._cluster)
        log_groups = list(LogGroups(self, "Logs", cluster=cluster, kms_key=self._key).groups.values())
        keepers = {name for names in reserved.values() for name in names}

        def role(id_: str, secrets: Sequence[secretsmanager.ISecret], kept: ArtifactBackups | None) -> NodeRole:
            made = NodeRole(
                self,
                id_,
                parameter_name=parameter_name(cluster.name),
                objects=objects,
                secrets=secrets,
                log_groups=log_groups,
                kms_key=self._key,
                session_manager=session_manager.possible(cluster),
                more=[each for part in (pair, self._shared, kept) if part for each in part.statements],
                encrypted=pair.encrypted if pair else ["s3"] if kept else [],
                endpoints=self._network.only_way,
            )
            for part in (pair, kept):
                if part:
                    part.accept_in(made.policy)
            if self._shared:
                self._shared.let_in(made.role)
            return made

        shared = role("NodeRole", [each for name, each in secrets.items() if name not in reserved], None)
        keeping = role("KeeperRole", list(secrets.values()), dumps) if keepers else shared
        return {each.name: keeping if each.name in keepers else shared for each in self._plan.members}

    def _secrets(self) -> dict[str, secretsmanager.ISecret]:
        """Return those that the product needs, by their keys: made here, or the user's own."""
        cluster = self._cluster
        made = {
            each.name: DatabaseSecret(self, each.id, cluster=cluster.name, secret=each, kms_key=self._key).secret
            for each in self._product.made_secrets(cluster)
        }
        given = {
            name: secretsmanager.Secret.from_secret_complete_arn(self, f"Given-{name}", arn)
            for name, arn in self._product.given_secrets(cluster).items()
        }
        return {**made, **given}

    def _artifact_backups(self) -> ArtifactBackups | None:
        cluster = self._cluster
        if not (cluster.backed_up and self._product.keepers(cluster)):
            return None
        return ArtifactBackups(self, "Artifacts", cluster=cluster, kms_key=self._key)

    def _published_files(self) -> Sequence[PublishedFile]:
        """Return the files beside the application's that the product's block names."""
        cluster, block = self._cluster, self._product.field
        trust, licence = self._product.trust(cluster), self._product.licence(cluster)
        made: list[PublishedFile] = []
        if trust:
            made.append(Trust(self, "Trust", cluster=cluster, field=f"{block}.trust", path=trust))
        if licence:
            made.append(Licence(self, "Licence", cluster=cluster, field=f"{block}.licence", path=licence))
        return made

    def _shared_files(self) -> SharedFiles | None:
        wanted = self._product.shared_files(self._cluster)
        if wanted is None:
            return None
        return SharedFiles(
            self,
            "SharedFiles",
            wanted=wanted,
            cluster=self._cluster,
            plan=self._plan,
            network=self._network,
            nodes=self._group,
            kms_key=self._key,
        )

    def _shared_database(self) -> SharedDatabase | None:
        wanted = self._product.made_database(self._cluster)
        if wanted is None:
            return None
        return SharedDatabase(
            self,
            "SharedDatabase",
            wanted=wanted,
            cluster=self._cluster,
            plan=self._plan,
            network=self._network,
            nodes=self._group,
            kms_key=self._key,
        )

    def _discovery_user(self) -> DiscoveryUser | None:
        if self._product.discovery(self._cluster) is not Discovery.USER:
            return None
        key = self._plan.discovery_key
        return DiscoveryUser(
            self,
            "DiscoveryUser",
            cluster=self._cluster.name,
            kms_key=self._key,
            current=key.current,
            former=key.former,
            endpoints=self._network.only_way,
        )

    def _discovery(self, roles: Sequence[iam.IRole]) -> tuple[Mapping[str, str], Sequence[IDependable]]:
        """Return what nodes are told of the leave to find each other, and what must stand before they look."""
        kind = self._product.discovery(self._cluster)
        if kind is Discovery.ROLE_ALONE:
            made = DiscoveryRole(self, "DiscoveryRole", nodes=roles, endpoints=self._network.only_way)
            return made.settings, made.policies
        if kind is Discovery.OWN_ROLE:
            return {}, [DiscoveryPolicy(self, "DiscoveryPolicy", roles=roles).policy]
        return {}, []

    def _volume(self, member: Member) -> DataVolume:
        return DataVolume(
            self,
            f"Data-{member.name}-{member.zone}",  # a volume stays in its zone: in another it is another volume
            zone=member.zone,
            gibibytes=self._cluster.instance.volume,
            protected=self._cluster.protected,
            kms_key=self._key,
            tags=self._tags(member.name, f"{member.name}-data"),
        )

    def _node(self, member: Member, role: NodeRole, document: SettingsDocument) -> Node:
        return Node(
            self,
            f"Node-{member.name}",
            member=member,
            vpc=self._network.vpc,
            subnet=self._network.node_subnets[member.zone],
            security_group=self._group,
            role=role,
            image=self._images.image_of(member),
            user_data=self._user_data,
            volume=self._volumes[member.name],
            protected=self._cluster.deletion_refused,
            kms_key=self._key,
            tags=self._tags(member.name, member.name) | {SETTINGS_TAG: parameter_name(self._cluster.name)},
            after=[document, *self._network.ready, *self._ready()],
        )

    def _ready(self) -> Sequence[IDependable]:
        """Return what all nodes share, and wait for."""
        return [each for part in (self._shared, self._database) if part for each in part.ready]

    def _tags(self, node: str, name: str) -> dict[str, str]:
        cluster = self._cluster.name
        return {"Name": f"{cluster}-{name}", CLUSTER_TAG: cluster, NODE_TAG: node}

    def _balancer(self, nodes: dict[str, ec2.Instance]) -> StickyBalancer:
        return StickyBalancer(
            self,
            "Balancer",
            cluster=self._cluster,
            vpc=self._network.vpc,
            inside=self._network.cidr,
            subnets=self._network.balancer_subnets,
            node_group=self._group,
            nodes=nodes,
            port=self._product.port(self._cluster, self._product.served(self._cluster)),
            readiness_port=self._product.port(self._cluster, self._product.readiness),
            kms_key=self._key,
        )

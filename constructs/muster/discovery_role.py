"""A role that can do nothing but find the members of a cluster."""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_iam as iam
from constructs import Construct

from muster.discovery_policy import DiscoveryPolicy
from muster.endpoints import Endpoints
from muster.node_statements import allow


class DiscoveryRole(Construct):
    """Role `role`, which `nodes` alone may assume, and which may ask for the instances of this region and no more.

    For engines that take credentials only from version 1 of the metadata service, which no node has: a process on the
    node hands them this role's, so that who gets hold of them has nothing of the node's own. Offers `settings`, what
    nodes are told, and `policies`: what must stand before an instance starts. `endpoints`: see `DiscoveryPolicy`.
    """

    def __init__(
        self, scope: Construct, id_: str, *, nodes: Sequence[iam.IRole], endpoints: Endpoints | None = None
    ) -> None:
        super().__init__(scope, id_)
        principals = [iam.ArnPrincipal(each.role_arn) for each in nodes]
        self.role = iam.Role(self, "Role", assumed_by=iam.CompositePrincipal(*principals))
        leave = iam.ManagedPolicy(
            self,
            "Assume",
            description="Nodes of the cluster hand their product the role that finds its members",
            roles=list(nodes),
            statements=[allow("Discovery", ["sts:AssumeRole"], [self.role.role_arn])],
        )
        found = DiscoveryPolicy(self, "Find", roles=[self.role], endpoints=endpoints)
        self.settings: Mapping[str, str] = {"discovery_role": self.role.role_arn}
        self.policies = [leave, found.policy]

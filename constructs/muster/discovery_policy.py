"""Leave to find the members of a cluster by the EC2 API."""

from collections.abc import Sequence

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from constructs import Construct

from muster.acknowledgements import acknowledge
from muster.endpoints import Endpoints


class DiscoveryPolicy(Construct):
    """Managed policy on `roles` or `users`: `ec2:DescribeInstances` in this region, nothing else.

    For products whose cluster engine looks for members by tag or group. `policy` is the managed policy. Where
    `endpoints` are the only way to AWS it holds for calls from their VPC alone: a session that a node took on and the
    key of a user know no instance that they could be bound to (`bound_to_instance`).
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        roles: Sequence[iam.IRole] = (),
        users: Sequence[iam.IUser] = (),
        endpoints: Endpoints | None = None,
    ) -> None:
        super().__init__(scope, id_)
        place = {"aws:SourceVpc": endpoints.vpc_id} if endpoints else {}
        self.policy = iam.ManagedPolicy(
            self,
            "Policy",
            description="Members of the cluster find each other by ec2:DescribeInstances",
            roles=list(roles),
            users=list(users),
            statements=[
                iam.PolicyStatement(
                    actions=["ec2:DescribeInstances"],
                    resources=["*"],
                    conditions={"StringEquals": {"ec2:Region": Aws.REGION, **place}},
                )
            ],
        )
        if endpoints:
            self.policy.node.add_dependency(endpoints)
        acknowledge(
            self.policy,
            "AwsSolutions-IAM5[Resource::*]",
            "ec2:DescribeInstances has no resource types in IAM; the condition on ec2:Region is all that narrows it",
        )

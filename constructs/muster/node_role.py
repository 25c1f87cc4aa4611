"""What a node may do."""

from collections.abc import Sequence
from typing import Final

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from muster.acknowledgements import acknowledge
from muster.endpoints import Endpoints
from muster.names import NAMESPACE
from muster.node_statements import allow, bound_to_instance, use_of_key
from muster.spec import Cluster
from muster.stored_object import StoredObject

SESSION_MANAGER: Final = (
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
)
"""What the SSM agent needs for sessions and nothing else (Systems Manager User Guide, "Create a custom IAM role for
Session Manager")."""

_NO_RESOURCES: Final = (
    "CloudWatch metrics and Session Manager's channels have no resources in IAM; a namespace and the region narrow them"
)


class NodeRole(Construct):
    """Role of the cluster's instances: read the settings document, exactly these objects, exactly these secrets.

    Writes into exactly these log groups, metrics of one namespace, and (with `session_manager`) keeps the channels of
    Session Manager. `kms_key` is the key of the secrets, usable through Secrets Manager and the services `encrypted`
    alone (`s3`: objects are written, too); `more` is what the other parts of the stack need. Where `endpoints` are the
    only way to AWS, its credentials work on the instance alone that they were given to.
    `role` is the role, `profile` its instance profile, `policy` what must exist before an instance starts.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        parameter_name: str,
        objects: Sequence[StoredObject],
        secrets: Sequence[secretsmanager.ISecret],
        log_groups: Sequence[logs.ILogGroup],
        kms_key: kms.IKey | None,
        session_manager: bool,
        more: Sequence[iam.PolicyStatement] = (),
        encrypted: Sequence[str] = (),
        endpoints: Endpoints | None = None,
    ) -> None:
        super().__init__(scope, id_)
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
        parameter = Stack.of(self).format_arn(
            service="ssm", resource="parameter", resource_name=parameter_name.removeprefix("/")
        )
        self.profile = iam.InstanceProfile(self, "Profile", role=self.role)
        statements = [
            allow("Settings", ["ssm:GetParameter"], [parameter]),
            allow("Files", ["s3:GetObject"], [each.arn(self) for each in objects]),
            *_secrets(secrets),
            *use_of_key(self, kms_key, [*_decrypting(secrets), *encrypted], writing="s3" in encrypted),
            allow(
                "Logs",
                ["logs:CreateLogStream", "logs:PutLogEvents"],
                # ends in :*, which stands for the streams of this group
                [each.log_group_arn for each in log_groups],
            ),
            allow(
                "Metrics",
                ["cloudwatch:PutMetricData"],
                ["*"],
                {"StringEquals": {"cloudwatch:namespace": NAMESPACE}},
            ),
        ]
        if session_manager:
            here = {"StringEquals": {"aws:RequestedRegion": Stack.of(self).region}}
            statements.append(allow("SessionManager", SESSION_MANAGER, ["*"], here))
        statements += [*more, *(bound_to_instance() if endpoints else [])]
        self.policy = iam.ManagedPolicy(
            self,
            "Policy",
            description="What a node of the cluster may do",
            roles=[self.role],
            statements=statements,
        )
        if endpoints:  # or what comes by the way out that a cluster had before is denied while they are made
            self.policy.node.add_dependency(endpoints)
        acknowledge(self.policy, "AwsSolutions-IAM5[Resource::*]", _NO_RESOURCES)


def _secrets(secrets: Sequence[secretsmanager.ISecret]) -> list[iam.PolicyStatement]:
    """Return the statement about `secrets`; IAM takes none without a resource."""
    if not secrets:
        return []
    return [allow("Secrets", ["secretsmanager:GetSecretValue"], [each.secret_arn for each in secrets])]


def _decrypting(secrets: Sequence[secretsmanager.ISecret]) -> list[str]:
    """Return the service that decrypts `secrets`, if there are any."""
    return ["secretsmanager"] if secrets else []


def apply_boundary(stack: Stack, cluster: Cluster) -> None:
    """Put the permission boundary that the file of `cluster` names, if any, on every role of `stack`."""
    if cluster.permission_boundary is None:
        return
    boundary = iam.ManagedPolicy.from_managed_policy_arn(stack, "PermissionBoundary", cluster.permission_boundary)
    iam.PermissionsBoundary.of(stack).apply(boundary)

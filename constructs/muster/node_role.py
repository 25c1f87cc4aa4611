"""What a node may do."""

from collections.abc import Sequence

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from muster.stored_object import StoredObject


class NodeRole(Construct):
    """Role of the cluster's instances: read the settings document, exactly these objects, exactly these secrets.

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
    ) -> None:
        super().__init__(scope, id_)
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
        parameter = Stack.of(self).format_arn(
            service="ssm", resource="parameter", resource_name=parameter_name.removeprefix("/")
        )
        self.profile = iam.InstanceProfile(self, "Profile", role=self.role)
        self.policy = iam.ManagedPolicy(
            self,
            "Policy",
            description="What a node of the cluster reads: its settings, its files, its secrets",
            roles=[self.role],
            statements=[
                _allow("ssm:GetParameter", [parameter]),
                _allow("s3:GetObject", [each.arn(self) for each in objects]),
                _allow("secretsmanager:GetSecretValue", [each.secret_arn for each in secrets]),
            ],
        )


def _allow(action: str, resources: list[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=[action], resources=resources)

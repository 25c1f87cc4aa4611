"""The record of a VPC's connections."""

from typing import Final

from aws_cdk import Aws, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from muster.kept_days import log_group

# VPC User Guide, "IAM role for publishing flow logs to CloudWatch Logs", without what concerns other log groups
_ON_THE_GROUP: Final = ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")


class FlowLogs(Construct):
    """Accepted and rejected connections of `vpc`, kept for `days` in a log group that goes with the stack.

    The group is encrypted with `kms_key`, else with CloudWatch's own key.
    """

    def __init__(self, scope: Construct, id_: str, *, vpc: ec2.IVpc, days: int, kms_key: kms.IKey | None) -> None:
        super().__init__(scope, id_)
        group = log_group(self, "Group", days=days, kms_key=kms_key)
        role = iam.Role(self, "Role", assumed_by=self._service())
        policy = iam.ManagedPolicy(
            self,
            "Policy",
            description="Flow logs into their own log group",
            roles=[role],
            statements=[iam.PolicyStatement(actions=list(_ON_THE_GROUP), resources=[group.log_group_arn])],
        )
        log = ec2.CfnFlowLog(
            self,
            "Log",
            resource_id=vpc.vpc_id,
            resource_type="VPC",
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_group_name=group.log_group_name,
            deliver_logs_permission_arn=role.role_arn,
        )
        log.node.add_dependency(policy)

    def _service(self) -> iam.IPrincipal:
        """Return the flow logs of this account alone: without the condition another's could borrow the role."""
        every = Stack.of(self).format_arn(service="ec2", resource="vpc-flow-log", resource_name="*")
        conditions = {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}, "ArnLike": {"aws:SourceArn": every}}
        return iam.ServicePrincipal("vpc-flow-logs.amazonaws.com", conditions=conditions)

"""The record of a VPC's connections."""

from typing import Final

from aws_cdk import RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

# VPC User Guide, "IAM role for publishing flow logs to CloudWatch Logs", without what concerns other log groups
_ON_THE_GROUP: Final = ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")


class FlowLogs(Construct):
    """Accepted and rejected connections of `vpc`, kept one month in a log group that goes with the stack."""

    def __init__(self, scope: Construct, id_: str, *, vpc: ec2.IVpc) -> None:
        super().__init__(scope, id_)
        group = logs.LogGroup(
            self, "Group", retention=logs.RetentionDays.ONE_MONTH, removal_policy=RemovalPolicy.DESTROY
        )
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("vpc-flow-logs.amazonaws.com"))
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

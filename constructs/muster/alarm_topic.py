"""Where alarms are told."""

from collections.abc import Sequence
from typing import cast

from aws_cdk import ArnFormat, Aws, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct, IDependable

from muster.acknowledgements import HIPAA, NIST, PCI, acknowledge, acknowledge_in

_NO_KEY = "the cluster file names no kms_key, and AWS's own key for SNS lets no CloudWatch alarm publish"


class AlarmTopic(Construct):
    """SNS topic into which only this stack's CloudWatch alarms may publish, over TLS; `topic` is the topic.

    `email` is subscribed if given; its owner must confirm. With `kms_key` the topic is encrypted with it: its policy
    must then let `cloudwatch.amazonaws.com` use `kms:Decrypt` and `kms:GenerateDataKey*`. Made after `after`.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        email: str | None,
        kms_key: kms.IKey | None,
        after: Sequence[IDependable] = (),
    ) -> None:
        super().__init__(scope, id_)
        self.topic = sns.Topic(self, "Topic", master_key=kms_key, enforce_ssl=True)
        # the resource alone: what the formation wait is called changes with every deploy, and each name is a difference
        cast("sns.CfnTopic", self.topic.node.default_child).node.add_dependency(*after)
        self.topic.add_to_resource_policy(self._publishing())
        if email is not None:
            sns.Subscription(self, "Email", topic=self.topic, protocol=sns.SubscriptionProtocol.EMAIL, endpoint=email)
        if kms_key is None:
            acknowledge_in(self.topic, (NIST, PCI, HIPAA), "SNSEncryptedKMS", _NO_KEY)
            acknowledge(self.topic, "CKV_AWS_26", _NO_KEY)

    def _publishing(self) -> iam.PolicyStatement:
        # CloudFormation begins the name of an alarm without one with the stack's
        alarms = Stack.of(self).format_arn(
            service="cloudwatch",
            resource="alarm",
            resource_name=f"{Aws.STACK_NAME}-*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        return iam.PolicyStatement(
            sid="Alarms",
            principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
            actions=["sns:Publish"],
            resources=[self.topic.topic_arn],
            conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}, "ArnLike": {"aws:SourceArn": alarms}},
        )

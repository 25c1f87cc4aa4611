"""Log groups that keep their entries for a number of days."""

from typing import Final, cast

from aws_cdk import RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from muster.acknowledgements import HIPAA, NIST, PCI, acknowledge, acknowledge_in

_NO_KEY: Final = "the cluster file names no kms_key: CloudWatch Logs encrypts every log group with a key of its own"


def log_group(
    scope: Construct, id_: str, *, days: int, kms_key: kms.IKey | None, name: str | None = None
) -> logs.LogGroup:
    """Return a log group that goes with the stack; `days` is one of CloudWatch's numbers, `name` None makes one up.

    It is encrypted with `kms_key`, else with CloudWatch's own key.
    """
    group = logs.LogGroup(scope, id_, log_group_name=name, encryption_key=kms_key, removal_policy=RemovalPolicy.DESTROY)
    # the L2 construct takes a word for each of the numbers that CloudWatch allows; the file has the number
    cast("logs.CfnLogGroup", group.node.default_child).retention_in_days = days
    if kms_key is None:
        acknowledge_in(group, (NIST, PCI, HIPAA), "CloudWatchLogGroupEncrypted", _NO_KEY)
        acknowledge(group, "CKV_AWS_158", _NO_KEY)
    return group

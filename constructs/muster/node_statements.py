"""Statements of the nodes' role, as the parts of a stack that need them write them down."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import IConstruct


def allow(
    sid: str, actions: Sequence[str], resources: Sequence[str], conditions: Mapping[str, Any] | None = None
) -> iam.PolicyStatement:
    """Return the statement that allows `actions` on `resources`; `conditions` is an IAM element as it stands."""
    return iam.PolicyStatement(sid=sid, actions=list(actions), resources=list(resources), conditions=conditions)


def use_of_key(
    scope: IConstruct, key: kms.IKey | None, services: Sequence[str], *, writing: bool
) -> list[iam.PolicyStatement]:
    """Return the statement that lets `services` alone, in the region of `scope`, use `key` for the caller.

    They decrypt by it, and with `writing` make data keys too. Without a key of one's own, or without services that use
    it, no statement is needed.
    """
    if key is None or not services:
        return []
    actions = ["kms:Decrypt", "kms:GenerateDataKey"] if writing else ["kms:Decrypt"]
    ways = [f"{service}.{Stack.of(scope).region}.amazonaws.com" for service in services]
    return [allow("Key", actions, [key.key_arn], {"StringEquals": {"kms:ViaService": ways}})]


def bound_to_instance() -> list[iam.PolicyStatement]:
    """Return the two statements by which an instance's credentials are good for nothing but that instance.

    They deny whatever does not come from the VPC and from the private address that the credentials were given to, and
    so everything that comes by no VPC endpoint: only what does has `aws:SourceVpc` and `aws:VpcSourceIp`, and a
    negated operator holds for a key that is not there (IAM user guide, "AWS global condition context keys" and
    "Condition operators"). Gateway endpoints show an instance's private address as interface endpoints do (PrivateLink
    guide, "Gateway endpoints": considerations).

    Two kinds of requests are left alone, as the guide's own policy does it. Those without `ec2:SourceInstanceARN`:
    every session that EC2 made for an instance has it, at each service, and none has it that the instance asked for
    itself (sts:AssumeRole). And those that a service makes with these credentials (KMS, for a secret, an object or a
    table), for which AWS keeps nothing of the way; `IfExists`, as not every service tells who asks.

    An NFS client's request to EFS has no endpoint: no node that mounts one may have these statements.
    """
    return [
        _denied_unless("OwnVpcAlone", "aws:SourceVpc", "aws:Ec2InstanceSourceVpc"),
        _denied_unless("OwnAddressAlone", "aws:VpcSourceIp", "aws:Ec2InstanceSourcePrivateIPv4"),
    ]


def _denied_unless(sid: str, key: str, same_as: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid=sid,
        effect=iam.Effect.DENY,
        actions=["*"],
        resources=["*"],
        conditions={
            "StringNotEquals": {key: f"${{{same_as}}}"},
            "Null": {"ec2:SourceInstanceARN": "false"},
            "BoolIfExists": {"aws:ViaAWSService": "false"},
        },
    )

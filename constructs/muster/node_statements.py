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

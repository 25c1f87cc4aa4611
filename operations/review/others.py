"""Resources apart from the instances that hold data or serve users, and are replaced or deleted."""

from collections.abc import Mapping
from typing import Final

from operations.review.changes import Change
from operations.review.effects import Loss, OtherReview

DATA: Final[Mapping[str, str]] = {
    "AWS::DynamoDB::Table": "the witness of the pair",
    "AWS::EC2::Volume": "a node's data",
    "AWS::EFS::FileSystem": "the files that all nodes share",
    "AWS::Logs::LogGroup": "the logs",
    "AWS::RDS::DBInstance": "the database that all nodes share",
    "AWS::S3::Bucket": "the objects",
    "AWS::SecretsManager::Secret": "the password",
}
"""What holds data, and which."""

SERVICE: Final[Mapping[str, str]] = {
    "AWS::EC2::SecurityGroup": "connections are judged by the new group's rules",
    "AWS::EFS::MountTarget": "nodes of its zone reach the shared files by it",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "users reach it by another host name",
    "AWS::ElasticLoadBalancingV2::TargetGroup": "nodes must become healthy in the new one, users get new sessions",
    "AWS::IAM::AccessKey": "members find each other by the new key",
}
"""What serves users without holding data, and what its replacement means."""

KEEPING: Final = frozenset({"Retain", "RetainExceptOnCreate", "Snapshot"})


def other_reviews(changes: Mapping[str, Change]) -> tuple[OtherReview, ...]:
    """Return the resources of `DATA` and `SERVICE` that are lost, by logical id."""
    meant = {name: each for name, each in changes.items() if each.type in DATA or each.type in SERVICE}
    return tuple(found for each in meant.values() if (found := _other(each)))


def _other(change: Change) -> OtherReview | None:
    if change.kind == "replaced":
        return _found(change, "replaced", change.replace_policy, *change.causes, *_meaning(change))
    if change.kind == "removed":
        return _found(change, "deleted", change.old_policy, "no longer in the template")
    if change.kind != "added" and change.old_policy in KEEPING and change.new_policy not in KEEPING:
        words = f"DeletionPolicy {change.old_policy} to {change.new_policy}"
        return _found(change, "no longer kept", change.new_policy, f"{words}: a later deletion takes it")
    return None


def _meaning(change: Change) -> tuple[str, ...]:
    return (SERVICE[change.type],) if change.type in SERVICE else ()


def _found(change: Change, loss: Loss, policy: str, *reasons: str) -> OtherReview:
    kept = policy if policy in KEEPING else None
    return OtherReview(change.logical_id, change.type, loss, reasons, kept)

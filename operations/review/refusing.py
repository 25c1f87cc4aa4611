"""What must not be deployed as it is, each in one sentence with the safe way."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from operations.review.balancing import balancer_refusals
from operations.review.changes import Change
from operations.review.committing import lost_artifacts
from operations.review.effects import INTERRUPTING, Effect, NodeReview, OtherReview
from operations.review.others import DATA
from operations.review.replacing import INSTANCE, UNCHANGEABLE, VOLUME
from operations.review.settings import SettingChange, Way
from operations.review.values import node_name, references

FILE_SYSTEM: Final = "AWS::EFS::FileSystem"
DATABASE: Final = "AWS::RDS::DBInstance"
MOUNT_TARGET: Final = "AWS::EFS::MountTarget"

LOST_WITH_ANY_REPLACEMENT: Final = frozenset(
    {VOLUME, FILE_SYSTEM, DATABASE, "AWS::SecretsManager::Secret", "AWS::DynamoDB::Table"}
)
"""A running cluster needs the very volume, shared files, database, password and witness that it has, also where the old
one is kept. A volume is replaced as well where its node stays and it gets a successor of another logical id."""

NAMES: Final[Mapping[str, str]] = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::EC2::SecurityGroup": "GroupName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::SSM::Parameter": "Name",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "Name",
    "AWS::ElasticLoadBalancingV2::TargetGroup": "Name",
}
"""The property that names a resource for its account. CloudFormation makes the new one first, and the name is taken
(CloudFormation Template Reference, "Name type")."""


def refusals(
    nodes: Sequence[NodeReview],
    others: Sequence[OtherReview],
    found: Sequence[SettingChange],
    changes: Mapping[str, Change],
) -> tuple[str, ...]:
    """Return the sentences, nodes first."""
    return (
        *_of_nodes(nodes),
        *_of_settings(found),
        *_of_others(others, changes),
        *lost_artifacts(changes),
        *_shrunk(changes),
        *_unchangeable(changes),
        *_moved_mount_targets(changes),
        *balancer_refusals(changes),
        *_taken_names(changes),
    )


def _of_nodes(nodes: Sequence[NodeReview]) -> Iterator[str]:
    for node in nodes:
        if node.effect is Effect.REPLACEMENT:
            yield (
                f"node {node.name} would be replaced ({node.reasons[0]}): CloudFormation starts the new instance while "
                f"the old one has its address and volume, which EC2 refuses; swap it in two deploys: "
                f"nodes.{node.name}.present: false, ./muster lock FILE, deploy; then the change and true, again"
            )
    interrupted = [node.name for node in nodes if node.effect in INTERRUPTING]
    if len(interrupted) > 1:
        yield (
            f"nodes {', '.join(interrupted)} would be interrupted at the same time, and users with them; "
            "change one node a deploy: ./muster roll FILE"
        )
    elif interrupted and len(nodes) == 1:
        yield f"node {interrupted[0]} is the only one: users would be cut off"


def _of_settings(found: Sequence[SettingChange]) -> Iterator[str]:
    for each in found:
        if each.way is Way.KEPT:
            yield (
                f"{each.words}: registry and users are in that database, and no server would use it any more; leave "
                "it as it was, or deploy a new cluster without it"
            )
    if refused := [each for each in found if each.refused and each.way is not Way.KEPT]:
        yield (
            f"the nodes of a running cluster refuse {'; '.join(each.words for each in refused)}: the deployment would "
            f"fail and roll back; {'; '.join(_ways(refused))}"
        )


def _ways(refused: Sequence[SettingChange]) -> Iterator[str]:
    ways = {each.way for each in refused}
    if Way.ABSENT in ways:
        yield "a node's place can be changed while it is absent"
    if alone := [each.path for each in refused if each.way is Way.ALONE]:
        yield (
            f"{', '.join(alone)} can be changed while one node alone runs, the same before and after: in one deploy "
            "let all others be absent, in the next change it, in a third let them be present again"
        )
    if first := [each.path for each in refused if each.way is Way.FIRST]:
        yield (
            f"{', '.join(first)} can be changed while the node that commits is the first of all by its place, and "
            "goes on committing: let the first one commit by a deployment before, or give those before it successors "
            "of other names, which come last"
        )
    if Way.FRONTLESS in ways:
        yield "ports.tls can be changed in two deploys, by balancer.to_nodes: http and then https with the other port"
    if Way.NEVER in ways:
        yield "the rest needs a new cluster" if len(ways) > 1 else "that needs a new cluster"


def _of_others(others: Sequence[OtherReview], changes: Mapping[str, Change]) -> Iterator[str]:
    used = _used_volumes(changes)
    for each in others:
        if each.type not in DATA or each.loss == "no longer kept" or _written_by_template(changes[each.logical_id]):
            continue
        if each.logical_id not in used and _moves(changes[each.logical_id], changes):
            continue  # the volume of an absent node, which moves with it
        if each.kept is None:
            yield (
                f"{each.logical_id} ({each.type}) would be {each.loss}, and {DATA[each.type]} lost; deploy "
                "protection: on first, which keeps it, or leave this out of the change"
            )
        elif each.logical_id in used or (each.loss == "replaced" and each.type in LOST_WITH_ANY_REPLACEMENT):
            yield f"{each.logical_id} ({each.type}) would be replaced by one without {DATA[each.type]}"


def _written_by_template(secret: Change) -> bool:
    """Return whether this is a secret whose value the template takes from another resource: it can be made again."""
    return secret.type == "AWS::SecretsManager::Secret" and "SecretString" in secret.old


def _used_volumes(changes: Mapping[str, Change]) -> set[str]:
    """Return the volumes of the nodes that have an instance now and keep one."""
    instances = [each for each in changes.values() if each.type == INSTANCE]
    staying = {node_name(each.new) for each in instances if each.kind != "removed"}
    mine = [each for each in instances if each.kind != "removed" or node_name(each.old) in staying]
    return set().union(*(references(each.old.get("Volumes")) for each in mine))


def _moves(volume: Change, changes: Mapping[str, Change]) -> bool:
    """Return whether this is a volume whose node gets another one in this deploy."""
    made = [each for each in changes.values() if each.type == VOLUME and each.kind == "added"]
    return volume.type == VOLUME and any(node_name(each.new) == node_name(volume.old) for each in made)


def _unchangeable(changes: Mapping[str, Change]) -> Iterator[str]:
    for each in changes.values():
        if each.type == VOLUME and each.kind == "in place" and (names := sorted(UNCHANGEABLE & {*each.properties})):
            yield (
                f"{each.logical_id} ({VOLUME}) would get another {', '.join(names)}, which CloudFormation cannot "
                "change: the update would fail and roll back; take the node out and bring it back with another volume"
            )


def _moved_mount_targets(changes: Mapping[str, Change]) -> Iterator[str]:
    """Yield what would stand beside its predecessor (EFS API Reference, CreateMountTarget: MountTargetConflict)."""
    for each in changes.values():
        if each.type == MOUNT_TARGET and each.kind == "replaced" and each.causes != ("FileSystemId",):
            yield (
                f"{each.logical_id} ({MOUNT_TARGET}) would be made while the old one is there, and a file system has "
                "one in a zone: the update would fail and roll back; leave its subnet as it is"
            )


def _shrunk(changes: Mapping[str, Change]) -> Iterator[str]:
    for each in changes.values():
        old, new = each.old.get("Size"), each.new.get("Size")
        if each.type == VOLUME and str(old).isdigit() and str(new).isdigit() and int(str(new)) < int(str(old)):
            yield f"{each.logical_id} ({VOLUME}) would shrink from {old} to {new} GiB, which EBS cannot do"


def _taken_names(changes: Mapping[str, Change]) -> Iterator[str]:
    """Yield what replaces or succeeds a resource under the name that this still has."""
    gone = [each for each in changes.values() if each.kind in ("replaced", "removed")]
    made = [each for each in changes.values() if each.kind in ("replaced", "added")]
    for each in made:
        property_ = NAMES.get(each.type, "")
        name = each.new.get(property_)
        if name and any(other.type == each.type and other.old.get(property_) == name for other in gone):
            yield (
                f"{each.logical_id} ({each.type}) would be made under the name {name} while the old one still has it, "
                "which AWS refuses"
            )

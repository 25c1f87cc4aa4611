"""Change sets: what a deployment would do, resource by resource and property by property."""

import datetime
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rehearsal.account.cloudformation.evaluation import Evaluation
from rehearsal.account.cloudformation.faults import Refusal
from rehearsal.account.cloudformation.operations import Wanted
from rehearsal.account.cloudformation.order import graph_of, in_order
from rehearsal.account.cloudformation.provisioner import changed_properties
from rehearsal.account.cloudformation.stack import Resource, Stack, now
from rehearsal.account.cloudformation.template import Declaration
from rehearsal.account.cloudformation.values import ABSENT
from rehearsal.account.kinds import kind_of

UNKNOWN = "{{changeSet:KNOWN_AFTER_APPLY}}"
"""What stands for a value that only the deployment will know."""

NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."


@dataclass(frozen=True)
class Change:
    """What would become of one resource. `properties` maps each changed property to whether it replaces."""

    action: str
    logical_id: str
    type: str
    physical_id: str = ""
    properties: Mapping[str, bool] = field(default_factory=dict)
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    policy: str = ""

    @property
    def replaces(self) -> bool:
        """Whether a new physical resource would take the old one's place."""
        return any(self.properties.values())


@dataclass
class ChangeSet:
    """A change set. `status_reason` is set when there is nothing to do."""

    name: str
    id: str
    stack: Stack
    wanted: Wanted
    changes: Sequence[Change]
    empty: bool
    description: str = ""
    capabilities: Sequence[str] = ()
    role_arn: str = ""
    execution_status: str = "AVAILABLE"
    created_at: datetime.datetime = field(default_factory=now)
    deployment_mode: str = "STANDARD"


def new_id(name: str, *, region: str, account_id: str) -> str:
    """Return a change set's ARN."""
    return f"arn:aws:cloudformation:{region}:{account_id}:changeSet/{name}/{uuid.uuid4()}"


class _Placeholders(dict[str, Any]):
    """Attributes that are not known yet, whatever their name."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> str:
        return UNKNOWN


def preview(
    stack: Stack, evaluation: Evaluation, resources: dict[str, Resource], tags: Sequence[Mapping[str, str]] = ()
) -> list[Change]:
    """Return what deploying with these tags of the stack would do.

    `resources`, from which `evaluation` reads, is filled in the course: with those that stay as they are and with
    placeholders for those that would be made.
    """
    declared = evaluation.wanted()
    graph = graph_of(declared)
    changes = {}
    for name in in_order(graph):
        old = stack.resources.get(name)
        given = _properties(evaluation, declared[name], graph[name], resources)
        new = Resource(declared[name], kind_of(declared[name].type).tagged(given, tags), graph[name])
        kind_of(new.type).check(name, new.properties)
        change = _change(old, new)
        if change:
            changes[name] = change
        if old is None or (change and change.replaces):
            new.physical_id, new.attributes = UNKNOWN, _Placeholders()
            resources[name] = new
        else:
            resources[name] = old
    gone = [_removal(resource) for name, resource in stack.resources.items() if name not in declared]
    return [*(changes[name] for name in declared if name in changes), *gone]


def _properties(
    evaluation: Evaluation, declared: Declaration, needed: frozenset[str], resources: Mapping[str, Resource]
) -> dict[str, Any]:
    """Return a resource's properties; one that takes a value apart that is not known yet is unknown as a whole."""
    try:
        return evaluation.properties(declared)
    except Refusal:
        if not any(resources[name].physical_id == UNKNOWN for name in needed):
            raise
    result = {}
    for name, given in declared.properties.items():
        try:
            result[name] = evaluation.value(given)
        except Refusal:
            result[name] = UNKNOWN
    return {name: value for name, value in result.items() if value is not ABSENT}


def _change(old: Resource | None, new: Resource) -> Change | None:
    if old is None:
        return Change("Add", new.logical_id, new.type, after=new.properties)
    if old.type != new.type:
        return Change(
            "Modify", new.logical_id, new.type, old.physical_id, {"Type": True}, old.properties, new.properties
        )
    changed = changed_properties(old.properties, new.properties)
    same_metadata = old.declaration.metadata == new.declaration.metadata
    if not changed and same_metadata and not old.status.endswith("_FAILED"):
        return None
    mutable = kind_of(new.type).mutable
    replacing = {name: name not in mutable for name in sorted(changed)}
    return Change("Modify", new.logical_id, new.type, old.physical_id, replacing, old.properties, new.properties)


def _removal(resource: Resource) -> Change:
    policy = {"Delete": "Delete", "Snapshot": "Snapshot"}.get(resource.declaration.deletion_policy, "Retain")
    return Change(
        "Remove", resource.logical_id, resource.type, resource.physical_id, before=resource.properties, policy=policy
    )


def is_empty(stack: Stack, wanted: Wanted, changes: Sequence[Change]) -> bool:
    """Return whether deploying would change nothing at all."""
    if changes or stack.never_made:
        return False
    same_tags = sorted(map(str, stack.tags)) == sorted(map(str, wanted.tags))
    return same_tags and stack.template.outputs == wanted.template.outputs

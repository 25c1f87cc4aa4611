"""Brings one stack's resources to a template, remembering each step so that it can be undone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.account.cloud import Cloud
from rehearsal.account.cloudformation.evaluation import Evaluation
from rehearsal.account.cloudformation.faults import OperationError, Refusal, ResourceError
from rehearsal.account.cloudformation.order import graph_of, startable
from rehearsal.account.cloudformation.removal import Doomed, remove
from rehearsal.account.cloudformation.stack import Resource, Stack
from rehearsal.account.cloudformation.stack_policy import MODIFY, REPLACE, Policy, check
from rehearsal.account.cloudformation.template import Declaration
from rehearsal.account.kinds import kind_of
from rehearsal.account.kinds.base import Request, Settling, text_of

REPLACING = "Requested update requires the creation of a new physical resource; hence creating one."
FAULTS = (ClientError, BotoCoreError, ResourceError, Refusal, KeyError, ValueError, TypeError)
"""What makes a resource fail; anything else is a fault of this program and fails the operation as a whole."""


@dataclass(frozen=True)
class Step:
    """One thing done to `now`; `before` is how the resource was, None if there was none.

    `attempted` are the properties that an update in place was to bring.
    """

    now: Resource
    before: Resource | None
    in_place: bool = False
    attempted: Mapping[str, Any] = field(default_factory=dict)


class Provisioner:
    """One pass over a template, within what the stack policy allows. `steps` is what it did, in order.

    `tags` are the stack's, which all its resources get.
    """

    def __init__(
        self,
        cloud: Cloud,
        stack: Stack,
        evaluation: Evaluation,
        tags: Sequence[Mapping[str, str]] = (),
        policy: Policy | None = None,
    ) -> None:
        self._cloud = cloud
        self._stack = stack
        self._evaluation = evaluation
        self._tags = tags
        self._policy = policy
        self._settling: dict[str, Settling] = {}
        self._done: set[str] = set()
        self._begun: set[str] = set()
        self.steps: list[Step] = []

    def run(self) -> None:
        """Create, update and replace; nothing is deleted here.

        Raises `OperationError` at the first resource that fails, after marking those that still wait as cancelled.
        """
        wanted = self._evaluation.wanted()
        graph = graph_of(wanted)
        while len(self._done) < len(wanted):
            if self._stack.cancelled.is_set():
                self._cancel("Resource creation cancelled")
                raise OperationError("The operation was cancelled. ")
            ready = startable(graph, self._done, self._begun)
            for name in ready:
                self._begin(wanted[name], graph[name])
            if not self._settle() and not ready:
                self._wait()

    def _wait(self) -> None:
        with self._cloud.handles.changed:
            self._cloud.handles.changed.wait(timeout=0.1)

    def _begin(self, declared: Declaration, needed: frozenset[str]) -> None:
        self._begun.add(declared.logical_id)
        old = self._take_failed_away(declared.logical_id)
        resource = Resource(declared, {}, needed)
        try:
            kind = kind_of(declared.type)
            resource.properties = kind.tagged(self._evaluation.properties(declared), self._tags)
            kind.check(declared.logical_id, resource.properties)
            if old is None:
                self._create(resource, None)
            elif unchanged(old, resource):
                self._keep(old, resource)
            elif changes_in_place(old, resource):
                self._update(old, resource)
            else:
                self._replace(old, resource)
        except FAULTS as fault:
            self._fail(old or resource, text_of(fault), creating=old is None)

    def _take_failed_away(self, name: str) -> Resource | None:
        """Return the resource as it stands; one whose creation failed, kept by a disabled rollback, is made anew."""
        old = self._stack.resources.get(name)
        if old is None or old.status != "CREATE_FAILED":
            return old
        remove(self._cloud, self._stack, Doomed(old, "Delete"))
        del self._stack.resources[name]
        return None

    def _keep(self, old: Resource, resource: Resource) -> None:
        old.declaration, old.depends_on = resource.declaration, resource.depends_on
        self._done.add(old.logical_id)

    def _create(self, resource: Resource, old: Resource | None) -> None:
        kind = kind_of(resource.type)
        if old is None:
            self._stack.resources[resource.logical_id] = resource
            self._stack.mark(resource, "CREATE_IN_PROGRESS")
            self.steps.append(Step(resource, None))
        request = self._request(resource)
        made = kind.create(request)
        resource.physical_id, resource.attributes = made.physical_id, made.attributes
        if old is None:
            self._stack.mark(resource, "CREATE_IN_PROGRESS", "Resource creation Initiated")
        if settling := kind.settling(request):
            self._settling[resource.logical_id] = settling
        else:
            self._complete(resource, "CREATE_COMPLETE" if old is None else "UPDATE_COMPLETE")

    def _update(self, old: Resource, resource: Resource) -> None:
        self._stack.mark(old, "UPDATE_IN_PROGRESS")
        check(self._policy, MODIFY, old.logical_id, old.type)
        if kind_of(old.type).refuses_updates:
            raise ResourceError(f"Update to resource type {old.type} is not supported.")
        self.steps.append(Step(old, replace(old), in_place=True, attempted=resource.properties))
        old.attributes = kind_of(old.type).update(self._request(resource), old.existing())
        old.declaration, old.properties, old.depends_on = resource.declaration, resource.properties, resource.depends_on
        self._complete(old, "UPDATE_COMPLETE")

    def _replace(self, old: Resource, resource: Resource) -> None:
        self._stack.mark(old, "UPDATE_IN_PROGRESS", REPLACING)
        check(self._policy, REPLACE, old.logical_id, old.type)
        refuse_same_name(old, resource)
        self.steps.append(Step(resource, old))
        self._create(resource, old)
        self._stack.resources[resource.logical_id] = resource

    def _request(self, resource: Resource) -> Request:
        def made(physical_id: str) -> None:
            resource.physical_id = physical_id

        stack = self._stack
        return Request(self._cloud, stack.id, stack.name, resource.logical_id, resource.properties, made)

    def _complete(self, resource: Resource, status: str) -> None:
        self._done.add(resource.logical_id)
        self._stack.mark(resource, status)

    def _settle(self) -> bool:
        """Ask each resource that waits; return whether one is done."""
        moved = False
        for name, settling in list(self._settling.items()):
            resource = self._stack.resources[name]
            try:
                attributes = settling.outcome()
            except ResourceError as fault:
                del self._settling[name]
                self._fail(resource, str(fault), creating=True)
            if attributes is not None:
                del self._settling[name]
                resource.attributes = {**resource.attributes, **attributes}
                self._complete(resource, "CREATE_COMPLETE")
                moved = True
        return moved

    def _fail(self, resource: Resource, reason: str, *, creating: bool) -> None:
        word = "create" if creating else "update"
        self._stack.mark(resource, f"{word.upper()}_FAILED", reason)
        self._cancel("Resource creation cancelled")
        raise OperationError(f"The following resource(s) failed to {word}: [{resource.logical_id}]. ")

    def _cancel(self, reason: str) -> None:
        for name in self._settling:
            self._stack.mark(self._stack.resources[name], "CREATE_FAILED", reason)
        self._settling.clear()


def unchanged(old: Resource, new: Resource) -> bool:
    """Return whether nothing of a resource is to be done."""
    return old.type == new.type and old.properties == new.properties and not old.status.endswith("_FAILED")


def changed_properties(old: Mapping[str, Any], new: Mapping[str, Any]) -> set[str]:
    """Return the names of the properties that differ."""
    return {name for name in {*old, *new} if old.get(name) != new.get(name)}


def changes_in_place(old: Resource, new: Resource) -> bool:
    """Return whether a resource can become what is wanted without being replaced."""
    return old.type == new.type and changed_properties(old.properties, new.properties) <= kind_of(new.type).mutable


def refuse_same_name(old: Resource, new: Resource) -> None:
    """Raise `ResourceError` if a replacement would have the name that the old one still bears."""
    name = kind_of(new.type).custom_name
    if old.type == new.type and name and name in new.properties and old.properties.get(name) == new.properties[name]:
        raise ResourceError(
            "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
            f"Rename {new.properties[name]} and update the stack again."
        )

"""The state of one stack: its resources, events and outputs."""

import datetime
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rehearsal.account.cloudformation.stack_policy import Policy
from rehearsal.account.cloudformation.template import EMPTY, Declaration, Template
from rehearsal.account.kinds.base import Existing

LONGEST_REASON = 1024
"""Most characters of a reason that an event keeps."""


TICK = datetime.timedelta(milliseconds=1)
"""Least time between two events, so that a reader who sorts them by time, as the CDK CLI does, keeps their order."""


def now() -> datetime.datetime:
    """Return the time with its zone."""
    return datetime.datetime.now(datetime.UTC)


@dataclass
class Resource:
    """One resource as it stands; `properties` are the resolved ones that made it so."""

    declaration: Declaration
    properties: Mapping[str, Any]
    depends_on: frozenset[str] = frozenset()
    physical_id: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    status: str = "CREATE_IN_PROGRESS"
    reason: str = ""
    changed_at: datetime.datetime = field(default_factory=now)

    @property
    def logical_id(self) -> str:
        """The name in the template."""
        return self.declaration.logical_id

    @property
    def type(self) -> str:
        """The resource type."""
        return self.declaration.type

    def existing(self) -> Existing:
        """Return what a kind needs to know of it."""
        return Existing(self.physical_id, self.properties, self.attributes)


@dataclass(frozen=True)
class Event:
    """One entry of a stack's history."""

    operation_id: str
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str
    at: datetime.datetime
    event_id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True)
class Output:
    """One output of a stack."""

    key: str
    value: str
    description: str = ""
    export: str = ""


class Stack:
    """One stack. `REVIEW_IN_PROGRESS` until its first change set is executed."""

    def __init__(self, name: str, *, region: str, account_id: str) -> None:
        self.name = name
        self.id = f"arn:aws:cloudformation:{region}:{account_id}:stack/{name}/{uuid.uuid4()}"
        self.status = "REVIEW_IN_PROGRESS"
        self.reason = "User Initiated"
        self.created_at = now()
        self.updated_at: datetime.datetime | None = None
        self.deleted_at: datetime.datetime | None = None
        self.template: Template = EMPTY
        self.parameters: dict[str, str] = {}
        self.resolved_parameters: dict[str, Any] = {}
        self.tags: Sequence[Mapping[str, str]] = ()
        self.capabilities: Sequence[str] = ()
        self.role_arn = ""
        self.change_set_id = ""
        self.protected = False
        self.policy_body = ""
        self.policy: Policy | None = None
        """What updates may do, None where no policy was ever set."""
        self.rollback_disabled = False
        self.deleting = False
        self.resources: dict[str, Resource] = {}
        self.deleted_resources: Mapping[str, Resource] = {}
        """What it had when it was deleted: that is listed still, by the stack's id."""
        self.outputs: tuple[Output, ...] = ()
        self.imports: frozenset[str] = frozenset()
        self.events: list[Event] = []
        self.operation_id = ""
        self.cancelled = threading.Event()
        self.idle = threading.Event()
        self.idle.set()

    @property
    def never_made(self) -> bool:
        """Whether there is nothing but change sets."""
        return self.status == "REVIEW_IN_PROGRESS"

    @property
    def gone(self) -> bool:
        """Whether it is deleted and known by its id alone."""
        return self.status == "DELETE_COMPLETE"

    def begin_operation(self) -> None:
        """Give the events that follow a new operation id."""
        self.operation_id = str(uuid.uuid4())

    def turn(self, status: str, reason: str = "") -> None:
        """Change the status of the stack itself."""
        self.status, self.reason = status, reason[:LONGEST_REASON]
        self._note(self.name, self.id, "AWS::CloudFormation::Stack", status, reason)

    def mark(self, resource: Resource, status: str, reason: str = "") -> None:
        """Change the status of a resource."""
        resource.status, resource.reason, resource.changed_at = status, reason[:LONGEST_REASON], now()
        self._note(resource.logical_id, resource.physical_id, resource.type, status, reason)

    def _note(self, logical_id: str, physical_id: str, type_: str, status: str, reason: str) -> None:
        at = now()
        if self.events and at - self.events[-1].at < TICK:
            at = self.events[-1].at + TICK
        reason = reason[:LONGEST_REASON]
        self.events.append(Event(self.operation_id, logical_id, physical_id, type_, status, reason, at))

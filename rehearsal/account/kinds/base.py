"""What a resource type is to the engine: how to create, update in place and delete it through the public API."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from botocore.exceptions import ClientError

from rehearsal.account.cloud import Cloud
from rehearsal.account.cloudformation.faults import Refusal, ResourceError, UnsupportedError

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


@dataclass(frozen=True)
class Made:
    """What was created: its physical id (`Ref`) and its attributes (`Fn::GetAtt`)."""

    physical_id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Existing:
    """A resource as it stands, with the resolved properties that made it so."""

    physical_id: str
    properties: Mapping[str, Any]
    attributes: Mapping[str, Any]


class Settling(Protocol):
    """Something that a resource waits for after its creation."""

    def outcome(self) -> Mapping[str, Any] | None:
        """Return the attributes that are known now, None while waiting; raise `ResourceError` when it failed."""


@dataclass(frozen=True)
class Request:
    """One creation or update: the resolved properties, and the account to work in.

    `made` is told the physical id as soon as there is one, so that a creation that fails half-way is cleaned up.
    """

    cloud: Cloud
    stack_id: str
    stack_name: str
    logical_id: str
    properties: Mapping[str, Any]
    made: Callable[[str], None] = lambda _: None

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Call an API operation by its API name."""
        return self.cloud.call(service, operation, **parameters)

    def given(self, *names: str) -> dict[str, Any]:
        """Return those of the named properties that are set."""
        return {name: self.properties[name] for name in names if name in self.properties}

    def generated_name(self, limit: int) -> str:
        """Return a name as CloudFormation makes them: stack, logical id, twelve random characters."""
        ending = "".join(secrets.choice(ALPHABET) for _ in range(12))
        return f"{self.stack_name}-{self.logical_id}"[: limit - 13].strip("-") + f"-{ending}"

    def own_tags(self) -> list[dict[str, str]]:
        """Return the declared tags and the three that CloudFormation adds."""
        added = {
            "aws:cloudformation:stack-name": self.stack_name,
            "aws:cloudformation:stack-id": self.stack_id,
            "aws:cloudformation:logical-id": self.logical_id,
        }
        return [*self.properties.get("Tags", ()), *({"Key": key, "Value": value} for key, value in added.items())]

    def changed(self, old: Existing) -> set[str]:
        """Return the names of the properties that differ from those of `old`."""
        return {
            name
            for name in {*self.properties, *old.properties}
            if self.properties.get(name) != old.properties.get(name)
        }


class Kind:
    """One resource type. A subclass names every property that it honours; all others are refused by name."""

    type: ClassVar[str]
    properties: ClassVar[frozenset[str]] = frozenset()
    mutable: ClassVar[frozenset[str]] = frozenset()
    """Properties whose change needs no replacement, as the type's reference says."""
    custom_name: ClassVar[str | None] = None
    """The property that gives an explicit name, with which a replacement cannot stand beside the old one."""
    refuses_updates: ClassVar[bool] = False
    """Whether CloudFormation refuses every change of such a resource."""
    snapshots: ClassVar[bool] = False
    """Whether the policies may say `Snapshot`."""
    tags_by_name: ClassVar[bool] = False
    """Whether the property `Tags` is a map instead of a list."""
    tags_in: ClassVar[str] = "Tags"
    """The property that holds the tags."""

    def create(self, request: Request) -> Made:
        """Create the resource."""
        raise NotImplementedError

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Bring `old` to the request's properties in place; return its attributes."""
        raise UnsupportedError(f"{self.type}: {sorted(request.changed(old))} cannot be changed in place here")

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the resource."""
        raise NotImplementedError

    def snapshot(self, cloud: Cloud, old: Existing, description: str) -> None:
        """Keep a copy of the resource's data."""
        raise NotImplementedError

    def settling(self, request: Request) -> Settling | None:
        """Return what a creation has to wait for, if anything."""
        del request
        return None

    def tagged(self, properties: dict[str, Any], tags: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        """Return properties with the stack's tags added; where both name one, the resource's own value stands.

        Source: user guide, "Resource tag".
        """
        if not tags or self.tags_in not in self.properties:
            return properties
        if self.tags_by_name:
            return properties | {"Tags": {tag["Key"]: tag["Value"] for tag in tags} | properties.get("Tags", {})}
        own = list(properties.get(self.tags_in, ()))
        named = {tag["Key"] for tag in own}
        return properties | {self.tags_in: [*own, *(dict(tag) for tag in tags if tag["Key"] not in named)]}

    def check(self, logical_id: str, properties: Mapping[str, Any]) -> None:
        """Raise `UnsupportedError` for a property that this kind does not honour."""
        if unknown := sorted(set(properties) - self.properties):
            raise UnsupportedError(
                f"{logical_id}: {self.type}: properties {unknown} are not supported by this emulated account"
            )


class Fields(dict[str, Any]):
    """A part that a kind takes to pieces itself; `done` refuses whatever was not taken."""

    def __init__(self, given: Mapping[str, Any], what: str) -> None:
        super().__init__(given)
        self._what = what

    def take(self, name: str, default: Any = None) -> Any:
        """Return a field and strike it off."""
        return self.pop(name, default)

    def done(self) -> None:
        """Raise `UnsupportedError` for fields that nobody took."""
        if self:
            raise UnsupportedError(f"{self._what}: {sorted(self)} are not supported by this emulated account")


def reason_of(fault: ClientError) -> str:
    """Return the text that CloudFormation puts in an event for a refused API call."""
    error, status = fault.response["Error"], fault.response["ResponseMetadata"].get("HTTPStatusCode")
    return (
        f'Resource handler returned message: "{error.get("Message", "")} (Operation: {fault.operation_name}, '
        f'Status Code: {status}, Error Code: {error.get("Code", "")})"'
    )


def text_of(fault: Exception) -> str:
    """Return what an event says about a fault."""
    if isinstance(fault, ClientError):
        return reason_of(fault)
    if isinstance(fault, (ResourceError, Refusal)):
        return str(fault)
    return f"{type(fault).__name__}: {fault}"


def is_gone(fault: ClientError) -> bool:
    """Return whether an API call failed because what it names does not exist."""
    code = fault.response["Error"].get("Code", "")
    return any(word in code for word in ("NotFound", "NoSuch", "InvalidAllocationID.NotFound"))


def refuse(message: str, code: str) -> ResourceError:
    """Return the error of an API call that AWS refuses and the emulator allows."""
    return ResourceError(f'Resource handler returned message: "{message} (Status Code: 400, Error Code: {code})"')


def tag_changes(request: Request, old: Existing) -> tuple[list[str], list[dict[str, str]]]:
    """Return the keys of the tags to remove and the tags to set."""
    before = {tag["Key"] for tag in old.properties.get("Tags", ())}
    after = {tag["Key"]: tag["Value"] for tag in request.properties.get("Tags", ())}
    return sorted(before - set(after)), [{"Key": key, "Value": value} for key, value in after.items()]


def retag(
    request: Request, old: Existing, service: str, untag: str = "UntagResource", tag: str = "TagResource", **of: Any
) -> None:
    """Bring the tags of the resource that `of` names to what the template says, by these two operations of `service`.

    For those that take `TagKeys` and `Tags`.
    """
    removed, wanted = tag_changes(request, old)
    if removed:
        request.call(service, untag, **of, TagKeys=removed)
    if wanted:
        request.call(service, tag, **of, Tags=wanted)

"""What becomes of each resource between two templates, replacements carried on to what refers to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Literal

from operations.review.replacing import replacing_paths
from operations.review.values import Template, at, references, resolve

Kind = Literal["same", "in place", "replaced", "added", "removed"]
EMPTY: Final[Template] = {}
DELETE: Final = "Delete"


@dataclass(frozen=True)
class Change:
    """One resource: names of the `properties` that change, of these the `causes` of a replacement.

    `old` and `new` are its properties, resolved. A policy is Delete where the template gives none.
    """

    logical_id: str
    type: str
    kind: Kind
    properties: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    old: Mapping[str, Any] = field(default_factory=dict)
    new: Mapping[str, Any] = field(default_factory=dict)
    old_policy: str = DELETE
    new_policy: str = DELETE
    replace_policy: str = DELETE


@dataclass(frozen=True)
class _Resource:
    type: str
    properties: Mapping[str, Any]
    policy: str
    replace_policy: str


def compare(old: Template | None, new: Template | None) -> dict[str, Change]:
    """Return the change of every resource of either template, by logical id.

    A property also changes when it refers to a resource that is replaced: a new subnet makes a new instance. One that
    keeps its logical id and gets another type is taken as replaced, though CloudFormation refuses it.
    """
    before, after = _resources(old or EMPTY), _resources(new or EMPTY)
    replaced: set[str] = set()
    while True:
        changes = {name: _change(name, before.get(name), after.get(name), replaced) for name in {*before, *after}}
        found = {name for name, each in changes.items() if each.kind == "replaced"}
        if found == replaced:
            return {name: changes[name] for name in sorted(changes)}
        replaced = found


def _resources(template: Template) -> dict[str, _Resource]:
    return {
        name: _Resource(
            each["Type"],
            resolve(each.get("Properties", {}), template),
            each.get("DeletionPolicy", DELETE),
            each.get("UpdateReplacePolicy", DELETE),
        )
        for name, each in template.get("Resources", {}).items()
    }


def _change(name: str, old: _Resource | None, new: _Resource | None, replaced: set[str]) -> Change:
    if old is None or new is None:
        return _one_sided(name, old, new)
    between = partial(
        Change,
        name,
        old.type,
        old=old.properties,
        new=new.properties,
        old_policy=old.policy,
        new_policy=new.policy,
        replace_policy=new.replace_policy,
    )
    if old.type != new.type:
        return between("replaced", causes=("Type",))
    changed = {key for key in {*old.properties, *new.properties} if _differs(old, new, (key,), replaced)}
    paths = replacing_paths(old.type, changed, old.properties, new.properties)
    causes = {"/".join(path) for path in paths if _differs(old, new, path, replaced)}
    kind: Kind = "replaced" if causes else "in place" if changed else "same"
    return between(kind, tuple(sorted(changed)), tuple(sorted(causes)))


def _one_sided(name: str, old: _Resource | None, new: _Resource | None) -> Change:
    if old is not None:
        return Change(name, old.type, "removed", old=old.properties, old_policy=old.policy)
    assert new is not None
    return Change(name, new.type, "added", new=new.properties, new_policy=new.policy)


def _differs(old: _Resource, new: _Resource, path: tuple[str, ...], replaced: set[str]) -> bool:
    before, after = at(old.properties, path), at(new.properties, path)
    return before != after or bool(references(after) & replaced)

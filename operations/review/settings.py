"""The settings document of a template, and what differs between two of them."""

import json
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from typing import Any, Final

from operations.review.changes import Change
from operations.review.values import references

CONFIRMED: Final = frozenset({"generation", "wait_url"})
"""New in each deployment; a node that sees nothing else new confirms that the cluster is formed, and does no more."""

GROUPS: Final = {"asset": "the program on the nodes (asset)", "artifact": "the application's file (artifact)"}
"""Parts whose hashes and keys tell a person nothing."""


class Way(Enum):
    """How what is refused could be changed: while its member is absent, while one member alone runs, or never."""

    ABSENT = auto()
    ALONE = auto()
    FIRST = auto()
    """While the node that commits artifacts is the first one to change."""
    KEPT = auto()
    """Never: nodes would leave it out, so that a failed deployment finds back, and what is in it would be nobody's."""
    FRONTLESS = auto()
    """While the nodes have no TLS fronts."""
    NEVER = auto()


@dataclass(frozen=True)
class Fixed:
    """What the nodes of a running cluster refuse to change.

    `settings` are dotted paths, and `together` those that can change while one member runs alone, the same before and
    after; `placed` is what cannot change of a member that runs, `ordinals` whether a member's place among the others
    cannot, so that none comes or goes; `grouped` whether its group cannot. `given` are dotted paths of what is given by
    the user or made by the nodes (empty): neither can become the other.

    The node that commits artifacts must be the first one to change for `moved`, which say where the repository is, and
    stay the one that commits; and the first one for `begun`, which say where a database is, and are never left out.
    """

    settings: tuple[str, ...] = ()
    together: tuple[str, ...] = ()
    placed: frozenset[str] = frozenset()
    ordinals: bool = False
    grouped: bool = False
    given: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    begun: tuple[str, ...] = ()


_BETWEEN: Final = "ports.between"
"""The port of TLS between the nodes of a pair, none without: one that comes is no less refused than one that goes."""

FIXED: Final[Mapping[str, Fixed]] = {
    "as400gateway": Fixed(
        ("ports.database", "ports.peer", _BETWEEN, "settings.database", "settings.home", "secrets", "table"),
        placed=frozenset({"zone", "address", "volume"}),
        ordinals=True,
    ),
    "axonivy": Fixed(
        (
            *("ports.jgroups", "ports.peer", "settings.database.url"),
            *("settings.file_system", "settings.home", "settings.shared"),
        ),
        together=("settings.version",),
        placed=frozenset({"address"}),
    ),
    "kaazing": Fixed(
        ("ports.member", "ports.peer", "settings.cluster", "settings.home"),
        placed=frozenset({"address"}),
    ),
    "wso2-as": Fixed(
        ("ports.member", "ports.peer", "settings.artifacts.append", "settings.domain", "settings.home"),
        placed=frozenset({"address"}),
        grouped=True,
        given=("settings.artifacts.url",),
        moved=("settings.artifacts.url", "ports.svn"),
        begun=("settings.database.url",),
    ),
    "wso2-carbon": Fixed(
        ("ports.member", "ports.peer", "settings.domain", "settings.home"),
        placed=frozenset({"address"}),
    ),
}
"""By product, as the nodes have it: `refusal` in musternode.rollout, axonivy.document, kaazing.settings,
appserver.changes and carbon.settings."""

MEANT: Final[Mapping[str, str]] = {"settings.discovery_key": "each node's product restarts with that key in its turn"}
"""What a changed setting does that its name does not tell."""

_FRONT: Final = "ports.tls"
_GROUPS: Final = "settings.groups."
_COMMITTER: Final = "settings.committer"

LONGEST: Final = 60
"""Characters that are shown of a value."""


@dataclass(frozen=True)
class SettingChange:
    """A setting by its dotted path, such as ports.http or members.a.zone, in words for a person.

    `way` is how it could be changed all the same where it is refused.
    """

    path: str
    words: str
    way: Way | None = None

    @property
    def refused(self) -> bool:
        """Whether it must not be deployed to a running cluster."""
        return self.way is not None


def document(changes: Mapping[str, Change], *, new: bool) -> dict[str, Any] | None:
    """Return the settings document of the old or the new template, references as `${LogicalId}`; None without one.

    Raises `ValueError` if the parameter holds no JSON object.
    """
    for each in changes.values():
        properties = each.new if new else each.old
        name = str(properties.get("Name", ""))
        if each.type == "AWS::SSM::Parameter" and name.startswith("/muster/") and name.endswith("/settings"):
            found = json.loads(properties["Value"])
            if not isinstance(found, dict):
                raise ValueError(f"the parameter {name} holds no JSON object")
            return found
    return None


def differences(old: Mapping[str, Any], new: Mapping[str, Any], replaced: Set[str]) -> list[SettingChange]:
    """Return what a node finds changed, in the order of the paths; a value of a replaced resource is another value."""
    before, after = dict(_flat(old)), dict(_flat(new))
    fixed = FIXED.get(str(new.get("product")), Fixed())
    way = partial(_way, fixed=fixed, before=before, after=after)
    found: dict[str, SettingChange] = {}
    for path in sorted({*before, *after}):
        if path.partition(".")[0] in CONFIRMED:
            continue
        one, other = before.get(path), after.get(path)
        if one != other or references(other) & replaced:
            # what a document of before lacks is new to the nodes, and no change of what they have
            fresh = one is None and path not in {*fixed.begun, _BETWEEN}
            change = _described(path, one, other, None if fresh else way(path))
            found.setdefault(change.words, change)
    return list(found.values())


def _described(path: str, old: Any, new: Any, way: Way | None) -> SettingChange:
    top = path.partition(".")[0]
    if top in GROUPS:
        return SettingChange(path, GROUPS[top])
    words = "of a replaced resource" if old == new else f"{_shown(old)} to {_shown(new)}"
    meant = f"; {MEANT[path]}" if path in MEANT and None not in (old, new) else ""
    return SettingChange(path, f"{path}: {words}{meant}", way)


def _way(path: str, *, fixed: Fixed, before: Mapping[str, Any], after: Mapping[str, Any]) -> Way | None:
    """Return how the setting at `path`, which is refused, could be changed; None where the nodes take it over."""
    if path == _FRONT:
        return None if after.get(path) is None else Way.FRONTLESS
    if path in fixed.together:
        running = _running(before)
        return None if len(running) == 1 and running == _running(after) else Way.ALONE
    if path in {*fixed.given, *fixed.moved, *fixed.begun}:
        return _way_of_data(path, fixed=fixed, before=before, after=after)
    if fixed.grouped and path.startswith(_GROUPS):
        name = path.removeprefix(_GROUPS)
        return Way.ABSENT if _runs_on(name, before, after) else None
    if not path.startswith("members."):
        return Way.NEVER if any(path == each or path.startswith(f"{each}.") for each in fixed.settings) else None
    member, _, name = path.rpartition(".")
    if fixed.ordinals and name == "ordinal":
        return Way.NEVER
    stays = fixed.ordinals or bool(after.get(f"{member}.present", False))
    return Way.ABSENT if name in fixed.placed and _runs(before, member) and stays else None


def _way_of_data(path: str, *, fixed: Fixed, before: Mapping[str, Any], after: Mapping[str, Any]) -> Way | None:
    """Return it for a setting that says where artifacts are, or registry and users."""
    first, now = _first(before, after), after.get(_COMMITTER)
    if path in fixed.begun:
        return Way.KEPT if after.get(path) is None else None if first in (None, now) else Way.FIRST
    if path in fixed.given and not (before[path] and after.get(path)):
        return Way.NEVER
    made = not any(after.get(each) for each in fixed.given)
    led = first is not None and first == before.get(_COMMITTER) == now
    return Way.FIRST if (made or path in fixed.given) and not led else None


def _first(before: Mapping[str, Any], after: Mapping[str, Any]) -> str | None:
    """Return the name of the node that changes before all others: of those that run, and go on, the first by place."""
    members = [each for each in _running(before) if f"{each}.name" in after and _runs(after, each)]
    first = min(members, key=lambda each: int(before[f"{each}.ordinal"]), default=None)
    return first and str(before[f"{first}.name"])


def _runs_on(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Return whether the node called `name` runs, and is to go on."""
    return f"members.{name}.name" in before and all(
        bool(each.get(f"members.{name}.present")) for each in (before, after)
    )


def _running(document: Mapping[str, Any]) -> Set[str]:
    """Return the paths of the members that run."""
    members = {path.rpartition(".")[0] for path in document if path.startswith("members.")}
    return {each for each in members if _runs(document, each)}


def _runs(document: Mapping[str, Any], member: str) -> bool:
    return bool(document.get(f"{member}.present", True))


def _shown(value: Any) -> str:
    text = "none" if value is None else value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted path, scalar); the items of a list of named things by their names, of another by their numbers."""
    if isinstance(value, Mapping):
        items = list(value.items())
    elif isinstance(value, list):
        items = [(str(each["name"] if _is_named(each) else number), each) for number, each in enumerate(value)]
    else:
        yield path, value
        return
    for key, each in items:
        yield from _flat(each, f"{path}.{key}" if path else str(key))


def _is_named(value: Any) -> bool:
    return isinstance(value, Mapping) and "name" in value

"""Which steps bring launched nodes to what the file and the pins want: one node at a time, pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from muster.aws_names import architecture
from muster.spec import PLACEHOLDER, Cluster, Lock
from muster.spec.lock import OWN, LockedNode
from muster.spec.lock_changes import changes
from muster.spec.locking import Launch, locked, verify, wanted
from muster.spec.refusal_words import file_of

Kind = Literal["type", "absent", "present"]


@dataclass(frozen=True)
class Step:
    """One deploy: `lock` is written before it, `after` once the cluster has formed again; `says` is for the user."""

    node: str
    kind: Kind
    lock: Lock
    after: Lock
    says: str


def steps(lock: Lock, cluster: Cluster) -> list[Step]:
    """Return the deploys that are still to be made, none if every present node is as wanted.

    A type of the same processor is changed in place (stop, start); for another image the node is taken out and made
    anew in its place, with its data volume and address. Raises `SpecError` for what a roll cannot bring about.
    """
    want = wanted(cluster, lock)
    names = _to_change(lock, cluster, want)
    if not names:
        verify(cluster, lock.changed(rolling=()))
        return []
    current = _with_absent(lock.changed(rolling=tuple(names)), cluster)
    _refuse_unpinned(lock, cluster, want)
    _refuse_the_last(lock, cluster, names[0])
    made: list[Step] = []
    for name in names:
        for kind in _kinds(lock.nodes[name], want):
            current = _next(made, current, name, kind, want, commits=name == _committer(cluster))
    return made


def to_serve(lock: Lock, cluster: Cluster) -> list[str]:
    """Return the nodes that the balancer must find healthy with `lock`: all that are present.

    But while the node that commits artifacts is out, another one of management does not take its place.
    """
    present = [name for name, node in sorted(lock.nodes.items()) if node.present and cluster.nodes[name].present]
    hosts, first = cluster.about.hosts(cluster), _committer(cluster)
    waiting = hosts.management.nodes if hosts and first and first not in present else ()
    return [name for name in present if name not in waiting]


def settled(lock: Lock, cluster: Cluster) -> Lock:
    """Return `lock` without the rolling nodes that are as wanted already."""
    return lock.changed(rolling=tuple(_to_change(lock, cluster, wanted(cluster, lock))))


def as_found(lock: Lock, seen: Mapping[str, tuple[str, str]]) -> Lock:
    """Return `lock` with its rolling nodes as they were found: node -> (type, image), none where there is no instance.

    A roll that was interrupted, or whose deploy was rolled back, goes on from what is there.
    """
    for name in lock.rolling:
        if name not in seen:
            lock = lock.with_node(name, present=False)
            continue
        type_, image = seen[name]
        node = lock.nodes[name]
        known = {pin.id: source for source, pin in lock.images.items()} | {str(node.image): node.source}
        source = node.source if image == PLACEHOLDER else known.get(image, OWN)
        lock = lock.with_node(
            name, present=True, type=type_, image=None if image == PLACEHOLDER else image, source=source
        )
    return lock


def _to_change(lock: Lock, cluster: Cluster, want: Launch) -> list[str]:
    """Return the nodes to change, those first that a roll has taken out, then by ordinal."""
    names = [
        name
        for name, node in lock.nodes.items()
        if name in cluster.nodes and cluster.nodes[name].present and _kinds(node, want, rolling=name in lock.rolling)
    ]
    return sorted(names, key=lambda name: (lock.nodes[name].present, lock.nodes[name].ordinal))


def _kinds(node: LockedNode, want: Launch, *, rolling: bool = True) -> list[Kind]:
    if not node.present:
        return ["present"] if rolling else []
    image = node.source != want.source or (want.image is not None and node.image != want.image)
    if image or architecture(node.type) != architecture(want.type):
        return ["absent", "present"]
    return ["type"] if node.type != want.type else []


def _committer(cluster: Cluster) -> str | None:
    """Return the node that commits artifacts, where one of management does."""
    found = cluster.about.settings(cluster).get("committer") if cluster.about.hosts(cluster) else None
    return str(found) if found else None


def _next(made: list[Step], current: Lock, name: str, kind: Kind, want: Launch, *, commits: bool) -> Lock:
    """Append the step and return the lock after it."""
    if kind == "absent":
        lock = current.with_node(name, present=False)
        nobody = "; nobody commits artifacts until it is back" if commits else ""
        says = f"take {name} out; the others serve, its volume and address stay{nobody}"
        made.append(Step(name, kind, lock, lock, says))
        return lock
    lock = current.with_node(name, present=True, type=want.type, image=want.image, source=want.source)
    after = lock.changed(rolling=tuple(other for other in lock.rolling if other != name))
    image = want.image or "the placeholder"
    says = (
        f"stop {name}, start it as {want.type}" if kind == "type" else f"make {name} anew as {want.type} from {image}"
    )
    made.append(Step(name, kind, lock, after, says))
    return after


def _with_absent(rolling: Lock, cluster: Cluster) -> Lock:
    """Return `rolling` with the nodes that stay absent as the file has them; refuse whatever else it wants."""
    now = locked(rolling, cluster)
    absent = {name: now.nodes[name] for name, node in rolling.nodes.items() if name in now.nodes and not node.present}
    base = rolling.changed(
        nodes={**rolling.nodes, **absent}, artifact=now.artifact, scheme=rolling.scheme or now.scheme
    )
    if more := changes(base, now):
        what = (
            f"wants more than a roll does ({more[0]}): take that back, ./muster roll {file_of(cluster)}, then change it"
        )
        raise cluster.refusal("", what)
    return base


def _refuse_unpinned(lock: Lock, cluster: Cluster, want: Launch) -> None:
    others = [node for node in lock.nodes.values() if node.source != want.source]
    if others and want.image is None:
        what = f"no image is pinned for {want.source}: ./muster bump {file_of(cluster)}, then roll"
        raise cluster.refusal("instance", what)


def _refuse_the_last(lock: Lock, cluster: Cluster, first: str) -> None:
    """Refuse to take out the one node that serves: nobody would have the data, or answer."""
    present = {name for name, node in lock.nodes.items() if node.present and cluster.nodes[name].present}
    if not present - {first}:
        what = f"node {first} would be taken out, and no other is present: bring another back first"
        raise cluster.refusal("nodes", what)

"""The decision: what a change does to each node, to what holds data, and what of it is refused."""

from collections.abc import Mapping, Set
from dataclasses import replace

from operations.review import refusing, settings
from operations.review.balancing import left_ports
from operations.review.changes import Change, compare
from operations.review.effects import INTERRUPTING, Effect, NodeReview, Review
from operations.review.others import other_reviews
from operations.review.replacing import INSTANCE, RESTARTS, VOLUME
from operations.review.settings import SettingChange
from operations.review.values import Template, node_name


def review(old: Template | None, new: Template | None) -> Review:
    """Return what deploying `new` over `old` does; None is a stack that is not there. Pure, of the two templates alone.

    Raises `ValueError` for a template whose settings document cannot be read.
    """
    changes = compare(old, new)
    replaced = {name for name, each in changes.items() if each.kind == "replaced"}
    found, confirmed = _settings(changes, replaced)
    before, after = _instances(changes, new=False), _instances(changes, new=True)
    names = sorted({*before, *after})
    judged = (_node(name, before.get(name), after.get(name), found, confirmed) for name in names)
    nodes = tuple(_with_targets(_with_volume(each, changes), changes) for each in judged)
    others = other_reviews(changes)
    return Review(nodes, others, refusing.refusals(nodes, others, found, changes))


def _settings(changes: Mapping[str, Change], replaced: Set[str]) -> tuple[list[SettingChange], bool]:
    """Return what differs in the settings document, and whether there is another document at all."""
    old, new = settings.document(changes, new=False), settings.document(changes, new=True)
    if old is None or new is None:
        return [], False
    return settings.differences(old, new, replaced), old != new


def _instances(changes: Mapping[str, Change], *, new: bool) -> dict[str, Change]:
    """Return the instances of one side by the names of their nodes."""
    absent = "removed" if new else "added"
    return {
        node_name(each.new if new else each.old, each.logical_id): each
        for each in changes.values()
        if each.type == INSTANCE and each.kind != absent
    }


def _node(name: str, old: Change | None, new: Change | None, found: list[SettingChange], confirmed: bool) -> NodeReview:
    if old is None:
        return NodeReview(name, Effect.NEW)
    if new is None:
        return NodeReview(name, Effect.REMOVED, _protection(name, old))
    words = tuple(f"setting {each.words}" for each in found)
    if old.logical_id != new.logical_id:
        return NodeReview(name, Effect.REPLACEMENT, ("another resource stands for it", *words))
    if new.kind == "replaced":
        return NodeReview(name, Effect.REPLACEMENT, (*(_reason(new, cause) for cause in new.causes), *words))
    restarting = [each for each in new.properties if each in RESTARTS]
    if restarting:
        return NodeReview(name, Effect.RESTART, (*(_reason(new, each) for each in restarting), *words))
    in_place = tuple(f"{each} changes in place" for each in new.properties)
    if found:
        return NodeReview(name, Effect.ROLLING, (*words, *in_place))
    confirming = ("confirms that the cluster is formed",) if confirmed else ()
    return NodeReview(name, Effect.NOTHING, (*confirming, *in_place))


def _with_volume(node: NodeReview, changes: Mapping[str, Change]) -> NodeReview:
    """Return the review with what changes of the node's data volume while it is in use."""
    own = [each for each in changes.values() if each.type == VOLUME and each.kind == "in place"]
    mine = [each for each in own if node_name(each.new) == node.name]
    words = [f"data volume: {_reason(each, name)}" for each in mine for name in each.properties if name != "Tags"]
    return replace(node, reasons=(*node.reasons, *words))


def _with_targets(node: NodeReview, changes: Mapping[str, Change]) -> NodeReview:
    """Return the review with what the node's users meet whose targets go, as where its weight falls.

    The load balancer keeps a user on a target, which is a node and a port (Elastic Load Balancing, "Sticky sessions").
    """
    ports = left_ports(node.name, changes)
    if not ports or node.effect in INTERRUPTING:
        return node  # an interrupted node loses all of its users
    numbers, go = ", ".join(ports), "goes" if len(ports) == 1 else "go"
    words = (
        f"port{'s' * (len(ports) > 1)} {numbers} {go} from the targets: users who came there are balanced anew, "
        "and lose their session if they come to another node"
    )
    return replace(node, reasons=(*node.reasons, words))


def _protection(name: str, change: Change) -> tuple[str, ...]:
    """Return a reason where EC2 keeps the instance, of which CloudFormation then lets go."""
    protected = change.old.get("DisableApiTermination") == "true"
    return (f"termination protection is on: ./muster unprotect FILE --node {name} first",) if protected else ()


def _reason(change: Change, path: str) -> str:
    """Return the property with its two values where they are short texts."""
    old, new = change.old.get(path), change.new.get(path)
    if all(isinstance(each, str) and len(each) <= 40 and "${" not in each for each in (old, new)):
        return f"{path}: {old} to {new}" if old != new else f"{path}: of a replaced resource"
    return f"{path}: of a replaced resource" if old == new else path

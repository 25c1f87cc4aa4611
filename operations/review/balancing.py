"""Load balancers: what AWS refuses because the new one is made before the old one goes, and the ports that are left."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from operations.review.changes import Change
from operations.review.replacing import INSTANCE
from operations.review.values import node_name, references

BALANCER: Final = "AWS::ElasticLoadBalancingV2::LoadBalancer"
LISTENER: Final = "AWS::ElasticLoadBalancingV2::Listener"
RULE: Final = "AWS::ElasticLoadBalancingV2::ListenerRule"
TARGETS: Final = "AWS::ElasticLoadBalancingV2::TargetGroup"

Changes = Mapping[str, Change]


def balancer_refusals(changes: Changes) -> Iterator[str]:
    """Yield the sentences: target groups, then deletion protection, then ports."""
    yield from _shared_targets(changes)
    yield from _protected(changes)
    yield from _taken_ports(changes)


def left_ports(node: str, changes: Changes) -> tuple[str, ...]:
    """Return the ports by which users were kept on `node`, and which its target groups have no longer.

    A target group that is replaced or deleted as a whole is told of itself.
    """
    groups = [each for each in changes.values() if each.type == TARGETS and each.kind == "in place"]
    kept = [each for each in groups if _attribute(each.old, "TargetGroupAttributes", "stickiness.enabled") == "true"]
    left = [_ports(node, each.old, changes) - _ports(node, each.new, changes) for each in kept]
    return tuple(sorted(set().union(*left), key=lambda port: (len(port), port)))


def _ports(node: str, group: Mapping[str, Any], changes: Changes) -> set[str]:
    """Return the ports of the targets in `group` that are the instance of `node`."""
    own = {name for name, each in changes.items() if each.type == INSTANCE and node_name(each.new, name) == node}
    targets = group.get("Targets") or ()
    return {str(each.get("Port", group.get("Port"))) for each in targets if references(each.get("Id")) & own}


def _shared_targets(changes: Changes) -> Iterator[str]:
    """Yield what one load balancer alone may have (ELB API Reference, TargetGroupAssociationLimit)."""
    staying = {
        each.logical_id for each in changes.values() if each.type == TARGETS and each.kind in ("same", "in place")
    }
    old, new = _balancers_of_targets(changes, new=False), _balancers_of_targets(changes, new=True)
    for name in sorted(staying & old.keys() & new.keys()):
        made = sorted(each for each in new[name] if changes[each].kind in ("replaced", "added"))
        if made:
            yield (
                f"{name} ({TARGETS}) would belong to the new {made[0]} while the old {sorted(old[name])[0]} still has "
                "it, which AWS refuses; make a cluster of another name beside this one, and move the users there"
            )


def _balancers_of_targets(changes: Changes, *, new: bool) -> dict[str, set[str]]:
    """Return by target group the load balancers whose listeners and rules send requests to it, on one side."""
    side = {name: each.new if new else each.old for name, each in changes.items()}
    found: dict[str, set[str]] = {}
    for name, each in changes.items():
        if each.type not in (LISTENER, RULE):
            continue
        listeners = {name} if each.type == LISTENER else references(side[name].get("ListenerArn"))
        mine = {one for listener in listeners for one in references(side.get(listener, {}).get("LoadBalancerArn"))}
        for target in references([side[name].get("DefaultActions"), side[name].get("Actions")]):
            found.setdefault(target, set()).update(mine & changes.keys())
    return {target: mine for target, mine in found.items() if mine}


def _protected(changes: Changes) -> Iterator[str]:
    for each in changes.values():
        gone = each.type == BALANCER and each.kind in ("replaced", "removed")
        if gone and _attribute(each.old, "LoadBalancerAttributes", "deletion_protection.enabled") == "true":
            yield (
                f"{each.logical_id} ({BALANCER}) would be {each.kind} while its deletion protection is on, which AWS "
                "refuses: the old one would stay; ./muster unprotect FILE and a deploy turn it off first"
            )


def _attribute(properties: Mapping[str, Any], name: str, key: str) -> Any:
    attributes = properties.get(name) or ()
    return next((each.get("Value") for each in attributes if each.get("Key") == key), None)


def _taken_ports(changes: Changes) -> Iterator[str]:
    """Yield the ports with two listeners for a while (ELB API Reference, DuplicateListener)."""
    listeners = [each for each in changes.values() if each.type == LISTENER]
    for each in listeners:
        place = _place(each.new)
        if not place or (each.kind != "replaced" and place == _place(each.old)) or _renewed(place, changes):
            continue
        holders = [other.logical_id for other in listeners if _place(other.old) == place and _leaves(other)]
        if holders:
            yield (
                f"{each.logical_id} ({LISTENER}) would be made on port {place[1]} while {holders[0]} still has it, "
                "which AWS refuses; take the old one away in a deploy of its own first"
            )


def _place(properties: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return load balancer and port."""
    port = properties.get("Port")
    return (str(properties.get("LoadBalancerArn")), str(port)) if port is not None else None


def _leaves(listener: Change) -> bool:
    return listener.kind == "replaced" or _place(listener.old) != _place(listener.new)


def _renewed(place: tuple[str, str], changes: Changes) -> bool:
    """Return whether the load balancer itself is another one, with its ports all free."""
    return any(changes[name].kind in ("replaced", "added") for name in references(place[0]) & changes.keys())

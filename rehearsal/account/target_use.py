"""Which of moto's target groups are in use, corrected: a listener or rule that is changed leads to another one.

moto notes it where listeners and rules are made, never where they are changed, so that a group to which a change leads
would be `unused` for good (API reference, DescribeTargetHealth: Target.NotInUse).
"""

from collections.abc import Iterator
from typing import Any

import moto.elbv2.models as elbv2

_modify_listener = elbv2.ELBv2Backend.modify_listener
_modify_rule = elbv2.ELBv2Backend.modify_rule


def follow_changes() -> None:
    """Correct moto in this process."""
    for name, method in {"modify_listener": _listener, "modify_rule": _rule}.items():
        setattr(elbv2.ELBv2Backend, name, method)


def _listener(backend: Any, *arguments: Any, **named: Any) -> Any:
    changed = _modify_listener(backend, *arguments, **named)
    _note(backend)
    return changed


def _rule(backend: Any, *arguments: Any, **named: Any) -> Any:
    changed = _modify_rule(backend, *arguments, **named)
    _note(backend)
    return changed


def _note(backend: Any) -> None:
    """Note of each group the balancers that lead to it now."""
    used = set(_uses(backend))
    for arn, group in backend.target_groups.items():
        group.load_balancer_arns = sorted(balancer for balancer, each in used if each == arn)


def _uses(backend: Any) -> Iterator[tuple[str, str]]:
    """Yield each balancer with each target group to which one of its listeners or rules leads."""
    for balancer in backend.load_balancers.values():
        for listener in balancer.listeners.values():
            for rule in listener.rules.values():
                for action in rule.actions:
                    if action.type == "forward":
                        for group in backend._get_target_group_arns_from(action_data=action.data):
                            yield balancer.arn, group

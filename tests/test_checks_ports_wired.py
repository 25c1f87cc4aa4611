"""The scan of the ports, recorded over real wires: it finds every rule too many and every rule too few."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from rehearsal.checks import ports
from tests.network_support import ALL, group, tcp
from tests.wired_cluster import ALB, BALANCER_ONLY, KEPT, MEMBERS_ONLY, Wires, wires

__all__ = ["wires"]

pytestmark = pytest.mark.host

WAYS_OUT = [*MEMBERS_ONLY, tcp(443, cidrs=("0.0.0.0/0",))]
INGRESS = [*MEMBERS_ONLY, *BALANCER_ONLY]
TO_NODES = [tcp(8080, groups=("sg-nodes",)), tcp(9180, groups=("sg-nodes",))]
OWN_ALB = group("sg-alb", [tcp(80, cidrs=("10.64.0.0/20",))], TO_NODES)


def judged(wires: Wires) -> tuple[str, str]:
    """Record and judge, as at the end of a rehearsal."""
    result = ports.CHECK.result(ports.CHECK.lines(wires.scene))
    return result.verdict, result.detail


def one_each_push(rules: Sequence[Mapping[str, object]]) -> list[Any]:
    """Return the rules as parameters: the first for every push, the others, of which each costs 5 s, for the rest."""
    first, *others = rules
    return [
        pytest.param(first, id=str(first["FromPort"])),
        *(pytest.param(rule, id=str(rule["FromPort"]), marks=pytest.mark.full) for rule in others),
    ]


def test_exactly_the_rules_that_are_needed_are_valid(wires: Wires) -> None:
    wires.govern(group("sg-nodes", INGRESS, WAYS_OUT), OWN_ALB)
    assert judged(wires) == ("valid", "10 ports answered 10 scans of all TCP ports, each of them one that must")


def test_a_port_that_nobody_listens_at_is_found_if_a_rule_lets_it_be_reached(wires: Wires) -> None:
    wires.govern(group("sg-nodes", [*INGRESS, tcp(5005, cidrs=("0.0.0.0/0",))], WAYS_OUT), OWN_ALB)
    verdict, detail = judged(wires)
    assert verdict == "invalid"
    assert "a answers at TCP 5005 to visitor" in detail


@pytest.mark.parametrize("rule", one_each_push(INGRESS))
def test_each_way_in_is_missed(wires: Wires, rule: dict[str, object]) -> None:
    wires.govern(group("sg-nodes", [each for each in INGRESS if each != rule], WAYS_OUT), OWN_ALB)
    verdict, detail = judged(wires)
    assert verdict == "invalid"
    assert f"is silent at TCP {rule['FromPort']}" in detail


@pytest.mark.parametrize("rule", one_each_push(WAYS_OUT))
def test_each_way_out_of_nodes_is_missed(wires: Wires, rule: dict[str, object]) -> None:
    wires.govern(group("sg-nodes", INGRESS, [each for each in WAYS_OUT if each != rule]), OWN_ALB)
    verdict, detail = judged(wires)
    assert verdict == "invalid"
    assert f"is silent at TCP {rule['FromPort']}" in detail


def test_groups_that_let_everything_out_are_found(wires: Wires) -> None:
    wires.govern(KEPT, ALB)
    verdict, detail = judged(wires)
    assert verdict == "invalid"
    assert "outside answers at TCP 1-442 444-65535 to a" in detail
    assert "outside answers at TCP 1-65535 to balancer" in detail
    assert "outside answers at ICMP 8 to a" in detail


def test_datagrams_and_pings_are_found(wires: Wires) -> None:
    wires.govern(group("sg-nodes", ALL, WAYS_OUT), OWN_ALB)
    verdict, detail = judged(wires)
    assert verdict == "invalid"
    assert "a answers at UDP 53 67" in detail
    assert "a answers at ICMP 8 to visitor" in detail

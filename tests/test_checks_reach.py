"""The reachability check, recorded over real wires: it finds a rule too many, and doubts itself over a rule too few."""

import pytest

from rehearsal.checks import reach
from tests.network_support import group, tcp
from tests.wired_cluster import BALANCER_ONLY, KEPT, MEMBERS_ONLY, Wires, wires

__all__ = ["wires"]

pytestmark = pytest.mark.host


def judged(wires: Wires) -> tuple[str, str]:
    """Record and judge, as at the end of a rehearsal."""
    result = reach.CHECK.result(reach.CHECK.lines(wires.scene))
    return result.verdict, result.detail


def test_exactly_the_rules_that_are_needed_are_valid(wires: Wires) -> None:
    wires.govern(KEPT)
    assert judged(wires) == ("valid", "22 connections vanished, 9 to the same nodes were open to those in need")


def test_a_rule_too_many_is_invalid(wires: Wires) -> None:
    wires.govern(group("sg-nodes", [*MEMBERS_ONLY, *BALANCER_ONLY, tcp(9092, cidrs=("10.64.0.0/20",))]))
    verdict, detail = judged(wires)
    assert verdict == "invalid"
    assert "visitor to a:9092 was open, must be silent" in detail


def test_a_rule_too_few_leaves_the_silence_unproved(wires: Wires) -> None:
    wires.govern(group("sg-nodes", [MEMBERS_ONLY[0], *BALANCER_ONLY]))
    verdict, detail = judged(wires)
    assert verdict == "unknown"
    assert "b to a:9093 was silent, must be open" in detail

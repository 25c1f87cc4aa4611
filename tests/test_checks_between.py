"""The verdict on what came to the fronts between the nodes, and what a scan finds where a node leads to its own."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from rehearsal.checks import between
from rehearsal.checks.allowed import ways
from rehearsal.checks.between import (
    CLAIMS,
    LET_IN,
    OWN,
    PAST,
    SILENT,
    STRANGER,
    TURNED_AWAY,
    VERSION,
    Claim,
    judge,
)
from rehearsal.checks.listeners import table
from rehearsal.checks.run import asked_for
from tests.test_checks_ports import SIGHT, of

OUTCOMES = {OWN: LET_IN, PAST: SILENT}
GOOD = [
    Claim(origin, target, each, OUTCOMES.get(each, TURNED_AWAY), VERSION if each == OWN else "")
    for origin, target in (("a", "b"), ("b", "a"))
    for each in CLAIMS
]


def with_(brought: str, **changes: str) -> list[Claim]:
    """Return a good record in which what `brought` came to node b fared otherwise."""
    return [replace(each, **changes) if (each.target, each.brought) == ("b", brought) else each for each in GOOD]


def test_nodes_that_let_each_other_alone_in_are_valid() -> None:
    finding = judge(GOOD)
    assert (finding.verdict, finding.detail) == (
        "valid",
        "2 nodes speak TLSv1.3 to each other alone; 8 others did not come in",
    )


@pytest.mark.parametrize("brought", [each for each in CLAIMS if each != OWN])
def test_whatever_else_is_let_in_is_invalid(brought: str) -> None:
    finding = judge(with_(brought, outcome=LET_IN))
    assert finding.verdict == "invalid"
    assert f"a at node b with {brought} was let in" in finding.detail


def test_a_plain_port_that_answers_past_the_fronts_is_invalid() -> None:
    assert judge(with_(PAST, outcome=TURNED_AWAY)).verdict == "invalid"


def test_an_older_version_is_invalid() -> None:
    assert judge(with_(OWN, version="TLSv1.2")).verdict == "invalid"


def test_where_the_other_node_itself_does_not_come_in_nothing_is_proved() -> None:
    assert judge(with_(OWN, outcome=TURNED_AWAY)).verdict == "unknown"


@pytest.mark.parametrize("brought", CLAIMS)
def test_what_was_not_tried_proves_nothing(brought: str) -> None:
    assert judge([each for each in GOOD if (each.target, each.brought) != ("b", brought)]).verdict == "unknown"


def test_one_node_alone_or_nothing_is_never_valid() -> None:
    assert judge([each for each in GOOD if each.target == "b"]).verdict == "unknown"
    assert judge([]).verdict == "unknown"


def test_silence_of_a_front_is_no_refusal() -> None:
    assert judge(with_(STRANGER, outcome=SILENT)).verdict == "invalid"


class Host:
    """As much of a scene as the check asks; each node's program says what `GOOD` has."""

    members = (SimpleNamespace(name="a", address="10.0.0.1"), SimpleNamespace(name="b", address="10.0.0.2"))

    def port(self, name: str) -> int:
        """Return a port."""
        return {"between": 9094, "peer": 9093}[name]

    def run_in(self, member: Any, command: list[str], *, text: str, within: float) -> str:
        """Return what the program prints."""
        assert (command[:2], within > 5) == (["python3", "-c"], True)
        order = json.loads(text)
        assert (order["name"], order["port"], order["plain"]) == (member.name, 9094, 9093)
        told = [each for each in GOOD if (each.origin, each.target) == (member.name, order["other"])]
        return "".join(
            json.dumps({"brought": each.brought, "outcome": each.outcome, "version": each.version}) + "\n"
            for each in told
        )


def test_each_node_tries_the_other_one() -> None:
    assert list(between.record(cast("Any", Host()))) == GOOD


def test_it_is_checked_where_the_file_asks_for_it_alone(tmp_path: Path) -> None:
    assert list(asked_for(of(tmp_path, database={"tls": True}))) == [between.CHECK]
    assert list(asked_for(of(tmp_path))) == []


def test_a_node_reaches_the_plain_ports_by_its_own_front_and_nobody_else_does(tmp_path: Path) -> None:
    found = {(way.origin, way.target): set(way.ports) for way in ways(of(tmp_path, database={"tls": True}), SIGHT)}
    assert found["a", "b"] == {9092, 9093, 9094}
    assert found["visitor", "b"] == set()
    assert found["balancer", "b"] == {8080, 9180}


def test_the_front_is_in_the_table_of_what_listens(tmp_path: Path) -> None:
    assert [each.program for each in table(of(tmp_path, database={"tls": True})) if each.first == 9094] == ["haproxy"]
    assert [each for each in table(of(tmp_path)) if each.first == 9094] == []

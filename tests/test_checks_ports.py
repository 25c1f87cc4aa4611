"""What a scan of a cluster's ports must find, and the verdict on what it found."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.spec import Cluster, load
from rehearsal.cdk_cli import ROOT
from rehearsal.checks import ports
from rehearsal.checks.allowed import BALANCER, OUTSIDE, S3, VISITOR, Sight, numbers, ranges, ways
from rehearsal.checks.ports import PING, TCP, UDP, Scan, judge
from tests.parts_support import EXISTING, PLACED
from tests.scenario_support import cluster_file

FACING = {"scheme": "internet-facing", "certificate": "arn:aws:acm:eu-west-1:123456789012:certificate/1"}
SIGHT = Sight(
    members=("a", "b"),
    addresses={"a": "10.64.0.10", "b": "10.64.1.11", VISITOR: "10.64.0.3"},
    listening=(80,),
    for_balancer=(8080, 9180),
    cidr="10.64.0.0/20",
)
GOOD = [
    Scan("b", "a", TCP, "9092-9093", "9092-9093"),
    Scan(BALANCER, "a", TCP, "8080 9180", "8080 9180"),
    Scan(VISITOR, "a", TCP, "", ""),
    Scan("a", "b", TCP, "9092-9093", "9092-9093"),
    Scan(BALANCER, "b", TCP, "8080 9180", "8080 9180"),
    Scan(VISITOR, "b", TCP, "", ""),
    Scan(VISITOR, BALANCER, TCP, "80", "80"),
    Scan("a", BALANCER, TCP, "", ""),
    Scan(BALANCER, OUTSIDE, TCP, "", ""),
    Scan("a", OUTSIDE, TCP, "443", "443"),
]
WHOLE = [*GOOD, *(replace(each, kind=kind, expected="", answered="") for kind in (UDP, PING) for each in GOOD)]


def allowed(cluster: Cluster, sight: Sight = SIGHT) -> dict[tuple[str, str], set[int]]:
    """Return what is allowed, by origin and target."""
    return {(way.origin, way.target): set(way.ports) for way in ways(cluster, sight)}


def of(tmp_path: Path, example: str = "as400gateway", **changes: Any) -> Cluster:
    """Return an example cluster with changed blocks."""
    return load(cluster_file(ROOT / "clusters" / f"{example}.yaml", tmp_path, "other", changes))


def test_each_way_of_the_example_is_allowed_what_it_needs() -> None:
    assert allowed(load(ROOT / "clusters" / "as400gateway.yaml")) == {
        ("b", "a"): {9092, 9093},
        ("a", "b"): {9092, 9093},
        (BALANCER, "a"): {8080, 9180},
        (BALANCER, "b"): {8080, 9180},
        (VISITOR, "a"): set(),
        (VISITOR, "b"): set(),
        (VISITOR, BALANCER): {80},
        ("a", BALANCER): set(),
        (BALANCER, OUTSIDE): set(),
        ("a", OUTSIDE): {443},
    }


def test_nodes_of_debian_reach_its_mirrors(tmp_path: Path) -> None:
    assert allowed(of(tmp_path, instance={"type": "t4g.medium", "os": "debian-12", "java": 17}))["a", OUTSIDE] == {
        80,
        443,
    }


def test_what_the_product_asks_outside_is_allowed_and_files_are_reached_by_nodes_alone() -> None:
    sight = replace(SIGHT, services=[("fs-1", 2049)])
    found = allowed(load(ROOT / "clusters" / "axonivy.yaml"), sight)
    assert found["a", OUTSIDE] == {443, 5432}
    assert found["a", "fs-1"] == {2049}
    assert found[VISITOR, "fs-1"] == set()


def test_every_port_that_an_engine_tries_is_allowed_between_members(tmp_path: Path) -> None:
    instance = {"type": "t4g.medium", "os": "amazon-linux-2023", "java": 8}
    cluster = of(tmp_path, "wso2-carbon", wso2={"kernel": "4.4.41"}, instance=instance)
    assert allowed(cluster)["b", "a"] == {4000, 4001, 4002, cluster.about.port(cluster, "peer")}


def test_with_endpoints_alone_nothing_outside_is_reached_but_s3(tmp_path: Path) -> None:
    sight = replace(SIGHT, services=[("vpce-1", 443)])
    found = allowed(of(tmp_path, network={"egress": "endpoints"}), sight)
    assert found["a", OUTSIDE] == set()
    assert found["a", S3] == {443}
    assert found["a", "vpce-1"] == {443}
    assert found[VISITOR, "vpce-1"] == set()


def test_an_endpoint_in_a_vpc_of_others_serves_everybody_there(tmp_path: Path) -> None:
    network = {"egress": "endpoints", "vpc": {**EXISTING, "endpoints": ["ssm"]}}
    cluster = of(tmp_path, network=network, nodes=PLACED)
    found = allowed(cluster, replace(SIGHT, services=[("vpce-1", 443)]))
    assert found[VISITOR, "vpce-1"] == {443}
    assert ("a", OUTSIDE) not in found


@pytest.mark.parametrize(
    ("balancer", "expected"),
    [({"scheme": "internal", "clients": ["192.0.2.0/24"]}, set()), (FACING, {80, 443})],
)
def test_users_come_from_where_the_file_says(tmp_path: Path, balancer: dict[str, Any], expected: set[int]) -> None:
    found = allowed(of(tmp_path, balancer=balancer), replace(SIGHT, listening=(80, 443)))
    assert found[VISITOR, BALANCER] == expected
    assert found["a", BALANCER] == expected & {443}


def test_a_lone_member_is_tried_from_two_sides() -> None:
    found = allowed(load(ROOT / "clusters" / "kaazing.yaml"), replace(SIGHT, members=("a",)))
    assert {origin for origin, target in found if target == "a"} == {BALANCER, VISITOR}


def test_exactly_the_allowed_answers_are_valid() -> None:
    finding = judge(WHOLE)
    assert (finding.verdict, finding.detail) == (
        "valid",
        "10 ports answered 10 scans of all TCP ports, each of them one that must",
    )


@pytest.mark.parametrize("place", range(len(WHOLE)))
def test_a_port_too_many_is_invalid_wherever_it_answers(place: int) -> None:
    scans = [replace(s, answered=f"{s.answered} 5005".strip()) if n == place else s for n, s in enumerate(WHOLE)]
    finding = judge(scans)
    assert finding.verdict == "invalid"
    assert f"{WHOLE[place].target} answers at {WHOLE[place].kind} 5005 to {WHOLE[place].origin}" in finding.detail


@pytest.mark.parametrize("place", [n for n, scan in enumerate(WHOLE) if scan.expected])
def test_a_port_too_few_is_invalid(place: int) -> None:
    finding = judge([replace(scan, answered="") if n == place else scan for n, scan in enumerate(WHOLE)])
    assert finding.verdict == "invalid"
    assert f"{WHOLE[place].target} is silent at TCP {WHOLE[place].expected}" in finding.detail


@pytest.mark.parametrize("kind", [TCP, UDP, PING])
@pytest.mark.parametrize(("origin", "target"), [(VISITOR, "a"), (BALANCER, "b"), ("b", "a"), (BALANCER, OUTSIDE)])
def test_what_was_not_scanned_is_unknown(kind: str, origin: str, target: str) -> None:
    kept = [scan for scan in WHOLE if (scan.kind, scan.origin, scan.target) != (kind, origin, target)]
    finding = judge(kept)
    assert finding.verdict == "unknown"
    assert f"{target} by {kind} from" in finding.detail


def test_a_node_that_answers_nobody_proves_nothing() -> None:
    finding = judge([replace(scan, expected="", answered="") if scan.target == "a" else scan for scan in WHOLE])
    assert (finding.verdict, finding.detail) == ("unknown", "not scanned: a, which answers nobody")


def test_an_empty_record_is_unknown() -> None:
    assert ports.CHECK.result([]).verdict == "unknown"
    assert judge([]).verdict == "unknown"


@given(st.sets(st.integers(1, 65535)))
def test_ports_written_as_text_read_back(found: set[int]) -> None:
    assert numbers(ranges(found)) == found

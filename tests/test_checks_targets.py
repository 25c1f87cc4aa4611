"""Members that the product registers on several ports, at the balancer of the account."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from rehearsal.checks import targets
from rehearsal.checks.result import Finding, invalid, valid
from rehearsal.checks.scene import Member, Scene
from rehearsal.checks.targets import Target

PORTS: Mapping[str, tuple[int, ...]] = {"a": (8080, 8090), "b": (8080,), "away": (8080,)}
EXPECTED = [
    Target("i-a", 8080, "a", "expected"),
    Target("i-a", 8090, "a", "expected"),
    Target("i-b", 8080, "b", "expected"),
]
HEALTHY = [replace(each, state="healthy") for each in EXPECTED]


@dataclass
class Balancing:
    """As much of the account's API as the check asks: one group and its registrations."""

    registered: list[tuple[str, int]]

    def describe_target_groups(self) -> Any:
        """Return the group."""
        return {"TargetGroups": [{"TargetGroupName": "web", "TargetGroupArn": "arn", "HealthCheckPath": "/ready"}]}

    def describe_target_health(self, **_: str) -> Any:
        """Return every registration as healthy."""
        return {
            "TargetHealthDescriptions": [
                {"Target": {"Id": instance, "Port": port}, "TargetHealth": {"State": "healthy"}}
                for instance, port in self.registered
            ]
        }


def scene(*registered: tuple[str, int]) -> Scene:
    """Return two members, of which the product has one on two ports, and what is registered of them."""
    members = [Member(name, "10.64.0.10", f"i-{name}", f"mu-{name}") for name in "ab"]
    cluster = SimpleNamespace(about=SimpleNamespace(targets=lambda _: PORTS))
    made = SimpleNamespace(members=members, cluster=cluster, client=lambda _: Balancing(list(registered)))
    return cast("Scene", made)


def test_members_are_expected_on_the_ports_that_the_product_gives_them() -> None:
    found = [each for each in targets.record(scene()) if each.state == "expected"]
    assert found == [replace(each, group="web") for each in EXPECTED]


def test_what_is_recorded_of_a_member_on_two_ports_is_judged_valid() -> None:
    found = list(targets.record(scene(("i-a", 8080), ("i-a", 8090), ("i-b", 8080))))
    assert targets.judge(found) == valid("2 of 2 members are registered with 3 ports and healthy")


def test_what_is_recorded_of_a_port_too_few_is_judged_invalid() -> None:
    found = list(targets.record(scene(("i-a", 8080), ("i-b", 8080))))
    assert targets.judge(found) == invalid("member a on port 8090 is not registered")


@pytest.mark.parametrize(
    ("registered", "finding"),
    [
        (HEALTHY, valid("2 of 2 members are registered with 3 ports and healthy")),
        (HEALTHY[1:], invalid("member a on port 8080 is not registered")),
        (HEALTHY[:2], invalid("member b is not registered")),
        ([*HEALTHY, replace(HEALTHY[2], port=8090)], invalid("i-b:8090 is registered and no member")),
        (
            [HEALTHY[0], replace(HEALTHY[1], state="unhealthy", reason="Target.Timeout"), HEALTHY[2]],
            invalid("member a on port 8090 is unhealthy (Target.Timeout)"),
        ),
        ([*HEALTHY, HEALTHY[1]], invalid("a member is registered twice")),
    ],
)
def test_each_port_of_a_member_is_judged(registered: list[Target], finding: Finding) -> None:
    assert targets.judge([*EXPECTED, *registered]) == finding


def test_several_groups_are_counted_apart() -> None:
    admin = [replace(each, group="admin") for each in (*EXPECTED, *HEALTHY)]
    said = "2 of 2 members are registered with 3 ports and healthy in each of 2 target groups"
    assert targets.judge([*EXPECTED, *HEALTHY, *admin]) == valid(said)


def led(*states: str) -> list[Target]:
    """Return the leader's group, with the states of a's two ports and b's one."""
    wanted = [replace(each, group="admin", led=True) for each in EXPECTED]
    return [*wanted, *(replace(each, state=state) for each, state in zip(wanted, states, strict=True))]


@pytest.mark.parametrize(
    ("states", "faults"),
    [
        (("healthy", "healthy", "unhealthy"), []),
        (("healthy", "unhealthy", "healthy"), ["administration is led to a and b, want one"]),
        (("unhealthy",) * 3, ["administration is led to no member, want one"]),
    ],
)
def test_a_leader_is_one_member_on_however_many_ports(states: tuple[str, ...], faults: list[str]) -> None:
    finding = targets.judge([*EXPECTED, *HEALTHY, *led(*states)])
    assert finding.verdict == ("invalid" if faults else "valid")
    assert not faults or finding.detail == faults[0]

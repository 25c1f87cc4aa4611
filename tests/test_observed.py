"""Which nodes serve, by what target groups say."""

import pytest

from muster.products.hosts import HostRoute, Hosts
from operations.observed import SeenInstance, SeenTarget, seen_targets, unhealthy
from tests.roll_world import Instance, World

INSTANCES = {
    name: SeenInstance(f"i-{name}", name, "running", "t4g.medium", "ami-1", f"10.64.0.{number}", "eu-west-1a")
    for number, name in enumerate("ab", 10)
}


def users(**states: str) -> list[SeenTarget]:
    """Return what the users' target group says of each node."""
    return [SeenTarget("users", f"i-{node}", state) for node, state in states.items()]


def console(**states: str) -> list[SeenTarget]:
    """Return what the target group of management's host name says of its nodes."""
    return [SeenTarget("console", f"i-{node}", state) for node, state in states.items()]


def administration(**states: str) -> list[SeenTarget]:
    """Return what the target group says in which the leader alone is healthy."""
    return [SeenTarget("admin", f"i-{node}", state, "(503)", led=True) for node, state in states.items()]


@pytest.mark.parametrize(
    ("targets", "faults"),
    [
        (users(a="healthy", b="healthy"), []),
        (users(a="healthy", b="unhealthy"), ["b is unhealthy"]),
        ([*users(a="healthy", b="healthy"), *administration(a="unhealthy", b="healthy")], []),
        ([*users(a="healthy", b="draining"), *administration(a="healthy", b="unhealthy")], ["b is draining"]),
        (
            [*users(a="healthy", b="healthy"), *administration(a="unhealthy", b="unhealthy")],
            [f"{node} is unhealthy and no other node takes administration" for node in "ab"],
        ),
        (
            [*users(a="healthy", b="healthy"), *administration(a="healthy")],
            ["b is no target of admin"],
        ),
    ],
)
def test_of_a_group_that_is_led_one_healthy_node_is_wanted(targets: list[SeenTarget], faults: list[str]) -> None:
    assert unhealthy(INSTANCES, targets, ["a", "b"]) == faults


def named(management: str, workers: str) -> Hosts:
    """Return host names for the nodes of each letter."""
    return Hosts(HostRoute("as.example.org", tuple(workers)), HostRoute("mgt.example.org", tuple(management)), 80, 443)


@pytest.mark.parametrize(
    ("hosts", "targets", "faults"),
    [
        (named("a", "b"), [*console(a="healthy"), *users(b="healthy")], []),
        (named("a", "b"), [*console(a="unhealthy"), *users(b="healthy")], ["a is unhealthy"]),
        (named("a", "b"), [*console(a="healthy"), *users(b="unhealthy")], ["b is unhealthy"]),
        (named("a", "b"), console(a="healthy"), ["b is in no target group"]),
        (named("ab", "c"), console(a="unhealthy", b="healthy"), []),
        (
            named("ab", "c"),
            console(a="unhealthy", b="unhealthy"),
            [f"{node} is unhealthy and no other node takes administration" for node in "ab"],
        ),
        (None, [*console(a="healthy"), *users(b="healthy")], ["a is no target of users", "b is no target of console"]),
    ],
)
def test_a_node_is_wanted_in_the_group_of_its_own_host_name_and_one_of_two_for_management(
    hosts: Hosts | None, targets: list[SeenTarget], faults: list[str]
) -> None:
    assert unhealthy(INSTANCES, targets, ["a", "b"], hosts) == faults


HEAVY = {8080: "healthy", 8090: "unhealthy"}


def on_ports(**states: dict[int, str]) -> list[SeenTarget]:
    """Return what the users' target group says of each node on each of its ports."""
    return [
        SeenTarget("users", f"i-{node}", state, "timeout", port=port)
        for node, ports in states.items()
        for port, state in ports.items()
    ]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("a", "faults"),
    [
        (HEAVY, ["a is unhealthy on port 8090 (timeout)"]),
        ({8080: "draining", 8090: "healthy"}, ["a is draining on port 8080 (timeout)"]),
        ({8080: "healthy", 8090: "healthy"}, []),
    ],
    ids=str,
)
def test_a_node_on_several_ports_serves_if_it_is_healthy_on_each(
    a: dict[int, str], faults: list[str], order: int
) -> None:
    assert unhealthy(INSTANCES, on_ports(a=a, b={8080: "healthy"})[::order], ["a", "b"]) == faults


def test_a_node_on_one_port_in_each_of_two_groups_is_told_of_without_it() -> None:
    admin = [SeenTarget("admin", f"i-{node}", "healthy", port=8443) for node in "ab"]
    targets = [*on_ports(a={8080: "unhealthy"}, b={8080: "healthy"}), *admin]
    assert unhealthy(INSTANCES, targets, ["a", "b"]) == ["a is unhealthy (timeout)"]


def test_a_target_is_an_instance_on_a_port() -> None:
    aws = World(ports=(8080, 8090))
    aws.instances["a"] = Instance("i-1", "t4g.medium", "ami-1", "10.64.0.10", "eu-west-1a", sick=frozenset({8090}))
    assert [(each.instance, each.port, each.state) for each in seen_targets(aws, "muster-as400")] == [
        ("i-1", 8080, "healthy"),
        ("i-1", 8090, "unhealthy"),
    ]

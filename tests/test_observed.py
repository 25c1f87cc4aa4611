"""Which nodes serve, by what target groups say."""

import pytest

from operations.observed import SeenInstance, SeenTarget, unhealthy

INSTANCES = {
    name: SeenInstance(f"i-{name}", name, "running", "t4g.medium", "ami-1", f"10.64.0.{number}", "eu-west-1a")
    for number, name in enumerate("ab", 10)
}


def users(**states: str) -> list[SeenTarget]:
    """Return what the users' target group says of each node."""
    return [SeenTarget("users", f"i-{node}", state) for node, state in states.items()]


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

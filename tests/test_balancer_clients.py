"""A rule about where a request comes from, asked from several addresses in a namespace of its own."""

from collections.abc import Iterator

import pytest

from rehearsal import netns
from rehearsal.balancer.model import Condition, FixedResponse, Forward, Listener, LoadBalancer, Rule
from rehearsal.visitor import Client
from tests.balancer_alone import Alone, alone, at
from tests.balancer_support import GROUP_ARN, load_balancer, target_group

pytestmark = pytest.mark.host

HOST = Condition("host-header", ("mgt.as.example.org",))
CLIENTS = Condition("source-ip", ("10.9.1.0/24", "10.9.2.7/32"))
NOT_FOUND = FixedResponse(404, "text/plain", "not found")
PLACES = ("10.9.1.5", "10.9.2.7", "10.9.2.8")
"""Who connects to an address of the own machine has that address; the last one is of no network of the rule."""


def guarded() -> LoadBalancer:
    """Describe a balancer that leads one host name to a node, for some clients alone."""
    rules = (Rule((HOST, CLIENTS), Forward(GROUP_ARN)), Rule((), NOT_FOUND))
    return load_balancer(target_group(at(1)), Listener(80, "HTTP", rules))


@pytest.fixture(scope="module")
def world() -> Iterator[Alone]:
    """Run that balancer, with a node behind it."""
    with alone(guarded()) as made:
        for place in PLACES:
            netns.ip("-n", made.balancer.namespace, "address", "add", f"{place}/32", "dev", "lo")
        made.open_node(1, 8080)
        made.balancer.up()
        made.become("healthy")
        yield made


def asked(world: Alone, place: str, host: str = "mgt.as.example.org") -> int:
    """Return the code of the answer to a request that comes from `place`."""
    with Client(world.balancer.namespace, (place, 80), host=host) as client:
        return client.request("GET", "/").code


def test_clients_of_the_networks_alone_are_led_to_a_node(world: Alone) -> None:
    assert [asked(world, place) for place in PLACES] == [200, 200, 404]


def test_all_conditions_of_a_rule_hold_together(world: Alone) -> None:
    assert [asked(world, place, "as.example.org") for place in PLACES] == [404, 404, 404]


def test_the_node_learns_who_asked(world: Alone) -> None:
    """Negative control of where the requests of these tests come from."""
    asked(world, PLACES[0])
    seen = world.sites["127.0.1.1", 8080].seen[-1][1]
    assert seen["x-forwarded-for"] == PLACES[0]

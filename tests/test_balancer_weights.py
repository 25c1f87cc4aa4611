"""A node under several ports at a real haproxy: its share of new users, who stays where, and what becomes of them."""

from collections import Counter
from collections.abc import Iterator

import pytest

from rehearsal.balancer.model import Stickiness
from rehearsal.visitor import CookieJar
from tests.balancer_alone import HEAVY, Alone, over, started

pytestmark = pytest.mark.host

APP, OWN = Stickiness("JSESSIONID", 60), Stickiness(None, 60)
NEW, STICKY = 600, 300
USERS = 3


@pytest.fixture(params=[APP, OWN], ids=["app_cookie", "lb_cookie"])
def world(request: pytest.FixtureRequest) -> Iterator[Alone]:
    """Run a balancer over node 1 with two ports and node 2 with one."""
    with started(over(*HEAVY, sticky=request.param)) as made:
        yield made


def node(name: str) -> str:
    """Return the node of an application."""
    return name.partition(":")[0]


def users(world: Alone, count: int) -> list[tuple[str, CookieJar]]:
    """Return new users with the target on which each begins a session."""
    jars = [CookieJar() for _ in range(count)]
    return [(world.get("/login", jar).body.decode(), jar) for jar in jars]


def is_two_thirds(count: int, of: int) -> bool:
    """Return whether a count is two of three, within 5 %."""
    return abs(count / of - 2 / 3) <= 0.05


def test_new_users_are_split_by_the_number_of_ports(world: Alone) -> None:
    seen = Counter(world.names("/login", NEW))
    assert set(seen) == {"1:8080", "1:8090", "2:8080"}
    assert is_two_thirds(seen["1:8080"] + seen["1:8090"], NEW)


def test_no_request_of_a_user_leaves_the_target_of_the_session(world: Alone) -> None:
    for name, jar in users(world, USERS):
        assert Counter(world.names("/", STICKY // USERS, jar)) == {name: STICKY // USERS}


def test_a_user_of_one_port_is_not_one_of_another_port_of_the_node(world: Alone) -> None:
    """The control: were the node in the cookie and not the target, its two ports would take turns."""
    of_node_1 = [(name, jar) for name, jar in users(world, 6) if node(name) == "1"]
    assert {name for name, _ in of_node_1} == {"1:8080", "1:8090"}
    assert [set(world.names("/", 12, jar)) for name, jar in of_node_1] == [{name} for name, _ in of_node_1]


def test_all_targets_of_a_dead_node_fall_and_its_users_move_for_good(world: Alone) -> None:
    known = users(world, 9)
    world.close_node(1)
    world.become("unhealthy", "unhealthy", "healthy")
    assert set(world.names("/login", 30)) == {"2:8080"}
    assert {world.get("/login", jar).body for _, jar in known} == {b"2:8080"}
    world.open_node(1, 8080, 8090)
    world.become("healthy", "healthy", "healthy")
    assert {name for _, jar in known for name in world.names("/", 4, jar)} == {"2:8080"}
    of_node_1 = sum(node(name) == "1" for name in world.names("/login", NEW))
    assert is_two_thirds(of_node_1, NEW)


def test_the_light_nodes_users_notice_nothing_of_the_heavy_nodes_death(world: Alone) -> None:
    of_node_2 = [jar for name, jar in users(world, 9) if node(name) == "2"]
    world.close_node(1)
    world.become("unhealthy", "unhealthy", "healthy")
    assert of_node_2
    assert {name for jar in of_node_2 for name in world.names("/", 20, jar)} == {"2:8080"}


def test_health_is_told_of_each_port(world: Alone) -> None:
    told = {(each.instance_id, each.port): each.state for each in world.balancer.health()}
    assert told == {(target.instance_id, target.port): "healthy" for target in HEAVY}

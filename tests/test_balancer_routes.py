"""Several routes through one balancer: none disturbs the stickiness of another, but where AWS has it so."""

from collections.abc import Iterator

import pytest

from rehearsal.balancer.model import Condition, FixedResponse, Forward, Listener, LoadBalancer, Rule, Stickiness
from rehearsal.network import Network
from rehearsal.poll import poll
from tests.balancer_support import load_balancer, named, target_group, with_groups
from tests.balancer_world import A, B, World, running, two_guests

pytestmark = pytest.mark.host

APP, OWN = Stickiness("JSESSIONID", 60), Stickiness(None, 60)
ADMIN_PATH = Condition("path-pattern", ("/admin", "/admin/*"))
ADMIN_HOST = Condition("host-header", ("admin.example.org",))
NOT_HERE = FixedResponse(404, "text/plain", "not here")
BOTH = {"10:8080", "11:8080"}


@pytest.fixture(scope="module")
def guests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Network, dict[str, str]]]:
    """Run one VPC with two guests for all tests."""
    with two_guests(tmp_path_factory.mktemp("tls")) as made:
        yield made


@pytest.fixture
def world(guests: tuple[Network, dict[str, str]]) -> Iterator[World]:
    """Run the applications for one test."""
    with running(*guests) as made:
        yield made


def routes(users: Stickiness | None, admin: Stickiness | None, condition: Condition) -> LoadBalancer:
    """Describe a balancer that sends what meets the condition to a target group of its own, over the same nodes."""
    main, other = target_group(A, B, sticky=users), named(target_group(A, B, sticky=admin), "admin")
    rules = (Rule((condition,), Forward(other.arn)), Rule((), Forward(main.arn)))
    return with_groups(load_balancer(main, Listener(80, "HTTP", rules)), main, other)


@pytest.mark.parametrize("users", [APP, OWN])
def test_a_route_without_stickiness_leaves_the_cookies_of_another_alone(world: World, users: Stickiness) -> None:
    world.start(routes(users, None, ADMIN_PATH))
    login = world.get("/login")
    jar, seen = dict(login.cookies), {"users": {login.body}, "admin": set()}
    for _ in range(20):
        for name, path in (("users", "/"), ("admin", "/admin/x")):
            answer = world.get(path, jar)
            seen[name].add(answer.body)
            jar |= answer.cookies
            assert name == "users" or answer.cookies == {}
    assert seen == {"users": {login.body}, "admin": BOTH}


def test_two_sticky_routes_of_one_host_take_each_others_users(world: World) -> None:
    """AWSALB is one name for all target groups: this is what an admin route on a path of its own must not be."""
    world.start(routes(OWN, OWN, ADMIN_PATH))
    jar: dict[str, str] = {}
    users = set()
    for _ in range(20):
        for path in ("/", "/admin/x"):
            answer = world.get(path, jar)
            jar |= answer.cookies
            users |= {answer.body} if path == "/" else set()
    assert users == BOTH


@pytest.mark.parametrize("users", [APP, OWN])
def test_each_host_keeps_a_user_on_a_node_of_its_own(world: World, users: Stickiness) -> None:
    world.start(routes(users, OWN, ADMIN_HOST))
    hosts = {"www.example.org": "/login", "admin.example.org": "/"}
    jars = {host: world.get(first, Host=host).cookies for host, first in hosts.items()}
    seen: dict[str, set[str]] = {host: set() for host in hosts}
    for _ in range(10):
        for host, jar in jars.items():
            answer = world.get("/", jar, Host=host)
            seen[host].add(answer.body)
            jar |= answer.cookies
    assert [len(bodies) for bodies in seen.values()] == [1, 1]
    assert len(world.names(4)) == 2 or users is APP


def test_the_admin_path_is_not_found_on_the_main_host_alone(world: World) -> None:
    main, other = target_group(A, B), named(target_group(A, B), "admin")
    rules = (
        Rule((ADMIN_HOST,), Forward(other.arn)),
        Rule((ADMIN_PATH,), NOT_HERE),
        Rule((), Forward(main.arn)),
    )
    world.start(with_groups(load_balancer(main, Listener(80, "HTTP", rules)), main, other))
    asked = [("/admin", "www.example.org"), ("/admin/x", "www.example.org"), ("/administration", "www.example.org")]
    assert [world.get(path, Host=host).status for path, host in asked] == [404, 404, 200]
    assert [world.get(path, Host="Admin.Example.org:80").status for path in ("/admin", "/admin/x")] == [200, 200]


def test_a_listener_on_a_port_of_its_own_has_its_own_rules(world: World) -> None:
    main, other = target_group(A, B), named(target_group(A, B), "admin")
    listeners = (
        Listener(80, "HTTP", (Rule((ADMIN_PATH,), NOT_HERE), Rule((), Forward(main.arn)))),
        Listener(8443, "HTTP", (Rule((ADMIN_PATH,), Forward(other.arn)), Rule((), NOT_HERE))),
    )
    world.start(with_groups(load_balancer(main, *listeners), main, other))
    asked = [("/", 80), ("/admin/x", 80), ("/", 8443), ("/admin/x", 8443)]
    assert [world.get(path, port=port).status for path, port in asked] == [200, 404, 404, 200]
    headers = world.sites[A.address, 8080].seen + world.sites[B.address, 8080].seen
    admin = [headers for path, headers in headers if path == "/admin/x"]
    assert [each["x-forwarded-port"] for each in admin] == ["8443"]
    assert admin[0]["host"].endswith(":8443")


def test_a_node_in_two_groups_is_healthy_in_each_by_itself(world: World) -> None:
    main, other = target_group(A, B), named(target_group(A, B), "admin")
    rules = (Rule((ADMIN_PATH,), Forward(other.arn)), Rule((), Forward(main.arn)))
    balancer = world.start(with_groups(load_balancer(main, Listener(80, "HTTP", rules)), main, other))
    world.sites[A.address, 9180].ready = 503

    def states() -> dict[tuple[str, str], str]:
        return {(each.target_group_arn, each.instance_id): each.state for each in balancer.health()}

    sick = {(group.arn, A.instance_id): "unhealthy" for group in (main, other)}
    poll(lambda: states() == sick | {(group.arn, B.instance_id): "healthy" for group in (main, other)}, within=10)
    assert {world.get(path).body for path in ("/", "/admin/x") for _ in range(4)} == {"11:8080"}

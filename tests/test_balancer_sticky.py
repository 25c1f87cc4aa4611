"""Users stay with their target, as AWS has it."""

import time
from collections.abc import Iterator

import pytest

from rehearsal.balancer.model import Stickiness
from rehearsal.network import Network
from rehearsal.poll import poll
from tests.balancer_world import A, B, World, pair, running, two_guests

pytestmark = pytest.mark.host

SHARDS = [f"AWSALBAPP-{number}" for number in range(4)]
APP, OWN = Stickiness("JSESSIONID", 60), Stickiness(None, 60)


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


def test_a_user_stays_with_the_target_that_set_the_applications_cookie(world: World) -> None:
    world.start(pair(APP))
    login = world.get("/login")
    assert set(login.cookies) == {"JSESSIONID", *SHARDS}
    assert [login.cookies[name] for name in SHARDS[1:]] == ["_remove_"] * 3
    assert world.names(6, login.cookies) == {login.body}


def test_both_cookies_are_needed_to_stay(world: World) -> None:
    world.start(pair(APP))
    login = world.get("/login")
    for name in ("JSESSIONID", "AWSALBAPP-0"):
        assert len(world.names(4, {name: login.cookies[name]})) == 2


def test_before_the_application_sets_its_cookie_those_of_the_balancer_are_empty(world: World) -> None:
    world.start(pair(APP))
    empty = dict.fromkeys(SHARDS, "_remove_")
    assert world.get().cookies == empty
    assert len(world.names(4, empty | {"JSESSIONID": "10:8080"})) == 2


def test_each_response_lengthens_the_time_that_a_user_stays(world: World) -> None:
    """The control: the cookie of the login, kept as it was, has run out by then."""
    world.start(pair(Stickiness("JSESSIONID", 2)))
    login = world.get("/login")
    renewed = dict(login.cookies)
    for _ in range(3):
        time.sleep(1)
        renewed |= world.get("/", renewed).cookies
    assert world.names(4, renewed) == {login.body}
    assert len(world.names(4, login.cookies)) == 2


def test_a_user_stays_by_the_balancers_own_cookie(world: World) -> None:
    world.start(pair(OWN))
    first = world.get()
    assert first.cookies["AWSALB"] == first.cookies["AWSALBCORS"]
    assert set(first.cookies) == {"AWSALB", "AWSALBCORS"}
    for name in first.cookies:
        assert world.names(6, {name: first.cookies[name]}) == {first.body}
    assert len(world.names(4)) == 2


def test_a_cookie_that_is_too_old_or_made_up_binds_nobody(world: World) -> None:
    world.start(pair(OWN))
    key = world.get().cookies["AWSALB"].partition("~")[0]
    for value in (f"{key}~{int(time.time()) - 1}", key, "x~9999999999", ""):
        assert len(world.names(4, {"AWSALB": value})) == 2


def test_the_users_of_a_dead_target_move_once_and_stay_when_it_returns(world: World) -> None:
    world.start(pair(APP))
    login = world.get("/login")
    dead = A if login.body == "10:8080" else B
    place = (A, B).index(dead)
    world.sites[dead.address, 9180].ready = 503
    poll(lambda: world.states()[place] == "unhealthy", within=10, every=0.05)
    moved = world.get("/", login.cookies)
    assert moved.body != login.body
    assert moved.cookies["AWSALBAPP-0"] not in ("_remove_", login.cookies["AWSALBAPP-0"])
    world.sites[dead.address, 9180].ready = 200
    poll(lambda: world.states()[place] == "healthy", within=10, every=0.05)
    assert world.names(4, login.cookies | moved.cookies) == {moved.body}

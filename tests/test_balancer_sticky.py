"""Users stay with their target, as AWS has it."""

import time
from collections.abc import Iterator

import pytest

from rehearsal.balancer.model import Stickiness
from rehearsal.network import Network
from rehearsal.poll import poll
from tests.balancer_world import A, B, World, pair, running, two_guests

pytestmark = pytest.mark.host

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
    assert set(login.cookies) == {"JSESSIONID", "AWSALBAPP-0"}
    assert world.names(6, login.cookies) == {login.body}


def test_both_cookies_are_needed_to_stay(world: World) -> None:
    world.start(pair(APP))
    login = world.get("/login")
    for name in login.cookies:
        assert len(world.names(4, {name: login.cookies[name]})) == 2


def test_no_cookie_is_made_before_the_application_sets_its_own(world: World) -> None:
    world.start(pair(APP))
    assert world.get().cookies == {}


def test_a_user_stays_by_the_balancers_own_cookie(world: World) -> None:
    world.start(pair(OWN))
    first = world.get()
    assert set(first.cookies) == {"AWSALB"}
    assert world.names(6, first.cookies) == {first.body}
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
    assert set(moved.cookies) == {"AWSALBAPP-0"}
    world.sites[dead.address, 9180].ready = 200
    poll(lambda: world.states()[place] == "healthy", within=10, every=0.05)
    assert world.names(4, login.cookies | moved.cookies) == {moved.body}

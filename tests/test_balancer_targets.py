"""Who gets requests, and what the answer is when nobody can."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from rehearsal.network import Network
from rehearsal.poll import poll
from tests.balancer_support import load_balancer, target, target_group, with_targets
from tests.balancer_world import ADDRESS, A, B, World, pair, running, two_guests
from tests.network_support import group, interface

pytestmark = pytest.mark.host


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


def test_requests_go_to_all_healthy_targets_in_turn(world: World) -> None:
    world.start(pair())
    assert world.states() == ["healthy", "healthy"]
    assert sorted(world.get().body for _ in range(6)) == ["10:8080"] * 3 + ["11:8080"] * 3


def test_one_instance_under_two_ports_gets_twice_as_many(world: World) -> None:
    world.start(load_balancer(target_group(A, target(10, 8090), B)))
    assert sorted(world.get().body for _ in range(6)) == ["10:8080"] * 2 + ["10:8090"] * 2 + ["11:8080"] * 2


def test_health_is_that_of_the_readiness_port(world: World) -> None:
    balancer = world.start(pair())
    world.sites[A.address, 9180].ready = 503
    poll(lambda: world.states() == ["unhealthy", "healthy"], within=10, every=0.05)
    assert balancer.health()[0].reason == "Target.ResponseCodeMismatch"
    assert world.names(4) == {"11:8080"}


def test_a_health_check_bears_the_targets_address_as_host(world: World) -> None:
    world.start(pair())
    path, headers = world.sites[A.address, 9180].seen[0]
    assert (path, headers["host"], headers["user-agent"]) == ("/ready", "10.64.0.10:8080", "ELB-HealthChecker/2.0")


def test_a_new_target_is_healthy_after_its_first_passed_check(world: World) -> None:
    slow = replace(target_group(A).check, interval=5, healthy=10)
    start = time.monotonic()
    world.start(load_balancer(target_group(A, check=slow)))
    assert world.states() == ["healthy"]
    assert time.monotonic() - start < 5  # ten checks would take 45 seconds


def test_a_target_that_never_answers_becomes_unhealthy(world: World) -> None:
    world.close_site(A, 9180)
    balancer = world.start(pair())
    assert world.states() == ["unhealthy", "healthy"]
    assert balancer.health()[0].reason == "Target.FailedHealthChecks"


def test_security_groups_hold_for_the_balancer_as_well(world: World) -> None:
    balancer = world.start(pair())
    world.apply(interface(balancer.namespace, ADDRESS, group("sg-mute", [], [])))
    poll(lambda: world.states() == ["unhealthy", "unhealthy"], within=10, every=0.05)
    assert {found.reason for found in balancer.health()} == {"Target.Timeout"}


def test_without_any_target_the_answer_is_503(world: World) -> None:
    world.start(with_targets(pair()))
    assert world.get().status == 503


def test_a_healthy_target_that_refuses_is_a_502(world: World) -> None:
    world.start(load_balancer(target_group(A)))
    world.close_site(A, 8080)
    assert world.get().status == 502


def test_a_503_of_the_application_stays_a_503(world: World) -> None:
    world.start(load_balancer(target_group(A)))
    world.sites[A.address, 8080].ready = 503
    assert world.get("/ready").status == 503


def test_with_no_healthy_target_all_targets_get_requests(world: World) -> None:
    world.start(pair())
    for where in (A, B):
        world.sites[where.address, 9180].ready = 500
    poll(lambda: world.states() == ["unhealthy", "unhealthy"], within=10, every=0.05)
    assert world.names(4) == {"10:8080", "11:8080"}


def test_a_target_slower_than_the_idle_timeout_is_a_504(world: World) -> None:
    world.start(replace(load_balancer(target_group(A)), idle=1))
    assert world.get("/slow").status == 504

"""Upgraded connections at a real haproxy: how long a quiet one lives, and which changes it outlives."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from rehearsal.balancer.model import Stickiness
from tests.balancer_alone import HEAVY, Alone, at, over, started
from tests.balancer_support import with_targets
from tests.balancer_upgraded import Upgraded

pytestmark = pytest.mark.host


def ending(seconds: int) -> Iterator[Alone]:
    """Run a balancer that ends a connection on which nothing comes for so many seconds."""
    with started(over(*HEAVY, sticky=Stickiness(None, 60), idle=seconds)) as made:
        yield made


@pytest.fixture
def hasty() -> Iterator[Alone]:
    """Run a balancer with a time-out of 1 second."""
    yield from ending(1)


@pytest.fixture
def patient() -> Iterator[Alone]:
    """Run a balancer with a time-out of 4 seconds."""
    yield from ending(4)


@pytest.fixture
def plain() -> Iterator[Alone]:
    """Run a balancer with AWS's own time-out."""
    yield from ending(60)


def test_a_connection_is_upgraded_and_tells_the_client_its_target(patient: Alone) -> None:
    with patient.upgraded() as connection:
        assert connection.head.startswith("HTTP/1.1 101 ")
        assert "set-cookie: AWSALB=" in connection.head
        assert connection.echoes()


def test_a_quiet_upgraded_connection_ends_after_the_time_out_and_not_before(hasty: Alone) -> None:
    with hasty.upgraded() as connection:
        assert not connection.ended(within=0.7)
        assert connection.ended(within=1.8)


def test_it_lives_longer_with_a_larger_one(patient: Alone) -> None:
    with patient.upgraded() as connection:
        assert not connection.ended(within=2.5)
        assert connection.echoes()
        assert not connection.ended(within=3.5)
        assert connection.ended(within=3)


def test_it_lives_while_something_comes(hasty: Alone) -> None:
    with hasty.upgraded() as connection:
        for _ in range(6):
            assert not connection.ended(within=0.4)
            assert connection.echoes()


def test_a_change_elsewhere_ends_no_upgraded_connection(plain: Alone) -> None:
    """The control is the next test: what is taken away has 2 seconds."""
    with plain.upgraded() as one, plain.upgraded() as other:
        assert plain.balancer.sync(replace(plain.balancer._model, idle=59))
        assert lasting(plain, 3.5, one, other) == [True, True]


def test_a_target_that_is_taken_away_keeps_its_connections_for_its_delay_and_no_longer(plain: Alone) -> None:
    connections = [plain.upgraded() for _ in HEAVY]  # each target gets one, in turn
    plain.balancer.sync(with_targets(plain.balancer._model, at(1), at(2)))
    assert lasting(plain, 1, *connections) == [True, True, True]
    assert sorted(lasting(plain, 2, *connections)) == [False, True, True]
    for connection in connections:
        connection.close()


def lasting(plain: Alone, seconds: float, *connections: Upgraded) -> list[bool]:
    """Return which connections are alive after so many seconds, in which the balancer is asked as ever."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        plain.states()
        time.sleep(0.1)
    return [connection.echoes() for connection in connections]

"""The running balancer: changed, killed, refused, ended."""

import os
import signal
import threading
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rehearsal import netns
from rehearsal.balancer import Balancer, BalancerError
from rehearsal.balancer.model import Stickiness
from rehearsal.network import Network
from rehearsal.poll import poll
from tests.balancer_support import load_balancer, target_group, with_targets
from tests.balancer_world import ADDRESS, SUBNET, A, Answer, B, World, pair, running, two_guests

pytestmark = pytest.mark.host

APP = Stickiness("JSESSIONID", 60)


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


def test_a_change_keeps_requests_that_are_under_way(world: World) -> None:
    balancer = world.start(load_balancer(target_group(A)))
    answers: list[Answer] = []
    client = threading.Thread(target=lambda: answers.append(world.get("/slow")))
    client.start()
    site = world.sites[A.address, 8080]
    poll(lambda: any(path == "/slow" for path, _ in site.seen), within=5, every=0.02)
    assert balancer.sync(with_targets(balancer._model, B))
    poll(lambda: world.states() == ["healthy"], within=10, every=0.05)
    assert world.names(3) == {"11:8080"}
    site.released.set()
    client.join()
    assert [(answer.status, answer.body) for answer in answers] == [(200, "slow")]


def test_a_change_costs_no_request_and_no_session(world: World) -> None:
    balancer = world.start(pair(APP))
    login = world.get("/login")
    seen: list[tuple[int, str]] = []
    ended = threading.Event()

    def ask() -> None:
        while not ended.is_set():
            answer = world.get("/", login.cookies)
            seen.append((answer.status, answer.body))

    client = threading.Thread(target=ask)
    client.start()
    for idle in (61, 62, 63):
        assert balancer.sync(replace(balancer._model, idle=idle))
    ended.set()
    client.join()
    assert set(seen) == {(200, login.body)}
    assert world.states() == ["healthy", "healthy"]


def test_nothing_happens_without_a_change(world: World) -> None:
    balancer = world.start(pair())
    assert not balancer.sync(balancer._model)


def test_what_haproxy_refuses_leaves_the_balancer_as_it_was(world: World) -> None:
    balancer = world.start(pair())
    check = replace(target_group(A).check, matcher="nonsense")
    with pytest.raises(BalancerError, match="haproxy refused"):
        balancer.sync(replace(balancer._model, target_groups=(target_group(A, check=check),)))
    assert world.names(4) == {"10:8080", "11:8080"}
    assert world.states() == ["healthy", "healthy"]


def test_a_haproxy_that_died_is_started_by_the_next_sync(world: World) -> None:
    balancer = world.start(pair())
    process = balancer._haproxy._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert balancer.sync(balancer._model)
    poll(lambda: world.states() == ["healthy", "healthy"], within=10, every=0.05)
    assert world.get().status == 200


def test_requests_are_served_by_an_unprivileged_process(world: World) -> None:
    balancer = world.start(pair())
    status = Path(f"/proc/{balancer._haproxy._worker()}/status").read_text()
    uids = next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1:]
    assert "0" not in uids


def test_down_leaves_nothing(world: World) -> None:
    balancer = world.start(pair())
    worker = balancer._haproxy._worker()
    balancer.down()
    balancer.down()
    assert balancer.namespace not in netns.names()
    assert not Path(f"/proc/{worker}").exists()
    assert list(world.folder.iterdir()) == []


def test_a_balancer_that_cannot_come_up_leaves_nothing(world: World) -> None:
    check = replace(target_group(A).check, matcher="nonsense")
    model = load_balancer(target_group(A, check=check), tail=uuid.uuid4().hex[:8])
    made = Balancer(
        model=model, network=world.network, address=ADDRESS, subnet_cidr=SUBNET, directory=world.folder / "x"
    )
    with pytest.raises(BalancerError):
        made.up()
    assert made.namespace not in netns.names()
    assert list(world.folder.iterdir()) == []

"""Clusters of real gateways, started as a node starts them, and what their logs tell a node."""

import re
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from musternode.kaazing.upgrade import Service, hindrance
from rehearsal import netns
from rehearsal.poll import poll
from rehearsal.websocket import Closed
from tests.double_kaazing_support import HEARTBEAT, NAME, PORT, Bench, Gateway, bench, cluster, service

pytestmark = pytest.mark.host

USERS, MESSAGES = 20, 50


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Bench, list[Gateway]]]:
    """Form a cluster of two, for tests that leave it as it was."""
    with bench(tmp_path_factory.mktemp("kaazing")) as made:
        yield made, made.cluster(2)


@pytest.fixture
def three(tmp_path: Path) -> Iterator[tuple[Bench, list[Gateway]]]:
    """Form a cluster of three."""
    with bench(tmp_path) as made:
        yield made, made.cluster(3)


Pair = tuple[Bench, list[Gateway]]


def test_each_gateway_names_all_members_in_its_log(pair: Pair) -> None:
    first, second = pair[1]
    for own, other in ((first, second), (second, first)):
        assert own.sight.own == own.address
        assert own.sight.others == {other.address}


def test_the_log_file_tells_what_the_console_tells(pair: Pair) -> None:
    for gateway in pair[1]:
        assert gateway.sight_of(gateway.file_log) == gateway.sight


def test_each_gateway_takes_users_at_the_nodes_address_for_the_public_name(pair: Pair) -> None:
    made, gateways = pair
    for gateway in gateways:
        assert netns.call_in(made.switch, partial(hindrance, Service(gateway.address, PORT, NAME, "/echo"))) == ""


def test_each_message_of_twenty_users_at_once_comes_back_once(pair: Pair) -> None:
    made, gateways = pair
    together = threading.Barrier(USERS)

    def use(user: int) -> list[bytes]:
        with made.visit(gateways[user % 2]) as visitor:
            together.wait(30)
            for number in range(MESSAGES):
                visitor.send(f"{user}:{number}".encode())
            came = [visitor.receive() for _ in range(MESSAGES)]
            visitor.send(b"last")  # whatever came twice would come before
            assert visitor.receive() == b"last"
            return came

    with ThreadPoolExecutor(USERS) as crowd:
        answers = list(crowd.map(use, range(USERS)))
    assert answers == [[f"{user}:{number}".encode() for number in range(MESSAGES)] for user in range(USERS)]


def test_strangers_with_another_name_form_a_cluster_of_their_own(pair: Pair) -> None:
    made, gateways = pair
    stranger = made.gateway()
    echo = service("echo", f"ws://{NAME}:80/echo", f"{stranger.address}:{PORT}")
    members = [stranger.address, *(each.address for each in gateways)]
    stranger.configure(echo, cluster(stranger.address, members, "other"))
    stranger.start()
    stranger.wait_until_started()
    assert not stranger.sight.others
    assert all(stranger.address not in each.sight.others for each in gateways)
    stranger.kill()


@pytest.mark.full
def test_a_gateway_that_is_killed_is_seen_to_go_within_two_seconds_and_comes_again(three: Pair) -> None:
    made, (first, second, third) = three
    with made.visit(second) as visitor:
        second.kill()
        began = time.monotonic()
        poll(lambda: all(second.address in each.sight.left for each in (first, third)), within=10, every=0.05)
        assert time.monotonic() - began < 2
        with pytest.raises((Closed, ConnectionError)):
            visitor.receive()
    second.start()
    second.wait_until_started()
    poll(lambda: all(len(each.sight.others) == 2 and not each.sight.left for each in (first, second, third)), within=20)


@pytest.mark.full
def test_after_the_one_who_leads_has_gone_the_others_stay_together(three: Pair) -> None:
    """Longer than a member may go without saying whom it takes for the leader: with too few such words one falls."""
    _, (leader, *others) = three
    leader.kill()
    poll(lambda: all(leader.address in each.sight.left for each in others), within=10)
    leader.start()
    leader.wait_until_started()
    poll(lambda: all(len(each.sight.others) == 2 for each in three[1]), within=20)
    with pytest.raises(TimeoutError):
        poll(lambda: any(each.sight.left for each in three[1]), within=5 * HEARTBEAT)


@pytest.mark.full
def test_a_gateway_that_is_asked_to_end_leaves_at_once(three: Pair) -> None:
    _, (first, second, third) = three
    second.signal(signal.SIGTERM)
    assert second.child is not None
    assert second.child.wait(10) == 143
    poll(lambda: all(second.address in each.sight.left for each in (first, third)), within=2, every=0.05)


@pytest.mark.full
def test_a_cut_is_seen_within_ten_seconds_and_the_smaller_part_merges_after_it(three: Pair) -> None:
    """With the heartbeat of a rehearsal; those of the larger part have nothing to mend.

    The one that was cut off may need longer: it asks each of the others in vain, 5 s each, before it puts out the next.
    """
    made, gateways = three
    apart, *others = gateways
    with made.visit(others[0]) as visitor:
        made.cut(apart)
        began = time.monotonic()
        poll(lambda: all(apart.address in each.sight.left for each in others), within=30, every=0.05)
        assert time.monotonic() - began < 10
        poll(lambda: not apart.sight.others, within=30)
        assert [each.sight.merged for each in gateways] == [0, 0, 0]
        made.heal()
        poll(lambda: apart.sight.merged, within=60)
        poll(lambda: all(len(each.sight.others) == 2 for each in gateways), within=10)
        assert [each.sight.merged for each in gateways] == [1, 0, 0]
        visitor.send(b"still here")
        assert visitor.receive() == b"still here"
    apart.kill()
    apart.start()
    apart.wait_until_started()
    poll(lambda: all(len(each.sight.others) == 2 for each in gateways), within=20)
    assert [each.sight.merged for each in gateways] == [0, 0, 0]


@pytest.mark.full
def test_the_one_that_has_merged_is_missing_from_what_all_share_until_it_begins_anew(tmp_path: Path) -> None:
    """Why a node restarts a gateway that says so; what they share is told in the log, of services that are balanced."""
    with bench(tmp_path) as made:
        gateways = [made.gateway() for _ in range(2)]
        for each in gateways:
            each.configure(*balanced(each), cluster(each.address, [one.address for one in gateways]))
            each.start()
        poll(lambda: any(shared(each) == 2 for each in gateways), within=40)
        made.cut(gateways[1])
        poll(lambda: not any(each.sight.others for each in gateways), within=30)
        made.heal()
        poll(lambda: any(each.sight.merged for each in gateways), within=60)
        poll(lambda: all(each.sight.others for each in gateways), within=10)
        (merged,) = (each for each in gateways if each.sight.merged)
        assert [shared(each) for each in gateways] == [1, 1]
        merged.kill()
        merged.start()
        poll(lambda: shared(merged) == 2, within=40)


def balanced(gateway: Gateway) -> tuple[str, str]:
    """Return a service, which other gateways have too, and one that leads users to any of them."""
    place, uri = gateway.address, "ws://all.example.org:80/echo"
    own = service("echo", f"ws://{place}:80/echo", f"{place}:{PORT}")
    leads = service("balancer", uri, f"{place}:{PORT + 1}").replace("<type>echo", "<type>balancer")
    return own.replace("<type>", f"<balance>{uri}</balance><type>"), leads


def shared(gateway: Gateway) -> int:
    """Return how many gateways the last list in the log names for the service that all have."""
    found = re.findall(r"balance URI: \S+ +target list: \[(.*)\]", gateway.log)
    return len(found[-1].split(", ")) if found else 0


@pytest.mark.full
def test_a_gateway_that_stood_still_merges(three: Pair) -> None:
    _, gateways = three
    still, *others = gateways
    still.signal(signal.SIGSTOP)
    poll(lambda: all(still.address in each.sight.left for each in others), within=12)
    still.signal(signal.SIGCONT)
    poll(lambda: still.sight.merged, within=90)
    poll(lambda: all(len(each.sight.others) == 2 for each in gateways), within=10)
    assert all(not each.sight.merged for each in others)

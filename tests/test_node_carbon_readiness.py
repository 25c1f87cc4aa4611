"""A node's answer to the balancer: does the product answer, and does its member see enough of the cluster."""

import dataclasses
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from musternode import readiness as node_readiness
from musternode import web
from musternode.carbon import readiness
from musternode.failure import Failure
from musternode.h2 import clock
from musternode.paths import Paths
from rehearsal.poll import poll
from tests.node_servers import serving
from tests.node_words import put
from tests.test_node_readiness import Slow


@pytest.fixture(scope="module")
def product() -> Iterator[tuple[Slow, int]]:
    """Serve a product, and tell its port."""
    slow = Slow()
    server = web.serve("127.0.0.1", 0, {readiness.PATH: slow})
    yield slow, server.server_port
    server.shutdown()
    server.server_close()


class Node:
    """A product and what the member says of itself."""

    def __init__(self, folder: Path, slow: Slow, port: int) -> None:
        self.paths, self.slow, self.port = Paths(folder), slow, port

    def say(self, **changes: Any) -> None:
        """Let the member say a state, now unless it says when."""
        at = changes.pop("at", clock.now())
        put(self.paths.root, "state.json", {**dataclasses.asdict(serving("a", **changes)), "at": at})

    def reasons(self) -> list[str]:
        """Return why it should be given no users."""
        return readiness.reasons(self.paths, self.port)


@pytest.fixture
def node(tmp_path: Path, product: tuple[Slow, int]) -> Node:
    """Return node a, which serves."""
    slow, port = product
    slow.seconds, slow.status = 0.0, 200
    made = Node(tmp_path, slow, port)
    made.say()
    return made


def test_a_node_is_ready_when_product_and_member_say_so(node: Node) -> None:
    assert node.reasons() == []


@pytest.mark.parametrize("status", [302, 401, 403, 404])
def test_a_product_that_leads_elsewhere_or_forbids_answers_none_the_less(node: Node, status: int) -> None:
    node.slow.status = status
    assert node.reasons() == []


@pytest.mark.parametrize("status", [500, 503])
def test_a_product_with_a_fault_of_its_own_is_the_reason(node: Node, status: int) -> None:
    node.slow.status = status
    assert node.reasons() == [f"the product does not answer at /services port {node.port}"]


def test_a_product_that_hangs_is_the_reason_before_the_balancers_patience_ends(node: Node) -> None:
    node.slow.seconds = 5.0
    began = time.monotonic()
    assert node.reasons() == [f"the product does not answer at /services port {node.port}"]
    assert time.monotonic() - began < 1.9


def test_a_product_that_does_not_listen_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert not readiness.answers("127.0.0.1", port)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"phase": "waiting"}, "the member is not in one cluster with a majority of the members"),
        ({"phase": "starting"}, "the member is starting"),
        ({"phase": "failed", "failure": "node a: no unit"}, "the member is failed: node a: no unit"),
        ({"at": clock.now() - 3600}, "the member does not answer"),
    ],
)
def test_a_member_that_wants_no_users_here_is_the_reason(node: Node, changes: dict[str, Any], reason: str) -> None:
    node.say(**changes)
    assert node.reasons() == [reason]


def test_the_answer_is_200_without_a_reason_and_503_with_all_of_them() -> None:
    assert node_readiness.answer([]) == (200, b'{"ready": true, "reasons": []}')
    status, body = node_readiness.answer(["one", "two"])
    assert (status, json.loads(body)) == (503, {"ready": False, "reasons": ["one", "two"]})


def test_the_process_answers_on_the_address_that_it_is_told(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    ports, real = list[int](), web.serve

    def serve(*given: Any) -> None:
        ports.append(real(*given).server_port)

    monkeypatch.setattr(web, "serve", serve)
    arguments = ["127.0.2.3", "0", str(node.port)]
    threading.Thread(target=readiness.run, args=(arguments, node.paths), daemon=True).start()
    poll(lambda: ports, within=5, every=0.02)
    url = f"http://127.0.2.3:{ports[0]}/ready"
    with urllib.request.urlopen(url, timeout=5) as answer:
        assert json.load(answer) == {"ready": True, "reasons": []}
    node.say(phase="waiting")
    with pytest.raises(urllib.error.HTTPError, match="503"):
        urllib.request.urlopen(url, timeout=5)


def test_other_arguments_are_refused_with_those_that_are_wanted(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="usage: musternode carbon-readiness ADDRESS PORT HTTP_PORT"):
        readiness.run(["127.0.0.1"], Paths(tmp_path))

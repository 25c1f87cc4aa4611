"""A node's answer to the balancer: may it be given users, and may it be given administrative writes."""

import dataclasses
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from musternode import readiness, state, web
from musternode.failure import Failure
from musternode.h2 import clock
from musternode.paths import Paths
from musternode.readiness import Probe
from rehearsal.poll import poll
from tests.node_words import OWN, pair_json, put

SHUT = {**pair_json()["peer"], "gate": "shut"}


class Slow:
    """An application whose health answer takes a while."""

    def __init__(self) -> None:
        self.seconds, self.status = 0.0, 200

    def __call__(self) -> tuple[int, bytes]:
        """Answer the health path."""
        time.sleep(self.seconds)  # the fault under test is slowness itself
        return self.status, b"{}"


@dataclass
class Node:
    """A node's application, the words of its other processes, and the URL of its readiness."""

    folder: Path
    slow: Slow
    url: str

    def say(self, **changes: Any) -> None:
        """Let the member say another state, now."""
        put(self.folder, "state.json", {**vars(dataclasses.replace(OWN, **changes)), "at": clock.now()})

    def pair(self, **changes: Any) -> None:
        """Let the gate process say how the pair stands, now."""
        put(self.folder, "pair.json", pair_json(**changes))

    def ready(self, path: str = "") -> tuple[int, list[str]]:
        """Return status and reasons."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:
                return answer.status, json.load(answer)["reasons"]
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)["reasons"]


@pytest.fixture(scope="module", params=["leader"])
def served(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Node]:
    """Yield the processes of node a; the parameter is who takes administrative writes."""
    slow, folder = Slow(), tmp_path_factory.mktemp("node")
    health = web.serve("127.0.0.1", 0, {"/health": slow})
    probe = Probe("a", health.server_port, "/health", request.param, Paths(folder))
    server = readiness.serve(probe, "127.0.0.1", 0)
    yield Node(folder, slow, f"http://127.0.0.1:{server.server_port}/ready")
    for one in (health, server):
        one.shutdown()
        one.server_close()


@pytest.fixture
def node(served: Node) -> Node:
    """Return node a of a whole pair, which it leads."""
    served.slow.seconds, served.slow.status = 0.0, 200
    served.say()
    served.pair()
    return served


def test_a_node_is_ready_when_application_and_member_say_so(node: Node) -> None:
    assert node.ready() == node.ready("/admin") == (200, [])


@pytest.mark.parametrize("phase", [state.WAITING, state.SEEDING, state.COPYING])
def test_a_node_that_joins_again_keeps_its_users_as_long_as_the_peers_database_is_open(node: Node, phase: str) -> None:
    node.say(phase=phase, database="shut")
    node.pair(gate="shut")
    assert node.ready() == (200, [])
    node.pair(gate="shut", peer=SHUT)
    assert node.ready() == (503, [f"the member is {phase}"])


def test_a_node_whose_gate_process_is_silent_keeps_nobody_by_the_peers_database(node: Node) -> None:
    node.say(phase=state.WAITING)
    node.pair(at=clock.now() - 60)
    assert node.ready() == (503, ["the member is waiting"])


@pytest.mark.parametrize("phase", [state.STARTING, state.LEAVING, state.LEFT, state.FAILED])
def test_a_node_that_starts_leaves_or_has_failed_is_never_ready(node: Node, phase: str) -> None:
    node.say(phase=phase, failure="node a: no disk" if phase == state.FAILED else "")
    because = ": node a: no disk" if phase == state.FAILED else ""
    assert node.ready() == node.ready("/admin") == (503, [f"the member is {phase}{because}"])


def test_a_node_whose_member_has_died_is_not_ready(node: Node) -> None:
    (Paths(node.folder).public / "state.json").unlink()
    assert node.ready() == (503, ["the member does not answer"])


def test_a_sick_application_is_the_reason(node: Node) -> None:
    node.slow.status = 503
    assert node.ready() == node.ready("/admin") == (503, ["the application does not answer 200 at /health"])


def test_only_the_leader_takes_administrative_writes(node: Node) -> None:
    node.pair(leader="b")
    assert node.ready() == (200, [])
    assert node.ready("/admin") == (503, ["node b leads the pair"])
    node.pair(at=clock.now() - 60)
    assert node.ready("/admin") == (503, ["the gate process does not answer"])


@pytest.mark.parametrize("served", ["any"], indirect=True)
def test_any_node_takes_administrative_writes_if_the_cluster_file_says_so(node: Node) -> None:
    node.pair(leader="b")
    assert node.ready("/admin") == (200, [])


@pytest.mark.parametrize("path", ["", "/admin"])
def test_a_hung_application_holds_no_answer_back(node: Node, path: str) -> None:
    """The balancer waits 2 seconds; ten questions at once take no longer than one."""
    node.slow.seconds = 4
    began = time.monotonic()
    answers: list[tuple[int, list[str]]] = []
    threads = [threading.Thread(target=lambda: answers.append(node.ready(path))) for _ in range(10)]
    for thread in threads:
        thread.start()
    poll(lambda: len(answers) == 10, within=5, every=0.02)
    assert time.monotonic() - began < 2
    assert {status for status, _ in answers} == {503}


def test_another_path_is_not_found(node: Node) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(node.url + "x", timeout=5)


def test_a_wrong_command_names_the_right_one(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="usage: musternode readiness NODE ADDRESS PORT HTTP_PORT HEALTH ADMIN_WRITES"):
        readiness.run(["a"], Paths(tmp_path))

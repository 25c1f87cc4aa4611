"""A node's answer to the balancer: does its own engine say that it runs, and does its member want users."""

import dataclasses
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from musternode import __main__, web
from musternode.axonivy import readiness
from musternode.failure import Failure
from musternode.h2 import clock
from musternode.paths import Paths
from rehearsal.poll import poll
from tests.node_servers import serving
from tests.node_words import put

HEALTH = "/system/health"
LACKS = "the engine does not say at {page} port {port} that it runs"


class Engine(HTTPServer):
    """Answers with a status after some seconds, to whom its licence lets in."""

    status, seconds = 200, 0.0
    hosts: list[str]


class Page(BaseHTTPRequestHandler):
    """Any page."""

    def do_GET(self) -> None:
        """Answer."""
        engine = self.server
        assert isinstance(engine, Engine)
        engine.hosts.append(self.headers["Host"])
        time.sleep(engine.seconds)
        self.send_response(engine.status if self.headers["Host"].startswith("localhost:") else 403)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def engine() -> Iterator[Engine]:
    """Serve an engine."""
    made = Engine(("127.0.0.1", 0), Page)
    made.hosts = []
    threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """Return the files of a node whose member serves."""
    say(tmp_path)
    return Paths(tmp_path)


def say(folder: Path, **changes: Any) -> None:
    """Let the member say a state."""
    put(folder, "state.json", {**dataclasses.asdict(serving("a", **changes)), "at": clock.now()})


def test_a_node_is_ready_when_its_engine_and_its_member_say_so(engine: Engine, paths: Paths) -> None:
    assert readiness.reasons(paths, engine.server_port, HEALTH) == []


def test_the_engine_is_asked_by_the_name_that_each_licence_lets_in(engine: Engine) -> None:
    assert readiness.answers(engine.server_port, HEALTH)
    assert engine.hosts == [f"localhost:{engine.server_port}"]


@pytest.mark.parametrize(
    ("page", "status", "there"),
    [
        (HEALTH, 200, True),
        (HEALTH, 204, False),
        (HEALTH, 302, False),
        (HEALTH, 503, False),
        ("/", 200, True),
        ("/ivy/", 302, True),
        ("/", 404, False),
        ("/", 503, False),
    ],
)
def test_a_page_about_health_says_200_and_a_first_page_may_lead_elsewhere(
    engine: Engine,
    page: str,
    status: int,
    there: bool,
) -> None:
    engine.status = status
    assert readiness.answers(engine.server_port, page) == there


def test_an_engine_that_does_not_serve_is_the_reason(engine: Engine, paths: Paths) -> None:
    engine.status = 503
    assert readiness.reasons(paths, engine.server_port, HEALTH) == [LACKS.format(page=HEALTH, port=engine.server_port)]


def test_one_that_hangs_is_the_reason_before_the_balancers_patience_ends(engine: Engine, paths: Paths) -> None:
    engine.seconds = 2.5
    began = time.monotonic()
    assert len(readiness.reasons(paths, engine.server_port, HEALTH)) == 1
    assert time.monotonic() - began < 1.9


def hanging() -> list[str]:
    """Say nothing for longer than a balancer waits."""
    time.sleep(2.5)
    return []


def test_a_front_that_hangs_beside_it_costs_no_more_time(engine: Engine, paths: Paths) -> None:
    engine.seconds, began = 2.5, time.monotonic()
    found = readiness.reasons(paths, engine.server_port, HEALTH, hanging)
    assert found == ["front: no answer within 1.6 s", LACKS.format(page=HEALTH, port=engine.server_port)]
    assert time.monotonic() - began < 1.9


def test_a_member_that_wants_no_users_is_the_reason(engine: Engine, paths: Paths) -> None:
    say(paths.root, phase="starting")
    assert readiness.reasons(paths, engine.server_port, HEALTH) == ["the member is starting"]


def test_the_command_answers_on_the_address_that_it_is_told(
    engine: Engine, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports, real = list[int](), web.serve

    def serve(*given: Any) -> None:
        ports.append(real(*given).server_port)

    monkeypatch.setattr(web, "serve", serve)
    monkeypatch.setattr(__main__, "Paths", lambda: paths)
    arguments = ["axonivy-readiness", "127.0.2.4", "0", str(engine.server_port), HEALTH]
    threading.Thread(target=__main__._run, args=(arguments,), daemon=True).start()
    poll(lambda: ports, within=5, every=0.02)
    url = f"http://127.0.2.4:{ports[0]}/ready"
    with urllib.request.urlopen(url, timeout=5) as answer:
        assert answer.status == 200
    engine.status = 503
    with pytest.raises(urllib.error.HTTPError, match="503"):
        urllib.request.urlopen(url, timeout=5)


def test_other_arguments_are_refused_with_those_that_are_wanted(paths: Paths) -> None:
    with pytest.raises(Failure, match="usage: musternode axonivy-readiness ADDRESS PORT HTTP_PORT PATH"):
        readiness.run(["127.0.0.1"], paths)

"""A node's answer to the balancer: does its gateway open a WebSocket, and does its member want users here."""

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

from musternode import __main__ as main
from musternode import web
from musternode.failure import Failure
from musternode.h2 import clock
from musternode.kaazing import readiness
from musternode.kaazing.upgrade import Service
from musternode.paths import Paths
from rehearsal.poll import poll
from tests.node_servers import serving
from tests.node_words import put
from tests.test_node_kaazing_upgrade import gateway, upgraded


@pytest.fixture
def takes() -> Iterator[Service]:
    """Serve a gateway that opens each WebSocket."""
    with gateway(lambda connection, sent: connection.sendall(upgraded(sent))) as service:
        yield service


def say(folder: Path, **changes: Any) -> Paths:
    """Let the member of the node below `folder` say a state, now unless it says when; return the node's paths."""
    at = changes.pop("at", clock.now())
    put(folder, "state.json", {**dataclasses.asdict(serving("a", **changes)), "at": at})
    return Paths(folder)


def test_a_node_is_ready_when_gateway_and_member_say_so(tmp_path: Path, takes: Service) -> None:
    assert readiness.reasons(say(tmp_path), takes) == []


def test_a_gateway_that_opens_no_websocket_is_the_reason(tmp_path: Path) -> None:
    with gateway(lambda connection, _: connection.sendall(b"HTTP/1.1 404 Not Found\r\n\r\n")) as service:
        (reason,) = readiness.reasons(say(tmp_path), service)
    assert reason.startswith(f"the gateway answers 404 at /echo on port {service.port}")


def slow() -> list[str]:
    """Say after a while that the front is shut."""
    time.sleep(1.0)
    return ["the front is shut"]


def test_a_front_and_a_gateway_that_hang_are_both_told_before_the_balancers_patience_ends(tmp_path: Path) -> None:
    with gateway(lambda *_: time.sleep(2.5)) as service:
        began = time.monotonic()
        found = readiness.reasons(say(tmp_path), service, slow)
        assert time.monotonic() - began < 1.9
    assert found == ["the front is shut", f"the gateway does not answer at {service} within 1.5 s"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"phase": "waiting"}, readiness.LACKS),
        ({"phase": "starting"}, "the member is starting"),
        ({"phase": "failed", "failure": "node a: no unit"}, "the member is failed: node a: no unit"),
        ({"at": clock.now() - 3600}, "the member does not answer"),
    ],
)
def test_a_member_that_wants_no_users_here_is_the_reason(
    tmp_path: Path, takes: Service, changes: dict[str, Any], reason: str
) -> None:
    assert readiness.reasons(say(tmp_path, **changes), takes) == [reason]


def test_the_process_answers_on_the_address_that_it_is_told(
    tmp_path: Path, takes: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports, real, paths = list[int](), web.serve, say(tmp_path)

    def serve(*given: Any) -> None:
        ports.append(real(*given).server_port)

    monkeypatch.setattr(web, "serve", serve)
    monkeypatch.setattr(main, "Paths", lambda: paths)
    arguments = ["kaazing-readiness", "127.0.0.1", "0", str(takes.port), takes.host, takes.path]
    threading.Thread(target=main.main, args=(arguments,), daemon=True).start()
    poll(lambda: ports, within=5, every=0.02)
    url = f"http://127.0.0.1:{ports[0]}/ready"
    with urllib.request.urlopen(url, timeout=5) as answer:
        assert json.load(answer) == {"ready": True, "reasons": []}
    say(tmp_path, phase="waiting")
    with pytest.raises(urllib.error.HTTPError, match="503"):
        urllib.request.urlopen(url, timeout=5)


def test_that_users_are_led_away_for_another_run_is_among_the_reasons() -> None:
    assert readiness.LACKS.endswith("leads its users away because its gateway is about to begin anew")


def test_a_gateway_that_does_not_listen_is_the_reason(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    found = readiness.reasons(say(tmp_path), Service("127.0.0.1", port, "gw.example.org", "/echo"))
    assert found == [f"the gateway does not listen on port {port}"]


def test_other_arguments_are_refused_with_those_that_are_wanted(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="usage: musternode kaazing-readiness ADDRESS PORT HTTP_PORT HOST PATH"):
        readiness.run(["127.0.0.1"], Paths(tmp_path))

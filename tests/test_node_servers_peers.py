"""What members tell each other, over real HTTP on loopback."""

import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode import settings
from musternode.carbon import words
from musternode.carbon.sight import Word
from musternode.servers import peers
from musternode.servers.peers import Peers
from rehearsal.poll import poll
from tests.node_servers import serving
from tests.test_node_state import JSON

ADDRESS = "127.0.2.2"
STATE = serving("b", healthy=True)
WORD = Word("b-1", {"10.0.1.10": "a-1"}, ("10.0.1.13",), frozenset({"10.0.1.10", ADDRESS}))
TEXT = words.body(STATE, WORD)


class Raw:
    """A server that answers each connection with some bytes, or with nothing for ever."""

    def __init__(self, answer: bytes | None) -> None:
        self._answer, self._held = answer, list[socket.socket]()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            if self._answer is None:
                self._held.append(connection)
                continue
            with connection:
                connection.recv(4096)
                connection.sendall(self._answer)

    def close(self) -> None:
        """End it."""
        self._listening.shutdown(socket.SHUT_RDWR)
        for connection in (self._listening, *self._held):
            connection.close()


class Told:
    """Member b's peer port: `text` is what it says."""

    def __init__(self) -> None:
        self.text = TEXT
        self.server = peers.serve(ADDRESS, 0, lambda: self.text)
        self.port = self.server.server_port


@pytest.fixture(scope="module")
def served() -> Iterator[Told]:
    """Serve what b says."""
    told = Told()
    yield told
    told.server.shutdown()
    told.server.server_close()


@pytest.fixture
def told(served: Told) -> Told:
    """Return what b says, which is whole."""
    served.text = TEXT
    return served


def member(name: str = "b", address: str = ADDRESS) -> settings.Node:
    """Return the entry of a node."""
    return settings.Node(name, 1, "z", address, "vol", present=True)


def test_what_a_member_says_is_heard_whole(told: Told) -> None:
    assert peers.ask(ADDRESS, told.port, words.read) == (STATE, WORD)


def test_members_that_look_at_it_find_whom_it_sees(told: Told) -> None:
    with urllib.request.urlopen(f"http://{ADDRESS}:{told.port}/state", timeout=5) as answer:
        value = json.load(answer)
    assert (value["node"], value["phase"], value["formed"]) == ("b", "serving", False)
    assert value["sees"] == {"10.0.1.10": "a-1"}
    assert value["seen"] == ["10.0.1.10", ADDRESS]


def test_no_other_path_is_answered(told: Told) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"http://{ADDRESS}:{told.port}/", timeout=5)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\n",
        b"HTTP/1",
        b"SSH-2.0-x\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 100_000,
        b"HTTP/1.1 503 no\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 no\r\nLocation: http://127.0.0.1:1/\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n",
    ],
)
def test_an_answer_that_is_none_is_nothing_heard(answer: bytes) -> None:
    server = Raw(answer)
    assert peers.ask("127.0.0.1", server.port, words.read) is None
    server.close()


def test_one_that_hangs_is_waited_for_no_longer_than_it_is_patient() -> None:
    server, began = Raw(None), time.monotonic()
    assert peers.ask("127.0.0.1", server.port, words.read, within=0.2) is None
    assert time.monotonic() - began < 1.0
    server.close()
    assert peers.ask("127.0.0.1", server.port, words.read) is None  # nobody listens


def test_no_proxy_of_the_hosts_environment_is_asked(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    assert peers.ask(ADDRESS, told.port, words.read) is not None


@given(JSON | st.fixed_dictionaries(dict.fromkeys(json.loads(TEXT), JSON)))
def test_anything_else_is_no_word(value: Any) -> None:
    found = words.read(json.dumps(value).encode())
    assert found is None or found[0].node == value["node"]


def test_a_member_is_known_by_name_and_address_while_it_answers(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "EVERY", 0.05)
    now = [0.0]
    heard = Peers((member(), member("c", "127.0.2.9")), told.port, words.read, lambda: now[0])
    assert (heard.states(), heard.words()) == ({}, {})
    heard.start()
    poll(heard.states, within=5, every=0.02)
    assert (heard.states(), heard.words()) == ({"b": STATE}, {ADDRESS: WORD})
    told.text = words.body(replace(STATE, phase="starting"), WORD)
    poll(lambda: heard.states()["b"].phase == "starting", within=5, every=0.02)
    told.text = b""

    def silent() -> bool:
        now[0] += peers.STALE + 1  # whatever was on its way when it fell silent is old now
        return not heard.states() and not heard.words()

    poll(silent, within=5, every=0.1)


def test_one_that_says_it_is_another_is_not_heard(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its address was another node's before."""
    asked: list[str] = []
    real = peers.ask

    def ask(address: str, number: int, read: Any) -> Any:
        asked.append(address)
        return real(address, number, read)

    monkeypatch.setattr(peers, "EVERY", 0.02)
    monkeypatch.setattr(peers, "ask", ask)
    heard = Peers((member("x"),), told.port, words.read)
    heard.start()
    poll(lambda: len(asked) > 2, within=5, every=0.02)
    assert heard.states() == {}


def test_a_fault_in_one_answer_does_not_end_the_asking(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    faults, real = [ZeroDivisionError("odd")], peers.ask

    def ask(address: str, number: int, read: Any) -> Any:
        if faults:
            raise faults.pop()
        return real(address, number, read)

    monkeypatch.setattr(peers, "EVERY", 0.02)
    monkeypatch.setattr(peers, "ask", ask)
    heard = Peers((member(),), told.port, words.read)
    heard.start()
    poll(heard.states, within=5, every=0.02)

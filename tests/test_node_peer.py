"""The peer port: questions, answers, and what strangers, broken connections and dead processes come to."""

import contextlib
import logging
import select
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from musternode.failure import Failure
from musternode.h2 import peer_listener, peer_server
from musternode.h2.peer import PeerClient, PeerServer, Refused, Silent
from musternode.h2.seldom import Seldom
from musternode.waiting import poll
from tests.peer_support import KEY, Answers, Message, asking, in_background, serving, serving_alone, timed

MARGIN = 0.1
LONG = 10.0
"""Seconds for an ask whose time is not what a test is about."""


def test_a_question_is_answered() -> None:
    with serving(Answers()) as server, asking(server.port) as client:
        assert client.ask({"ask": "word"}, timeout=LONG) == {"yes": True, "asked": "word"}


def test_a_question_is_answered_over_ipv6() -> None:
    with serving(Answers(), address="::1") as server, asking(server.port, address="::1") as client:
        assert client.ask({"ask": "word"}, timeout=LONG)["yes"] is True


def test_the_connection_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[socket.socket] = []
    take = peer_listener.PeerListener._take

    def counted(own: peer_listener.PeerListener, connection: socket.socket) -> None:
        taken.append(connection)
        take(own, connection)

    monkeypatch.setattr(peer_listener.PeerListener, "_take", counted)
    with serving(Answers()) as server, asking(server.port) as client:
        for _ in range(5):
            client.ask({"ask": "word"}, timeout=LONG)
    assert len(taken) == 1


def test_a_kept_connection_that_broke_is_replaced_within_one_ask() -> None:
    with serving(Answers()) as first, asking(first.port) as client:
        client.ask({"ask": "word"}, timeout=LONG)
        first.stop()
        assert poll(lambda: not listens(first.port), within=5)
        with serving(Answers(), port=first.port):
            assert client.ask({"ask": "again"}, timeout=LONG)["asked"] == "again"


def test_a_port_where_nobody_listens_refuses() -> None:
    with serving(Answers()) as server, asking(server.port) as client:
        client.ask({"ask": "word"}, timeout=LONG)
        server.stop()
        assert poll(lambda: not listens(server.port), within=5)
        with pytest.raises(Refused):
            client.ask({"ask": "word"}, timeout=LONG)


def test_a_front_of_this_node_that_is_not_there_says_nothing_of_the_peer() -> None:
    """A refusal ends the wait for the other node's lease: what this node's own front refuses must not."""
    with serving(Answers()) as server:
        port = server.port
    client = PeerClient("127.0.0.1", port, KEY, "b", "a", fronted=True)
    with pytest.raises(Silent):
        client.ask({"ask": "word"}, timeout=LONG)
    with pytest.raises(Silent):
        client.connect(LONG)


def test_a_killed_process_refuses_and_a_stopped_one_is_silent_in_time(tmp_path: Path) -> None:
    with serving_alone(tmp_path) as alone, asking(alone.port) as client:
        assert client.ask({"ask": "word"}, timeout=5)["yes"] is True
        alone.stop()
        for _ in ("the kept connection", "a fresh one"):
            seconds, fault = timed(lambda: client.ask({"ask": "word"}, timeout=0.6))
            assert isinstance(fault, Silent)
            assert 0.5 < seconds < 0.6 + MARGIN
        alone.go_on()
        assert client.ask({"ask": "word"}, timeout=5)["yes"] is True
        alone.kill()
        with pytest.raises(Refused):
            client.ask({"ask": "word"}, timeout=LONG)


def test_an_ask_behind_another_one_keeps_its_own_time() -> None:
    with serving(Answers(slowly)) as server, asking(server.port) as client:
        question = {"for": 1.0}
        slow = in_background(lambda: timed(lambda: client.ask(question, timeout=0.9)))
        time.sleep(0.1)
        seconds, fault = timed(lambda: client.ask({}, timeout=0.2))
        slow.join()
    assert isinstance(fault, Silent)
    assert seconds < 0.2 + MARGIN


def test_a_late_answer_is_never_taken_for_that_to_the_next_question() -> None:
    answers = Answers(slowly)
    with serving(answers) as server, asking(server.port) as client:
        with pytest.raises(Silent):
            client.ask({"for": 0.3}, timeout=0.1)
        time.sleep(0.3)
        assert client.ask({"for": 0}, timeout=LONG) == {"after": 0}


def test_threads_that_share_a_client_get_each_its_own_answer() -> None:
    wrong: list[Message] = []
    with serving(Answers()) as server, asking(server.port) as client:

        def ask(name: int) -> None:
            for _ in range(20):
                answer = client.ask({"ask": name}, timeout=5)
                if answer["asked"] != name:
                    wrong.append(answer)

        threads = [threading.Thread(target=ask, args=(name,)) for name in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert not wrong
        assert client.ask({"ask": "control"}, timeout=LONG)["asked"] == "control"


@pytest.mark.parametrize("says", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n" * 100])
def test_whoever_is_no_peer_server_is_silent_in_time(says: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, asking(listening.getsockname()[1]) as client:

        def reply() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(says)
                time.sleep(1)

        in_background(reply)
        seconds, fault = timed(lambda: client.ask({}, timeout=0.3))
    assert isinstance(fault, Silent)
    assert seconds < 0.3 + MARGIN


def test_a_server_that_sends_a_byte_at_a_time_cannot_hold_an_ask_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, asking(listening.getsockname()[1]) as client:

        def trickle() -> None:
            connection, _ = listening.accept()
            with connection, contextlib.suppress(OSError):
                for _ in range(100):
                    connection.send(b"x")
                    time.sleep(0.03)

        in_background(trickle)
        seconds, fault = timed(lambda: client.ask({}, timeout=0.3))
    assert isinstance(fault, Silent)
    assert seconds < 0.3 + MARGIN


@pytest.mark.parametrize(
    ("node", "peer", "key"), [("b", "a", b"other" * 8), ("a", "b", b"k" * 32), ("c", "a", b"k" * 32)]
)
def test_another_key_the_node_itself_and_other_names_get_no_answer(
    node: str, peer: str, key: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """The second case is a node that reaches its own server."""
    answers = Answers()
    with serving(answers) as server, asking(server.port, key=key, node=node, peer=peer) as client:
        with pytest.raises(Silent):
            client.ask({"ask": "word"}, timeout=LONG)
        with asking(server.port) as right:
            assert right.ask({"ask": "control"}, timeout=LONG)["yes"] is True
    assert answers.questions == [{"ask": "control"}]
    assert caplog.text.count("does not prove the cluster's key") == 1


def test_a_server_that_cannot_prove_the_key_is_found_out_before_it_is_told_anything() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, asking(listening.getsockname()[1]) as client:

        def pretend() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(b"n" * 32 + b"p" * 32)
                time.sleep(1)

        in_background(pretend)
        with pytest.raises(Silent, match="does not prove"):
            client.connect()


def test_a_stranger_learns_random_bytes_and_nothing_else() -> None:
    with serving(Answers()) as server:
        first, second = told(server.port, b"x" * 64), told(server.port, b"y" * 64)
    assert len(first) == len(second) == 32
    assert first != second


def test_a_recorded_handshake_opens_no_second_connection() -> None:
    answers = Answers()
    with serving(answers) as server, Between(server.port) as between, asking(between.port) as client:
        client.ask({"ask": "transfer"}, timeout=LONG)
        recorded = bytes(between.upward)
        assert len(told(server.port, recorded)) == 32
    assert answers.questions == [{"ask": "transfer"}]


@pytest.mark.parametrize("place", [0, 40, 64, 66, 68, 75, 95, 110])
def test_one_bit_changed_on_the_way_ends_the_connection_unheard(place: int, caplog: pytest.LogCaptureFixture) -> None:
    """Challenge (0), proof (40), length (64, 66), kind (68), payload (75) and seal of the question."""
    answers = Answers()
    with serving(answers) as server, Between(server.port, change=place) as between, asking(between.port) as client:
        with pytest.raises(Silent):
            client.ask({"ask": "transfer everything"}, timeout=LONG)
        client.close()
        assert poll(lambda: "a connection to the peer port" in caplog.text, within=5)
    assert answers.questions == []
    assert caplog.text.count("a connection to the peer port") == 1


def test_the_control_of_the_last_test_a_way_that_changes_nothing() -> None:
    with serving(Answers()) as server, Between(server.port) as between, asking(between.port) as client:
        assert client.ask({"ask": "word"}, timeout=LONG)["yes"] is True


def test_silent_strangers_do_not_keep_the_peer_out() -> None:
    with serving(Answers()) as server, contextlib.ExitStack() as strangers, asking(server.port) as client:
        for _ in range(100):
            strangers.enter_context(socket.create_connection(("127.0.0.1", server.port)))
        assert client.ask({"ask": "word"}, timeout=2)["yes"] is True
        assert poll(lambda: served() <= peer_listener.STRANGERS + 2, within=5), "16, the peer, and who accepts"


def test_a_stranger_who_says_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer_server, "HANDSHAKE", 0.2)
    with serving(Answers()) as server:
        seconds, _ = timed(lambda: told(server.port, b""))
    assert 0.1 < seconds < 1.0


def test_many_strangers_make_few_lines(caplog: pytest.LogCaptureFixture) -> None:
    with serving(Answers()) as server:
        for _ in range(30):
            told(server.port, b"x" * 64)
        assert poll(lambda: len(caplog.messages) >= 5, within=5)
    assert len(caplog.messages) == 5


def test_lines_kept_back_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    seldom = Seldom(logging.getLogger("test"), most=2, period=0.1)
    for number in range(5):
        seldom.warn(f"line {number}")
    time.sleep(0.12)
    seldom.warn("later")
    assert caplog.messages == ["line 0", "line 1", "3 more lines like the last ones were kept back", "later"]


def test_an_answer_that_fails_is_logged_and_ends_its_connection_only(caplog: pytest.LogCaptureFixture) -> None:
    answers = Answers(lambda message: {"one": 1 / message["by"]})
    with serving(answers) as server, asking(server.port) as first, asking(server.port) as second:
        second.ask({"by": 1}, timeout=LONG)
        with pytest.raises(Silent):
            first.ask({"by": 0}, timeout=LONG)
        assert second.ask({"by": 1}, timeout=LONG) == {"one": 1}
        assert first.ask({"by": 1}, timeout=LONG) == {"one": 1}
    assert "ZeroDivisionError" in caplog.text


def test_a_peer_that_leaves_makes_no_line(caplog: pytest.LogCaptureFixture) -> None:
    with serving(Answers()) as server:
        with asking(server.port) as client:
            client.ask({"ask": "word"}, timeout=LONG)
        told(server.port, b"x" * 64)
        assert poll(lambda: bool(caplog.messages), within=5)
    assert len(caplog.messages) == 1
    assert "does not prove" in caplog.messages[0]


def test_stop_ends_kept_connections_and_frees_the_port() -> None:
    with serving(Answers()) as server, asking(server.port) as client:
        client.ask({"ask": "word"}, timeout=LONG)
        seconds, _ = timed(server.stop)
        assert seconds < 1
        assert poll(lambda: not listens(server.port), within=5)
        assert poll(lambda: served() == 0, within=5)


def test_a_port_that_is_taken_is_a_sentence() -> None:
    with serving(Answers()) as server, pytest.raises(Failure, match=f"cannot listen on 127.0.0.1 port {server.port}"):
        PeerServer(
            "127.0.0.1", server.port, b"k", "a", "b", Answers(), folder=lambda: Path("/"), h2=("127.0.0.1", 9)
        ).start()


def served() -> int:
    """Return how many threads peer ports have."""
    return len([one for one in threading.enumerate() if one.name == "peer port"])


def slowly(message: Message) -> Message:
    """Answer as late as the question says."""
    time.sleep(message.get("for", 0))
    return {"after": message.get("for")}


def listens(port: int) -> bool:
    """Return whether somebody listens on `port`."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionRefusedError:
        return False
    return True


def told(port: int, says: bytes) -> bytes:
    """Return all that a server tells a stranger who says `says`, until it closes."""
    heard = b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(says)
        while piece := connection.recv(1000):
            heard += piece
    return heard


class Between:
    """A way to a server that records what the client says and may change a bit of one byte of it."""

    def __init__(self, port: int, change: int = -1) -> None:
        self._target = port
        self._change = change
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self.upward = bytearray()

    def __enter__(self) -> "Between":
        in_background(self._run)
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            client, _ = self._listening.accept()
            with client, socket.create_connection(("127.0.0.1", self._target)) as server:
                for source, piece in pieces(client, server):
                    if source is server:
                        client.sendall(piece)
                    else:
                        server.sendall(self._changed(piece))

    def _changed(self, piece: bytes) -> bytes:
        content, place = bytearray(piece), self._change - len(self.upward)
        self.upward += piece
        if 0 <= place < len(content):
            content[place] ^= 1
        return bytes(content)


def pieces(*both: socket.socket) -> Iterator[tuple[socket.socket, bytes]]:
    """Yield what comes from either socket until one ends."""
    while True:
        for source in select.select(both, [], [])[0]:
            piece = source.recv(1 << 16)
            if not piece:
                return
            yield source, piece

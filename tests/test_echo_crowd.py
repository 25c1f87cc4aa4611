"""Users of an echo on loopback: all is told as it was, whatever the echo does to them."""

import contextlib
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.poll import poll
from rehearsal.websocket import CLOSE, PING, PONG, TEXT, accept
from tests import echo_crowd
from tests.echo_crowd import EchoCrowd, Place, frames
from tests.echo_judging import Tally, judge

USERS = 20
WITHIN = 5.0


def server_frame(opcode: int, payload: bytes, *, final: bool = True) -> bytes:
    """Return a frame without a mask, as servers send them."""
    size = len(payload)
    head = bytes([(0x80 if final else 0) | opcode])
    if size < 126:
        return head + bytes([size]) + payload
    return head + (struct.pack(">BH", 126, size) if size < 1 << 16 else struct.pack(">BQ", 127, size)) + payload


Answer = Callable[["Line", bytes], None]


class Line(socketserver.StreamRequestHandler):
    """A connection of the echo; it upgrades, and answers as `server.answer` does."""

    def handle(self) -> None:
        """Serve until the other side has gone."""
        server: Any = self.server
        with contextlib.suppress(OSError):
            key = self.key()
            if server.busy(self):
                self.say(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
                return
            self.say(b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: " + accept(key).encode() + b"\r\n\r\n")
            self.say(server_frame(PING, b"?"))
            while (message := self.message()) is not None:
                server.answer(self, message)

    def key(self) -> bytes:
        """Read a request; return its key."""
        found = b""
        while (read := self.rfile.readline().strip()) != b"":
            name, _, value = read.partition(b": ")
            found = value if name == b"Sec-WebSocket-Key" else found
        return found

    def message(self) -> bytes | None:
        """Return the next message, None at the end."""
        while True:
            head = self.rfile.read(2)
            if len(head) < 2 or head[0] & 0x0F == CLOSE:
                return None
            mask, covered = self.rfile.read(4), self.rfile.read(head[1] & 0x7F)
            if head[0] & 0x0F == PONG:
                continue
            return bytes(byte ^ mask[place % 4] for place, byte in enumerate(covered))

    def say(self, data: bytes) -> None:
        """Send."""
        self.wfile.write(data)

    def echo(self, message: bytes) -> None:
        """Send a message back."""
        self.say(server_frame(TEXT, message))

    def cut(self) -> None:
        """End the connection."""
        self.connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def echo(answer: Answer = Line.echo, busy: Callable[[Line], bool] = lambda _: False) -> Iterator[Place]:
    """Run an echo on loopback that answers each message by `answer`, and refuses whom it is too `busy` for."""

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 128

    with Server(("127.0.0.1", 0), Line) as server:
        server.answer, server.busy = answer, busy  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield Place(("127.0.0.1", server.server_address[1]), "echo.example.org", "/echo")
        finally:
            server.shutdown()
            thread.join()


def used(place: Place, least: int = 100, users: int = USERS) -> Tally:
    """Return what users saw until they had had `least` answers."""
    with EchoCrowd(place, users, every=0.05) as crowd:
        poll(lambda: crowd.tally().answered >= least, within=30)
    return crowd.tally()


def once_in(number: int, act: Answer) -> Answer:
    """Return an echo that does `act` to each of so many messages in place of an answer."""
    count, lock = 0, threading.Lock()

    def answer(line: Line, message: bytes) -> None:
        nonlocal count
        with lock:
            count += 1
            due = count % number == 0
        (act if due else Line.echo)(line, message)

    return answer


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let users have little patience."""
    for name, seconds in {"SILENCE": 1.0, "RETRY": 0.05, "DRAIN": 1.5}.items():
        monkeypatch.setattr(echo_crowd, name, seconds)


def test_an_echo_that_does_as_it_should_is_valid() -> None:
    with echo() as place:
        seen = used(place)
    assert judge(seen, WITHIN).verdict == "valid"
    assert (seen.users, seen.lines, seen.unanswered) == (USERS, USERS, 0)


def test_users_whose_connection_is_ended_connect_anew_and_go_on() -> None:
    with echo(once_in(10, lambda line, _: line.cut())) as place:
        seen = used(place)
    assert seen.lines > USERS
    assert (seen.ended > 0, seen.silent, seen.unanswered > 0) == (True, 0, True)
    assert judge(seen, WITHIN, seen.ended).verdict == "valid"


def test_users_who_get_no_answer_connect_anew() -> None:
    with echo(once_in(50, lambda _line, _message: time.sleep(5))) as place:
        seen = used(place, least=300)
    assert seen.lines > USERS
    assert 1.0 <= seen.longest < WITHIN
    assert (seen.ended, seen.silent > 0) == (0, True)
    assert judge(seen, WITHIN, seen.silent).verdict == "valid"


def test_users_who_are_refused_try_again() -> None:
    turned = threading.Event()

    def busy(_: Line) -> bool:
        return not turned.is_set()

    with echo(busy=busy) as place:
        threading.Timer(0.5, turned.set).start()
        seen = used(place)
    assert judge(seen, WITHIN).verdict == "valid"


def test_an_echo_that_answers_twice_is_found_out() -> None:
    def twice(line: Line, message: bytes) -> None:
        line.echo(message)
        line.echo(message)

    with echo(once_in(30, twice)) as place:
        assert "answered twice" in judge(used(place), WITHIN).detail


def test_an_echo_that_changes_a_message_is_found_out() -> None:
    with echo(once_in(30, lambda line, message: line.echo(message[:-1]))) as place:
        assert "answered wrongly" in judge(used(place), WITHIN).detail


def test_an_echo_that_passes_over_a_message_is_found_out() -> None:
    with echo(once_in(30, lambda _line, _message: None)) as place:
        assert "answered wrongly" in judge(used(place), WITHIN).detail


def test_an_echo_that_loses_every_second_message_is_found_out_however_seldom_users_speak() -> None:
    """Who has no answer before the next message is due gives the connection up."""

    def halved(line: Line, message: bytes) -> None:
        if int(message.split()[3]) % 2:
            line.echo(message)

    with echo(halved) as place, EchoCrowd(place, 5, every=1.5) as crowd:
        poll(lambda: crowd.tally().silent >= 2, within=20)
    found = judge(crowd.tally(), WITHIN)
    assert found.verdict == "invalid"
    assert "were given up, 0 may go" in found.detail


def test_an_echo_that_falls_silent_after_every_second_message_is_found_out() -> None:
    deaf: set[Line] = set()

    def falling(line: Line, message: bytes) -> None:
        if int(message.split()[3]) % 2 == 0:
            deaf.add(line)
        if line not in deaf:
            line.echo(message)

    with echo(falling) as place, EchoCrowd(place, 5, every=0.2) as crowd:
        poll(lambda: crowd.tally().silent >= 5, within=20)
    seen = crowd.tally()
    assert (seen.twice, seen.wrong, seen.lost, seen.overdue) == (0, 0, 0, 0)
    assert judge(seen, WITHIN).verdict == "invalid"


def test_an_echo_that_puts_users_out_for_nothing_is_found_out() -> None:
    def cut_after(line: Line, message: bytes) -> None:
        line.echo(message)
        line.cut()

    with echo(once_in(10, cut_after)) as place:
        found = judge(used(place), WITHIN)
    assert (found.verdict, "connections ended and 0 were given up, 0 may go" in found.detail) == ("invalid", True)


def test_users_who_find_no_echo_any_more_are_found_out() -> None:
    gone = threading.Event()

    def dying(line: Line, message: bytes) -> None:
        if gone.is_set():
            line.cut()
        else:
            line.echo(message)

    with echo(dying, busy=lambda _: gone.is_set()) as place, EchoCrowd(place, 3, every=0.05) as crowd:
        poll(lambda: crowd.tally().answered, within=10)
        gone.set()
        poll(lambda: crowd.connected == 0, within=10)
    assert "3 users not connected again" in judge(crowd.tally(), WITHIN).detail


def test_a_message_in_pieces_is_one_answer() -> None:
    def halved(line: Line, message: bytes) -> None:
        line.say(server_frame(TEXT, message[:5], final=False))
        line.say(server_frame(0, message[5:]))

    with echo(halved) as place:
        assert judge(used(place, least=40), WITHIN).verdict == "valid"


def test_nobody_is_waited_for_longer_than_is_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(echo_crowd, "CONNECTED_WITHIN", 0.5)
    with (
        echo(busy=lambda _: True) as place,
        pytest.raises(TimeoutError, match="0 of 2 users are connected"),
        EchoCrowd(place, 2),
    ):
        pass


@given(st.lists(st.tuples(st.booleans(), st.sampled_from((TEXT, PING, CLOSE)), st.binary(max_size=70000)), max_size=4))
def test_frames_are_read_whole_wherever_they_are_divided(sent: list[tuple[bool, int, bytes]]) -> None:
    stream = b"".join(server_frame(opcode, payload, final=final) for final, opcode, payload in sent)
    for step in (1 + len(stream) // 3, len(stream) or 1):
        found: list[tuple[bool, int, bytes]] = []
        rest = b""
        for start in range(0, len(stream), step):
            more, rest = frames(rest + stream[start : start + step])
            found += more
        assert (found, rest) == (sent, b"")

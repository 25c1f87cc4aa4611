"""The way through the peer port to the peer's H2: bytes, ends, breaks and stalls come out as they went in."""

import contextlib
import hashlib
import random
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from musternode.h2.frames import Kind, words
from musternode.h2.sockets import Broken
from musternode.h2.tunnel import Tunnel
from musternode.waiting import poll
from tests.peer_support import Answers, Message, asking, in_background, serving, timed

RESET = struct.pack("ii", 1, 0)


@contextlib.contextmanager
def h2(serve: Callable[[socket.socket], None]) -> Iterator[tuple[str, int]]:
    """Listen where H2 would, and let `serve` have each connection."""

    def take() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=run, args=(connection,), daemon=True).start()

    def run(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            serve(connection)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=take, daemon=True).start()
        yield listening.getsockname()
        listening.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def tunnel(
    serve: Callable[[socket.socket], None], rule: Callable[[Message], Message] = lambda _: {"yes": True}
) -> Iterator[Tunnel]:
    """Give a tunnel to an H2 that does `serve`."""
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(h2(serve))
        server = stack.enter_context(serving(Answers(rule), h2=place))
        yield stack.enter_context(Tunnel(stack.enter_context(asking(server.port)).connect))


def everything(connection: socket.socket) -> bytes:
    """Return all that comes until the end."""
    content = bytearray()
    while piece := connection.recv(1 << 16):
        content += piece
    return bytes(content)


def all_of_a_connection(made: Tunnel) -> bytes:
    """Return what a connection brings; a reset may come before the connecting is seen to be done."""
    with socket.create_connection(made.address, timeout=10) as connection:
        return everything(connection)


def send_all(connection: socket.socket, content: bytes) -> None:
    """Send `content` and end this direction."""
    connection.sendall(content)
    connection.shutdown(socket.SHUT_WR)


def echo(connection: socket.socket) -> None:
    while piece := connection.recv(1 << 16):
        connection.sendall(piece)


def hash_of_all(connection: socket.socket) -> None:
    connection.sendall(hashlib.sha256(everything(connection)).digest())


def test_bytes_come_back_as_they_went_over_several_connections_at_once() -> None:
    def exchange(seed: int) -> None:
        content = random.Random(seed).randbytes(3_000_000 + seed)  # noqa: S311 - content
        with socket.create_connection(made.address, timeout=20) as connection:
            sender = in_background(lambda: send_all(connection, content))
            back[seed] = everything(connection) == content
            sender.join()

    back: dict[int, bool] = {}
    with tunnel(echo) as made:
        threads = [threading.Thread(target=exchange, args=(seed,)) for seed in range(3)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    assert back == {0: True, 1: True, 2: True}


def test_the_end_of_one_direction_is_carried_and_the_other_goes_on() -> None:
    with tunnel(hash_of_all) as made, socket.create_connection(made.address, timeout=10) as connection:
        connection.sendall(b"all of it")
        connection.shutdown(socket.SHUT_WR)
        assert everything(connection) == hashlib.sha256(b"all of it").digest()


def test_whoever_is_not_read_cannot_send_without_bound() -> None:
    reading = threading.Event()

    def late(connection: socket.socket) -> None:
        reading.wait(20)
        hash_of_all(connection)

    with tunnel(late) as made, socket.create_connection(made.address, timeout=20) as connection:
        connection.setblocking(False)
        piece, sent = random.Random(0).randbytes(1 << 16), 0  # noqa: S311 - content
        seen = hashlib.sha256()
        while select.select([], [connection], [], 1.0)[1]:
            count = connection.send(piece)
            seen.update(piece[:count])
            sent += count
            assert sent < 64 << 20
        assert sent > 1 << 16
        reading.set()
        connection.setblocking(True)
        connection.sendall(piece)
        seen.update(piece)
        connection.shutdown(socket.SHUT_WR)
        assert everything(connection) == seen.digest()


def test_a_connection_that_breaks_is_no_end() -> None:
    """H2 killed in the middle of an answer: whoever reads must not take half of it for the whole."""

    def die(connection: socket.socket) -> None:
        connection.sendall(b"half")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    with tunnel(die) as made:
        with pytest.raises(ConnectionResetError):
            all_of_a_connection(made)
        assert poll(lambda: made.failure, within=5)


def test_a_client_that_breaks_off_is_no_end_either() -> None:
    ended: list[str] = []

    def read(connection: socket.socket) -> None:
        try:
            everything(connection)
            ended.append("end")
        except ConnectionResetError:
            ended.append("reset")

    with tunnel(read) as made:
        with socket.create_connection(made.address, timeout=10) as connection:
            connection.sendall(b"half")
            time.sleep(0.1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        assert poll(lambda: ended, within=5)
    assert ended == ["reset"]


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (lambda message: {"yes": message["ask"] != "may-tunnel"}, "lets nobody through to its H2 now"),
        (lambda _: {}, "lets nobody through to its H2 now"),
        (lambda _: {"yes": "true"}, "lets nobody through to its H2 now"),
    ],
)
def test_without_leave_nothing_gets_through(rule: Callable[[Message], Message], sentence: str) -> None:
    reached: list[socket.socket] = []
    with tunnel(reached.append, rule) as made:
        with pytest.raises(ConnectionResetError):
            all_of_a_connection(made)
        assert poll(lambda: sentence in made.failure, within=5)
    assert not reached


def test_leave_that_is_withdrawn_ends_what_runs_within_a_second() -> None:
    allowed = [True]
    way = tunnel(echo, lambda _: {"yes": allowed[0]})
    with way as made, socket.create_connection(made.address, timeout=10) as connection:
        connection.sendall(b"x")
        assert connection.recv(1) == b"x"
        allowed[0] = False
        seconds, fault = timed(lambda: everything(connection))
    assert isinstance(fault, ConnectionResetError)
    assert seconds < 1


def test_an_h2_that_is_down_is_said() -> None:
    with serving(Answers()) as server, asking(server.port) as client, Tunnel(client.connect) as made:
        with pytest.raises(ConnectionResetError):
            all_of_a_connection(made)
        assert poll(lambda: "Connection refused" in made.failure, within=5)


def test_a_peer_that_is_down_is_said() -> None:
    with serving(Answers()) as server:
        pass
    with asking(server.port) as client, Tunnel(client.connect) as made:
        with pytest.raises(ConnectionResetError):
            all_of_a_connection(made)
        assert poll(lambda: "nobody listens" in made.failure, within=5)


def test_the_tunnel_s_end_ends_its_connections() -> None:
    with tunnel(echo) as made:
        connection = socket.create_connection(made.address, timeout=10)
        connection.sendall(b"x")
        assert connection.recv(1) == b"x"
    with connection, contextlib.suppress(ConnectionResetError):
        assert connection.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(made.address, timeout=1)


def test_a_frame_that_belongs_to_no_tunnel_breaks_it() -> None:
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(h2(echo))
        server = stack.enter_context(serving(Answers(), h2=place))
        channel = stack.enter_context(stack.enter_context(asking(server.port)).connect())
        channel.send(Kind.OPEN, words({"stream": "tunnel"}), until=None)
        assert channel.receive(until=None).kind is Kind.READY
        channel.send(Kind.SAME, b"1234", until=None)
        with pytest.raises(Broken):
            channel.receive(until=None)

"""The WebSocket client of users; here the other side is a script of a few lines."""

import base64
import hashlib
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.websocket import BINARY, CLOSE, PING, PONG, TEXT, Closed, Refused, WebSocket, frame

Does = Callable[[socket.socket], None]


@contextmanager
def visiting(does: Does, answer: bytes | None = None) -> Iterator[WebSocket]:
    """Yield a WebSocket whose other side sends `answer`, or the right one, and then `does`."""
    near, far = socket.socketpair()
    near.settimeout(5)

    def serve() -> None:
        with far:
            sent = far.recv(4096)
            far.sendall(answer if answer is not None else upgraded(sent))
            does(far)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield WebSocket(near, "/echo", host="gw.example.org")
    finally:
        near.close()
        thread.join(5)


def upgraded(sent: bytes) -> bytes:
    """Return the right answer to a request (RFC 6455, 1.3)."""
    found = re.search(rb"\r\nSec-WebSocket-Key: (\S+)\r\n", sent)
    assert found is not None
    told = hashlib.sha1(found.group(1) + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11", usedforsecurity=False).digest()
    head = b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
    return head + base64.b64encode(told) + b"\r\n\r\n"


def said(opcode: int, payload: bytes, *, final: bool = True) -> bytes:
    """Return a short frame of a server."""
    return bytes((opcode | (0x80 if final else 0), len(payload))) + payload


def opened(sent: bytes) -> tuple[int, bytes]:
    """Return opcode and payload of a client's frame, which has nothing behind it."""
    size, rest = sent[1] & 0x7F, sent[2:]
    if size > 125:
        wide = 2 if size == 126 else 8
        size, rest = int.from_bytes(rest[:wide], "big"), rest[wide:]
    mask, payload = rest[:4], rest[4:]
    assert (sent[0] & 0x80, sent[1] & 0x80, len(payload)) == (0x80, 0x80, size)
    return sent[0] & 0x0F, bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


@given(
    st.sampled_from([TEXT, BINARY, PING]),
    st.binary(max_size=300) | st.sampled_from([125, 126, 65535, 65536]).map(bytes),
    st.binary(min_size=4, max_size=4),
)
def test_a_frame_holds_its_message_under_any_mask(opcode: int, payload: bytes, mask: bytes) -> None:
    assert opened(frame(opcode, payload, mask)) == (opcode, payload)


def test_a_message_in_pieces_is_one_and_a_ping_between_them_is_answered() -> None:
    answers: list[bytes] = []

    def tells(far: socket.socket) -> None:
        pieces = said(TEXT, b"he", final=False) + said(PING, b"there?") + said(PONG, b"") + said(0, b"llo")
        far.sendall(pieces)
        answers.append(far.recv(4096))

    with visiting(tells) as visitor:
        assert visitor.receive() == b"hello"
    assert opened(answers[0]) == (PONG, b"there?")


def test_what_comes_with_the_answer_is_not_lost() -> None:
    with visiting(lambda far: far.sendall(said(TEXT, b"first") + said(TEXT, b"second"))) as visitor:
        assert [visitor.receive(), visitor.receive()] == [b"first", b"second"]


@pytest.mark.parametrize(
    ("last", "code"), [(said(CLOSE, struct.pack(">H", 1001)), 1001), (said(CLOSE, b""), 1005), (b"", 1006)]
)
def test_the_end_is_told_with_its_code(last: bytes, code: int) -> None:
    with visiting(lambda far: far.sendall(last)) as visitor, pytest.raises(Closed) as ended:
        visitor.receive()
    assert ended.value.code == code


def test_a_close_of_the_other_side_is_answered() -> None:
    answers: list[bytes] = []

    def tells(far: socket.socket) -> None:
        far.sendall(said(CLOSE, struct.pack(">H", 1001) + b"bye"))
        answers.append(far.recv(4096))

    with visiting(tells) as visitor, pytest.raises(Closed):
        visitor.receive()
    assert opened(answers[0]) == (CLOSE, struct.pack(">H", 1001))


def test_a_close_waits_for_the_other_sides_close() -> None:
    answers: list[bytes] = []

    def tells(far: socket.socket) -> None:
        answers.append(far.recv(4096))
        far.sendall(said(TEXT, b"late") + said(CLOSE, struct.pack(">H", 1000)))
        answers.append(far.recv(4096))

    with visiting(tells) as visitor:
        visitor.close()
    assert [opened(answers[0]), answers[1]] == [(CLOSE, struct.pack(">H", 1000)), b""]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"HTTP/1.1 404 Not Found\r\n\r\n", 404),
        (b"HTTP/1.1 200\r\n\r\n", 200),
        (b"SSH-2.0-x\r\n\r\n", 0),
        (b"HTTP/1.1 101 x\r\nSec-WebSocket-Accept: x\r\n\r\n", 0),
    ],
)
def test_all_but_the_right_answer_is_a_refusal(answer: bytes, code: int) -> None:
    with pytest.raises(Refused) as refused, visiting(lambda _: None, answer):
        pass
    assert refused.value.code == code


def test_no_answer_is_an_end() -> None:
    with pytest.raises(Closed, match="1006"), visiting(lambda _: None, b""):
        pass

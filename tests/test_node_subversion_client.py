"""What is asked of a repository over the network, and whatever may answer there."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.failure import Failure
from musternode.subversion import client, repository
from musternode.subversion.items import Item, decoded, encoded
from tests.double_support import free_port
from tests.subversion_support import CHECKOUT, HERE, NOBODY, committing, needs_svn, put

WORDS = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,20}", fullmatch=True)
ITEMS: st.SearchStrategy[Item] = st.recursive(
    st.integers(0, 10**17) | WORDS | st.binary(max_size=50), lambda inner: st.lists(inner, max_size=4), max_leaves=12
)
GREETING = b"( success ( 2 2 ( ) ( edit-pipeline ) ) ) "


@given(item=ITEMS, rest=st.binary(max_size=20))
def test_an_item_is_read_back_as_it_was_sent_and_what_follows_stays(item: Item, rest: bytes) -> None:
    assert decoded(encoded([item]) + rest) == ([item], rest)


@given(item=ITEMS, data=st.data())
def test_of_a_part_of_an_item_more_is_awaited(item: Item, data: st.DataObject) -> None:
    sent = encoded([item])
    cut = data.draw(st.integers(0, len(sent) - 1))
    assert decoded(sent[:cut]) is None


@given(data=st.binary(max_size=200))
def test_any_bytes_are_an_item_or_the_beginning_of_one_or_refused(data: bytes) -> None:
    try:
        found = decoded(data)
    except Failure:
        return
    assert found is None or data.endswith(found[1])


@pytest.mark.parametrize(
    "data", [b"HTTP/1.1 400 Bad Request\r\n", b"( " * 40, b") ", b"99999999:", b"5:abcdefgh", b"( a ! ) ", b"a" * 70000]
)
def test_what_is_no_item_is_refused(data: bytes) -> None:
    with pytest.raises(Failure, match="does not speak Subversion's protocol"):
        decoded(data)


@needs_svn
def test_a_repository_is_seen_with_its_identity_and_its_dates(tmp_path: Path) -> None:
    with committing(tmp_path) as node:
        for name in ("a", "b"):
            put(node, name)
        folder = node.place.repository
        seen = client.look(HERE, node.port, CHECKOUT)
        assert (seen.uuid, seen.youngest) == (repository.uuid(folder, ""), 2)
        assert seen.date == repository.date(folder, 2, "")
        assert client.look(HERE, node.port, CHECKOUT, 1).date == repository.date(folder, 1, "")
        assert client.look(HERE, node.port, CHECKOUT, 3).date == ""
        with pytest.raises(Failure, match="Username not found"):
            client.look(HERE, node.port, NOBODY)


@needs_svn
def test_a_repository_that_serves_has_no_fault_and_one_that_is_not_there_has(tmp_path: Path) -> None:
    with committing(tmp_path) as node:
        assert client.fault(HERE, node.port) == ""
        node.place.repository.rename(node.place.data / "away")
        assert f"svn://{HERE}:{node.port}/artifacts does not answer: No repository found" in client.fault(
            HERE, node.port
        )
        node.stop()
        assert "Connection refused" in client.fault(HERE, node.port)


@needs_svn
def test_a_repository_whose_format_is_broken_has_a_fault(tmp_path: Path) -> None:
    with committing(tmp_path) as node:
        (node.place.repository / "format").unlink()
        assert client.fault(HERE, node.port) != ""


@contextmanager
def answering(*answers: bytes) -> Iterator[int]:
    """Yield the port of a server that gives each connection these bytes, one after the other, and no more."""
    with socket.create_server((HERE, 0)) as server:

        def serve() -> None:
            while True:
                try:
                    one = server.accept()[0]
                except OSError:
                    return
                with one, contextlib.suppress(OSError):
                    for answer in answers:
                        one.sendall(answer)
                    one.shutdown(socket.SHUT_WR)
                    while one.recv(4096):
                        """Let the client go first: what it has not read yet would be lost."""

        threading.Thread(target=serve, daemon=True).start()
        yield int(server.getsockname()[1])


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "does not speak"),
        (b"5:hello ", "something else"),
        (b"( ) ", "something else"),
        (b"( failure ( ( 210005 16:No such place... 0: 0 ) ) ) ", "No such place"),
        (b"( failure ( ) ) ", "gives no reason"),
        (GREETING, "closed the connection|reset by peer"),
        (GREETING + b"( success ( ( ANONYMOUS ) 1:x ) ) ( failure ( 4:nope ) ) ", "no way in by a password"),
        (GREETING + b"( success ( ( CRAM-MD5 ) 1:x ) ) ( step ( 1 ) ) ", "no way in by a password"),
    ],
)
def test_whatever_else_answers_there_is_one_sentence(answer: bytes, why: str) -> None:
    with answering(answer) as port, pytest.raises(Failure, match=why):
        client.look(HERE, port, CHECKOUT)


def test_one_that_says_nothing_is_left_in_time() -> None:
    with socket.create_server((HERE, 0)) as server:
        began = time.monotonic()
        found = client.fault(HERE, server.getsockname()[1], 0.3)
        assert time.monotonic() - began < 3
        assert "timed out" in found


def test_one_that_speaks_without_end_is_left_in_time() -> None:
    with answering(*[b"( "] * 3, *[b"a "] * 30000) as port:
        began = time.monotonic()
        assert client.fault(HERE, port, 0.5) != ""
        assert time.monotonic() - began < 5


def test_where_nobody_listens_is_said() -> None:
    assert "Connection refused" in client.fault(HERE, free_port())

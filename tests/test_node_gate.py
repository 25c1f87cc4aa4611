"""The gate holds what it must, passes all else intact, and ends by a reset."""

import hashlib
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musternode.h2 import clock, forwarder, refusals
from musternode.h2.gate import Gate
from musternode.h2.link import CHUNK, NEEDLE
from rehearsal.poll import poll
from tests.gate_support import (
    CANCEL,
    HELLO,
    PATIENCE,
    POLICY,
    Client,
    Seen,
    Upstream,
    World,
    echo,
    free_port,
    hello,
    swallow,
    text,
    world,
)

QUICK = 0.002
MUCH = 300_000
"""Bytes that fill the way to a client with small buffers, and fit into the gate's own for the rest."""


@pytest.fixture(scope="module")
def here() -> Iterator[World]:
    with world(swallow) as made:
        yield made


@pytest.fixture
def fresh(request: pytest.FixtureRequest) -> Iterator[World]:
    with world(getattr(request, "param", swallow)) as made:
        yield made


def in_pieces(client: Client, gate: Gate, *pieces: bytes) -> None:
    """Send each piece once the gate has taken the one before, so that it reads them apart."""
    for piece in pieces:
        before = gate.stats.bytes
        client.send(piece)
        poll(partial(_passed, gate, before + len(piece)), within=PATIENCE, every=0.0005)


def _passed(gate: Gate, count: int) -> bool:
    return gate.stats.bytes >= count


def test_the_needle_is_what_the_driver_writes() -> None:
    assert text("SET CLUSTER ''") == NEEDLE
    assert len(NEEDLE) == 32


@pytest.mark.parametrize("place", range(1, 32))
def test_a_needle_in_two_reads_is_held_wherever_it_is_split(here: World, place: int) -> None:
    told = len(here.hits)
    client, seen = here.greeted()
    in_pieces(client, here.gate, b"before" + NEEDLE[:place], NEEDLE[place:] + b"after")
    hit = here.hit(told + 1)
    seen.has(HELLO + b"before" + NEEDLE[:place])
    here.gate.decide(hit, allowed=True)
    seen.has(HELLO + b"before" + NEEDLE + b"after")
    client.close()


def test_a_needle_that_comes_byte_by_byte_is_held_once(here: World) -> None:
    told = len(here.hits)
    client, seen = here.greeted()
    in_pieces(client, here.gate, *(bytes([one]) for one in NEEDLE))
    hit = here.hit(told + 1)
    seen.has(HELLO + NEEDLE[:-1])
    here.gate.decide(hit, allowed=True)
    seen.has(HELLO + NEEDLE)
    in_pieces(client, here.gate, b"more")
    assert len(here.hits) == told + 1


def test_each_further_needle_is_held_anew(fresh: World) -> None:
    client, seen = fresh.greeted()
    for count in (1, 2, 3):
        client.send(NEEDLE)
        fresh.gate.decide(fresh.hit(count), allowed=True)
        seen.has(HELLO + NEEDLE * count)


def test_a_needle_in_the_same_read_as_the_handshake_is_held(fresh: World) -> None:
    client = fresh.client(HELLO + NEEDLE)
    hit = fresh.hit()
    poll(lambda: fresh.upstream.seen, within=PATIENCE)
    assert fresh.upstream.seen[0].data == b""
    fresh.gate.decide(hit, allowed=True)
    fresh.upstream.seen[0].has(HELLO + NEEDLE)
    client.close()


@pytest.mark.parametrize(
    "near",
    [
        NEEDLE[1:],
        NEEDLE[:-1] + b"\x28",
        text("SET CLUSTER '' "),
        text("INSERT INTO T VALUES('SET CLUSTER ''''')"),
        text("set cluster ''"),
        "SET CLUSTER ''".encode("utf-16-be"),
        "SET CLUSTER ''".encode("utf-16-le"),
        b"\x00\x00\x00\x0eSET CLUSTER ''",
        NEEDLE[:31] + NEEDLE[:31],
    ],
)
def test_what_only_resembles_the_needle_passes(here: World, near: bytes) -> None:
    told = len(here.hits)
    client, seen = here.greeted()
    client.send(near + b".")
    seen.has(HELLO + near + b".")
    assert len(here.hits) == told
    client.close()


@pytest.mark.parametrize("fresh", [echo], indirect=True)
def test_others_go_on_and_answers_arrive_while_one_client_is_held(fresh: World) -> None:
    held, seen = fresh.greeted()
    other, _ = fresh.greeted()
    held.send(NEEDLE)
    fresh.hit()
    seen.socket.sendall(b"an answer")
    assert held.take(9) == b"an answer"
    other.send(b"question")
    assert other.take(8) == b"question"
    assert held.silent()


@pytest.mark.parametrize("fresh", [echo], indirect=True)
def test_a_denial_resets_that_client_alone(fresh: World) -> None:
    held, seen = fresh.greeted()
    other, _ = fresh.greeted()
    held.send(NEEDLE)
    fresh.gate.decide(fresh.hit(), allowed=False)
    assert held.was_reset()
    assert seen.data == HELLO
    other.send(b"question")
    assert other.take(8) == b"question"
    stats = fresh.gate.stats
    assert (stats.hits, stats.denied, stats.passed, stats.connections) == (1, 1, 0, 1)


def test_a_hit_of_before_a_shut_never_passes_later(fresh: World) -> None:
    held, seen = fresh.greeted()
    held.send(NEEDLE)
    old = fresh.hit()
    assert fresh.gate.shut("a test")
    assert held.was_reset()
    assert fresh.gate.open()
    again, later = fresh.greeted()
    again.send(NEEDLE)
    fresh.hit(2)
    fresh.gate.decide(old, allowed=True)
    assert again.silent()
    assert (seen.data, later.data) == (HELLO, HELLO)
    fresh.gate.decide(fresh.hits[1], allowed=True)  # the control: the new one does pass
    later.has(HELLO + NEEDLE)


def test_a_held_client_that_goes_away_is_forgotten(fresh: World) -> None:
    held, _ = fresh.greeted()
    held.send(NEEDLE)
    hit = fresh.hit()
    held.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    held.close()
    poll(lambda: fresh.gate.stats.connections == 0, within=PATIENCE, every=QUICK)
    fresh.gate.decide(hit, allowed=True)
    client, _ = fresh.greeted()
    assert fresh.gate.stats.passed == 0
    client.close()


def test_a_shut_resets_all_and_closes_the_port_before_it_returns(fresh: World) -> None:
    clients = [fresh.greeted()[0] for _ in range(5)]
    assert fresh.gate.shut("a test")
    assert not fresh.gate.is_open
    with pytest.raises(ConnectionRefusedError):
        fresh.client()
    for client in clients:
        client.socket.setblocking(False)
        with pytest.raises(ConnectionResetError):
            client.socket.recv(1)


def test_without_a_lease_the_gate_does_not_open() -> None:
    address = ("127.0.0.1", free_port())
    gate = Gate(address, ("127.0.0.1", 9), POLICY, lambda _: None)
    gate.start()
    try:
        assert not gate.open()
        gate.lease(clock.now() - 1)
        assert not gate.open()
        gate.lease(clock.now() + 60)  # the control
        assert gate.open()
    finally:
        gate.stop()


def test_a_taken_port_keeps_the_gate_shut(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        gate = Gate(taken.getsockname(), ("127.0.0.1", 9), POLICY, lambda _: None)
        gate.start()
        gate.lease(clock.now() + 60)
        assert not gate.open()
        gate.stop()
    assert "cannot listen on 127.0.0.1" in caplog.text


@pytest.mark.parametrize("fresh", [echo], indirect=True)
def test_the_end_of_the_lease_resets_all_and_shuts_the_port(fresh: World) -> None:
    client, _ = fresh.greeted()
    until = clock.now() + 0.5
    fresh.gate.lease(until)
    assert client.was_reset()
    assert 0.0 <= clock.now() - until < 0.5
    assert not fresh.gate.open()
    fresh.gate.lease(clock.now() + 60)
    assert not fresh.gate.is_open
    assert fresh.gate.open()


@pytest.mark.parametrize("fresh", [echo], indirect=True)
def test_a_renewed_lease_keeps_connections(fresh: World) -> None:
    client, _ = fresh.greeted()
    for _ in range(8):
        fresh.gate.lease(clock.now() + 0.5)
        assert client.silent(0.1)
    client.send(b"still here")
    assert client.take(10) == b"still here"


def test_hits_of_the_lease_before_do_not_pass_after_its_end(fresh: World) -> None:
    held, seen = fresh.greeted()
    held.send(NEEDLE)
    hit = fresh.hit()
    fresh.gate.lease(clock.now())
    fresh.gate.decide(hit, allowed=True)
    assert held.was_reset()
    assert seen.data == HELLO


def test_a_decision_that_comes_when_the_lease_is_over_passes_nothing() -> None:
    """Also within one turn of the gate, whose lease was in force when the turn began."""
    now = [100.0]
    upstream, hits = Upstream(swallow), list[int]()
    gate = Gate(("127.0.0.1", free_port()), upstream.address, POLICY, hits.append, clock=lambda: now[0])
    gate.start()
    gate.lease(160.0)
    assert gate.open()
    made = World(gate, gate._address, upstream, hits)
    held, seen = made.greeted()
    held.send(NEEDLE)
    hit = made.hit()

    def late() -> None:
        now[0] = 200.0
        gate.decide(hit, allowed=True)

    gate._do(late)
    assert held.was_reset()
    assert seen.data == HELLO
    assert (gate.stats.denied, gate.stats.passed) == (1, 0)
    gate.stop()
    upstream.close()


def test_a_dead_server_resets_the_client_at_once(fresh: World) -> None:
    fresh.upstream.close()
    began = clock.now()
    assert fresh.client().was_reset()
    assert clock.now() - began < 1.0


@pytest.mark.parametrize("fresh", [echo], indirect=True)
def test_a_server_that_dies_ends_its_clients(fresh: World) -> None:
    client, seen = fresh.greeted()
    seen.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    seen.socket.shutdown(socket.SHUT_RD)  # lets the echo end and close, by a reset
    assert client.was_reset()
    poll(lambda: fresh.gate.stats.connections == 0, within=PATIENCE, every=QUICK)


def test_clients_of_one_address_can_be_expelled(fresh: World) -> None:
    other = socket.socket()
    other.bind(("127.0.0.2", 0))
    other.settimeout(PATIENCE)
    other.connect(fresh.address)
    client, _ = fresh.greeted()
    poll(lambda: fresh.gate.stats.connections == 2, within=PATIENCE, every=QUICK)
    fresh.gate.expel("127.0.0.2")
    with pytest.raises(ConnectionResetError):
        other.recv(1)
    assert client.silent()


def test_a_client_that_stands_for_another_address_is_expelled_with_it() -> None:
    with world(swallow, stands_for={"127.0.0.1": "10.0.1.11"}) as made:
        client, _ = made.greeted()
        made.gate.expel("127.0.0.1")
        assert client.silent()
        made.gate.expel("10.0.1.11")
        assert client.was_reset()


def _answer_at_the_end(one: Seen) -> None:
    swallow(one)
    one.socket.sendall(b"all of %d" % len(one.data))


@pytest.mark.parametrize("fresh", [_answer_at_the_end], indirect=True)
def test_the_answer_to_a_finished_question_arrives(fresh: World) -> None:
    client, _ = fresh.greeted()
    client.send(b"x" * 1000)
    client.socket.shutdown(socket.SHUT_WR)
    expected = b"all of %d" % (len(HELLO) + 1000)
    assert client.take(100) == expected
    poll(lambda: fresh.gate.stats.connections == 0, within=PATIENCE, every=QUICK)


@pytest.mark.parametrize("fresh", [_answer_at_the_end], indirect=True)
def test_the_end_of_a_held_client_comes_after_what_was_held(fresh: World) -> None:
    client, seen = fresh.greeted()
    client.send(NEEDLE)
    client.socket.shutdown(socket.SHUT_WR)
    fresh.gate.decide(fresh.hit(), allowed=True)
    assert client.take(100) == b"all of %d" % (len(HELLO) + len(NEEDLE))
    assert seen.data == HELLO + NEEDLE


def _ticks(thread: int) -> int:
    fields = Path(f"/proc/self/task/{thread}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _answer_much(one: Seen) -> None:
    swallow(one)
    one.socket.sendall(bytes(MUCH))


@pytest.mark.parametrize("fresh", [_answer_much], indirect=True)
def test_an_end_of_both_ways_that_waits_behind_a_slow_client_costs_no_processor(fresh: World) -> None:
    """The kernel tells such a hang-up for ever, even to who waits for nothing (epoll_ctl(2), EPOLLHUP)."""
    client = fresh.client(b"")
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
    client.send(HELLO)
    poll(lambda: fresh.upstream.seen, within=PATIENCE, every=QUICK)
    ((link, _), *_) = fresh.gate._forwarder._sides.values()
    assert link.server is not None
    link.client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32768)
    link.server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    client.socket.shutdown(socket.SHUT_WR)
    poll(lambda: link.client.out, within=PATIENCE, every=QUICK)
    thread = fresh.gate._thread.native_id
    assert thread is not None
    before = _ticks(thread)
    time.sleep(1)
    assert _ticks(thread) - before < os.sysconf("SC_CLK_TCK") / 5
    assert len(client.take(MUCH + 1)) == MUCH


def _echo_counted(one: Seen) -> None:
    one.socket.sendall(one.socket.recv(65536))
    while data := one.socket.recv(65536):
        one.socket.sendall(data)


@pytest.mark.parametrize("fresh", [_echo_counted], indirect=True)
def test_a_hundred_megabytes_return_intact_through_a_slow_reader_in_bounded_memory(fresh: World) -> None:
    client = fresh.client()
    assert client.take(len(HELLO)) == HELLO
    block, blocks = bytes(range(256)) * 4096, 100
    sent, taken, most = hashlib.sha256(), hashlib.sha256(), 0

    def send() -> None:
        for number in range(blocks):
            piece = number.to_bytes(4, "big") + block[4:]
            sent.update(piece)
            client.send(piece)
        client.socket.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send)
    sender.start()
    stalled = poll(lambda: _stalled(fresh.gate), within=PATIENCE)  # nobody reads: back-pressure reaches the sender
    assert stalled < blocks * len(block)
    while data := client.socket.recv(1 << 20):
        taken.update(data)
        most = max(most, *(len(end.out) for _, end in list(fresh.gate._forwarder._sides.values())), 0)
    sender.join()
    assert taken.digest() == sent.digest()
    assert most <= CHUNK


def _stalled(gate: Gate) -> int:
    """Return the bytes so far if none pass at the moment."""
    before = gate.stats.bytes
    threading.Event().wait(0.3)
    return before if before > len(HELLO) * 2 and gate.stats.bytes == before else 0


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_both_families_of_addresses_work(host: str) -> None:
    with world(echo, host=host) as made:
        client, _ = made.greeted()
        client.send(b"question")
        assert client.take(8) == b"question"
        client.send(NEEDLE)
        made.gate.decide(made.hit(), allowed=False)
        assert client.was_reset()


@given(data=st.binary(max_size=5000), cuts=st.lists(st.integers(0, 5000), max_size=8), close=st.booleans())
@settings(max_examples=60)
def test_any_bytes_in_any_pieces_arrive_intact(here: World, data: bytes, cuts: list[int], close: bool) -> None:
    whole = HELLO + data.replace(NEEDLE, b"")
    client = here.client(b"")
    before = len(here.upstream.seen)
    places = [0, *sorted(cut for cut in cuts if cut < len(whole)), len(whole)]
    for begin, end in pairwise(places):
        client.send(whole[begin:end])
    if close:
        client.socket.shutdown(socket.SHUT_WR)
    poll(lambda: len(here.upstream.seen) > before, within=PATIENCE, every=QUICK)
    here.upstream.seen[-1].has(whole)
    client.close()


def test_a_connection_that_cancels_a_statement_passes(fresh: World) -> None:
    client = fresh.client(CANCEL)
    poll(lambda: fresh.upstream.seen, within=PATIENCE, every=QUICK)
    fresh.upstream.seen[0].has(CANCEL)
    client.close()


def test_a_handshake_byte_by_byte_passes(here: World) -> None:
    before = len(here.upstream.seen)
    client = here.client(b"")
    for one in HELLO:
        client.send(bytes([one]))
    poll(lambda: len(here.upstream.seen) > before, within=PATIENCE, every=QUICK)
    here.upstream.seen[before].has(HELLO)


def test_nothing_reaches_the_server_before_the_handshake_is_whole_and_let_in(fresh: World) -> None:
    in_pieces(fresh.client(b""), fresh.gate, HELLO[:-1])
    refused = fresh.client(hello(user="SA"))
    assert refused.was_reset()
    assert fresh.upstream.seen == []


def test_an_unfinished_handshake_is_reset_after_its_time(fresh: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forwarder, "PATIENCE", 0.3)
    slow, finished = fresh.client(HELLO[:50]), fresh.greeted()[0]
    began = clock.now()
    assert slow.was_reset()
    assert clock.now() - began < 2.0
    assert finished.silent()


def test_one_unfinished_handshake_too_many_costs_the_oldest_its_place(
    fresh: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarder, "UNFINISHED", 3)
    slow = [fresh.client(HELLO[:50]) for _ in range(4)]
    assert slow[0].was_reset()
    served, _ = fresh.greeted()
    assert served.silent()
    assert [one.silent(0.05) for one in slow[2:]] == [True, True]


def test_refusals_are_logged_by_one_line_each_and_not_without_end(
    fresh: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "PERIOD", 1.0)
    for _ in range(refusals.LINES + 7):
        assert fresh.client(hello(user="SA")).was_reset()
    assert caplog.text.count("the gate refused 127.0.0.1: the administrator") == refusals.LINES
    poll(lambda: "the gate refused 7 more within 1 s" in caplog.text, within=5)
    assert fresh.gate.stats.refused == refusals.LINES + 7
    assert fresh.client(b"GET / HTTP/1.1\r\n\r\n").was_reset()
    assert "it does not begin with versions of H2's protocol" in caplog.text


def test_no_secret_and_no_control_character_reaches_the_log(fresh: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    sly = "jdbc:h2:tcp://x\n\x1b[31mroot/./c;PASSWORD=geheim"
    for first in (
        hello(url=sly),
        hello(user="A\nB\x00"),
        hello(database="./c\r\nx"),
        hello(settings={"CLUSTER": "\x07"}),
    ):
        assert fresh.client(first).was_reset()
    poll(lambda: fresh.gate.stats.refused == 4, within=PATIENCE)
    assert len(caplog.messages) == 4
    assert all(message.isprintable() and message.isascii() for message in caplog.messages)
    assert "geheim" not in caplog.text


def test_who_connects_and_leaves_without_a_word_is_no_refusal(fresh: World) -> None:
    fresh.client(b"").close()
    poll(lambda: fresh.gate.stats.accepted == 1 and fresh.gate.stats.connections == 0, within=PATIENCE, every=QUICK)
    assert fresh.gate.stats.refused == 0


def test_a_fault_in_the_gate_ends_one_client_and_not_the_gate(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: int) -> None:
        raise ValueError("a bug")

    with world(echo) as made:
        made.gate._forwarder._on_hit = broken
        client, other = made.greeted()[0], made.greeted()[0]
        client.send(NEEDLE)
        assert client.was_reset()
        other.send(b"question")
        assert other.take(8) == b"question"
    assert "a bug" in caplog.text


def test_a_gate_that_is_stuck_says_that_it_is_not_shut(fresh: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("musternode.h2.gate.ANSWER", 0.2)
    stuck: Callable[[], object] = threading.Event().wait
    release = threading.Event()
    fresh.gate._do(lambda: release.wait(PATIENCE) or stuck)
    assert not fresh.gate.shut("a test")
    release.set()
    poll(lambda: not fresh.gate.is_open, within=PATIENCE)

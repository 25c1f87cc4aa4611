"""A wrong, repeated or missing answer to a WebSocket's message is found, and so is a node that nobody reaches."""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.checks import echo, security
from rehearsal.checks.echo import CLIENTS, LAST, MESSAGES, PATH, Connected, Talk
from rehearsal.checks.run import checks_of
from rehearsal.websocket import TEXT, Closed, Refused, WebSocket, accept

SAID = [f"message {number}" for number in range(MESSAGES)]
WHOLE = [Talk(client, SAID, SAID) for client in range(CLIENTS)]


def with_talk(**changes: Any) -> list[Talk]:
    return [*WHOLE[:-1], replace(WHOLE[-1], **changes)]


def test_messages_that_come_back_once_and_unchanged_are_valid() -> None:
    finding = echo.judge_talks(WHOLE)
    said = "1000 messages of 200 clients at a time came back once and unchanged"
    assert (finding.verdict, finding.detail) == ("valid", said)


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        ([*SAID[:-1], "other"], "answered wrongly: client 199 heard 'other', which it never said"),
        ([*SAID, SAID[0]], "answered wrongly: client 199 heard 'message 0', twice"),
        (SAID[:-1], "1 of 200 clients lack answers or got them in another order"),
        ([], "lack answers"),
        ([*reversed(SAID)], "in another order"),
    ],
)
def test_any_other_answer_is_invalid(heard: list[str], said: str) -> None:
    finding = echo.judge_talks(with_talk(heard=heard))
    assert finding.verdict == "invalid"
    assert said in finding.detail


def test_a_wrong_answer_is_told_even_of_a_client_that_was_cut_off() -> None:
    finding = echo.judge_talks([replace(WHOLE[0], heard=["x"], fault="Closed: closed with 1006"), *WHOLE[1:]])
    assert "client 0 heard 'x'" in finding.detail


def test_a_client_that_was_cut_off_is_invalid_with_the_reason() -> None:
    finding = echo.judge_talks(with_talk(heard=SAID[:2], fault="Closed: closed with 1006"))
    assert finding.verdict == "invalid"
    assert finding.detail == "1 of 200 clients were cut off: client 199, Closed: closed with 1006"


@pytest.mark.parametrize("talks", [[], WHOLE[1:], with_talk(said=SAID[:1], heard=SAID[:1])])
def test_too_few_talks_prove_nothing(talks: list[Talk]) -> None:
    assert echo.judge_talks(talks).verdict == "unknown"


@given(st.lists(st.sampled_from([*SAID, "other"]), max_size=MESSAGES + 2))
def test_only_all_answers_in_order_are_valid(heard: list[str]) -> None:
    assert (echo.judge_talks(with_talk(heard=heard)).verdict == "valid") == (heard == SAID)


SPREAD = [Connected(name, count, CLIENTS) for name, count in {"a": 67, "b": 67, "c": 66}.items()]


def counts(*connections: int) -> list[Connected]:
    return [replace(each, connections=count) for each, count in zip(SPREAD, connections, strict=True)]


def test_clients_on_every_node_are_valid() -> None:
    finding = echo.judge_spread(SPREAD)
    assert (finding.verdict, finding.detail) == ("valid", "200 new clients: 67 on a, 67 on b, 66 on c")


@pytest.mark.parametrize(
    ("found", "verdict", "said"),
    [
        (counts(100, 100, 0), "invalid", "hardly reached c: 100 on a, 100 on b, 0 on c"),
        (counts(180, 10, 10), "invalid", "hardly reached b, c"),
        (counts(84, 83, 33), "invalid", "hardly reached c"),
        (counts(83, 83, 34), "valid", ""),
        (counts(50, 50, 50), "unknown", "of 200 clients only these were found"),
        ([replace(each, clients=199, fault="TimeoutError: late") for each in SPREAD], "invalid", "199 of 200 clients"),
        (SPREAD[:1], "unknown", "1 members were asked"),
        ([], "unknown", "0 members"),
    ],
)
def test_a_node_without_its_share_is_found(found: list[Connected], verdict: str, said: str) -> None:
    finding = echo.judge_spread(found)
    assert finding.verdict == verdict
    assert said in finding.detail


# recorded from sockets

Answerer = Callable[[bytes], Sequence[bytes]]


@contextmanager
def peer(answer: Answerer) -> Iterator[WebSocket]:
    """Yield a WebSocket to a thread that answers each message by `answer`, and closes after a message of none."""
    ours, theirs = socket.socketpair()
    ours.settimeout(5)
    serving = threading.Thread(target=serve, args=(theirs, answer), daemon=True)
    serving.start()
    with WebSocket(ours, "/echo", host="gateway.example.org") as made:
        yield made
    serving.join(5)


def serve(theirs: socket.socket, answer: Answerer) -> None:
    with theirs, theirs.makefile("rb") as lines:
        head = iter(lines.readline, b"\r\n")
        (key,) = (line.split(b": ")[1].strip() for line in list(head) if line.startswith(b"Sec-WebSocket-Key"))
        taken = accept(key).encode()
        theirs.sendall(b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: " + taken + b"\r\n\r\n")
        while (first := lines.read(2)) and first[0] & 0x0F == TEXT:
            mask, size = lines.read(4), first[1] & 0x7F
            said = bytes(byte ^ mask[place % 4] for place, byte in enumerate(lines.read(size)))
            for message in answer(said):
                if not message:
                    return
                theirs.sendall(bytes((0x80 | TEXT, len(message))) + message)


def test_a_client_hears_what_comes_before_the_answer_to_its_last_words() -> None:
    with peer(lambda said: [said]) as plain:
        talk = echo.talk(7, plain)
    assert (talk.client, talk.fault, len(talk.said)) == (7, "", MESSAGES)
    assert list(talk.heard) == list(talk.said)


def test_an_answer_too_many_is_heard() -> None:
    with peer(lambda said: [said] if said == LAST.encode() else [said, said]) as doubled:
        talk = echo.talk(0, doubled)
    assert echo.judge_talks([talk]).detail.startswith("1 of 1 clients were answered wrongly")


def test_a_client_that_is_cut_off_keeps_what_it_heard() -> None:
    with peer(lambda said: [b""] if b"message 2" in said else [said]) as cut:
        talk = echo.talk(0, cut)
    assert list(talk.heard) == list(talk.said[:2])
    assert talk.fault


def test_a_client_that_was_not_let_in_hears_nothing() -> None:
    talk = echo.talk(3, "Refused: HTTP/1.1 503")
    assert (list(talk.heard), talk.fault) == ([], "Refused: HTTP/1.1 503")


@dataclass
class Place:
    """As much of a scene as the check uses: two members, and a balancer that leads to each in turn."""

    led: Callable[[int], str]
    settings: dict[str, str] = field(default_factory=dict)
    users: int = 8000
    asked: list[str] = field(default_factory=list)
    there: dict[str, list[str]] = field(default_factory=lambda: {"a": ["10.64.8.20:1"], "b": []})

    @property
    def cluster(self) -> Any:
        return SimpleNamespace(about=SimpleNamespace(settings=lambda _: self.settings))

    members = (SimpleNamespace(name="a"), SimpleNamespace(name="b"))
    balancer = SimpleNamespace(address="10.64.8.20")
    lock = threading.Lock()

    def door(self, _member: Any) -> tuple[tuple[str, int], bool]:
        return ("10.64.0.10", self.users), self.users != 8000

    def run_in(self, member: Any, command: Sequence[str], *, within: float) -> str:
        assert within > 0
        connections = (
            self.there[member.name] if command[-1] == f"( sport = :{self.users} and dst = 10.64.8.20 )" else []
        )
        return "".join(f"0 0 10.64.0.10:{self.users} {each}\n" for each in connections)

    def websocket(self, path: str) -> WebSocket:
        with self.lock:
            number = len(self.asked)
            self.asked.append(path)
            node = self.led(number)
            if node not in self.there:
                raise Refused(503, node)
            self.there[node].append(f"10.64.8.20:{1000 + number}")
        return Silent()


class Silent(WebSocket):
    """A WebSocket that is cut off at its first word."""

    def __init__(self) -> None:
        self.said: list[bytes] = []

    def send(self, message: bytes, opcode: int = TEXT) -> None:
        assert opcode == TEXT
        self.said.append(message)

    def receive(self) -> bytes:
        raise Closed(1006)

    def close(self) -> None:
        return


def test_new_connections_alone_are_counted() -> None:
    place: Any = Place(lambda number: "ab"[number % 2])
    result = echo.SPREAD.result(echo.SPREAD.lines(place))
    assert (result.verdict, result.detail) == ("valid", "200 new clients: 100 on a, 100 on b")
    assert set(place.asked) == {PATH}


def test_they_are_counted_at_the_front_where_the_balancer_speaks_https_to_nodes() -> None:
    place: Any = Place(lambda number: "ab"[number % 2], users=8443)
    result = echo.SPREAD.result(echo.SPREAD.lines(place))
    assert (result.verdict, result.detail) == ("valid", "200 new clients: 100 on a, 100 on b")


def test_clients_that_are_refused_are_told_with_the_reason() -> None:
    place: Any = Place(lambda number: "ab"[number % 2] if number < 150 else "HTTP/1.1 503")
    result = echo.SPREAD.result(echo.SPREAD.lines(place))
    assert result.verdict == "invalid"
    assert result.detail == "150 of 200 clients were let in: Refused: HTTP/1.1 503"
    assert echo.ANSWERED.result(echo.ANSWERED.lines(place)).verdict == "invalid"


def test_the_service_of_the_cluster_file_is_the_one_that_is_used() -> None:
    place: Any = Place(lambda _: "a", {"path": "/own"})
    result = echo.ANSWERED.result(echo.ANSWERED.lines(place))
    assert (set(place.asked), result.verdict) == ({"/own"}, "invalid")
    assert "200 of 200 clients were cut off" in result.detail


def test_a_cluster_of_gateways_is_checked_so() -> None:
    assert [check.name for check in checks_of("kaazing")] == [
        "every member is healthy at the balancer",
        "the members form one cluster",
        "each message of a WebSocket comes back once and unchanged",
        "new WebSockets reach every node",
        "a host outside the security groups reaches nothing but the balancer",
        *(check.name for check in security.CHECKS),
    ]

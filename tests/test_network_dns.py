"""The resolver: messages by themselves, then real queries from the visitor."""

import socket
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal import netns
from rehearsal.network import Network, names_of
from rehearsal.network.dns import respond
from tests.network_support import vpc

A, AAAA = 1, 28
BALANCER = "muster-1.eu-west-1.elb.amazonaws.com"
resolve = names_of(lambda: {"Muster-1.eu-west-1.elb.amazonaws.com": ["10.64.8.126"]})


def query(name: str, kind: int = A, *, cls: int = 1, flags: int = 0x0100) -> bytes:
    """Make a query as a stub resolver sends it."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack(">HHHHHH", 0xBEEF, flags, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", kind, cls)


def rcode(reply: bytes | None) -> int:
    """Return the code of an answer, and check what each answer must have."""
    assert reply is not None
    assert reply[:2] == b"\xbe\xef"
    assert reply[2] & 0x80
    return reply[3] & 0x0F


def addresses(reply: bytes | None) -> list[str]:
    """Return the addresses of an answer, each record checked."""
    assert reply is not None
    count = struct.unpack_from(">H", reply, 6)[0]
    found = [reply[len(reply) - 16 * (count - n) :][:16] for n in range(count)]
    assert all(record[:6] == b"\xc0\x0c\0\x01\0\x01" for record in found)
    return [socket.inet_ntoa(record[12:]) for record in found]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (BALANCER, ["10.64.8.126"]),
        ("MUSTER-1.eu-west-1.ELB.amazonaws.com", ["10.64.8.126"]),
        ("ssm.eu-west-1.amazonaws.com", ["198.51.100.10"]),
        ("dynamodb.eu-west-1.amazonaws.com", ["198.51.100.12"]),
        ("s3.eu-west-1.amazonaws.com", ["198.51.100.11"]),
        ("bucket.s3.eu-west-1.amazonaws.com", ["198.51.100.11"]),
        ("bucket.s3.dualstack.eu-west-1.amazonaws.com", ["198.51.100.11"]),
        ("cloudformation-waitcondition-eu-west-1.s3.eu-west-1.amazonaws.com", ["198.51.100.11"]),
        ("ip-10-64-0-10.eu-west-1.compute.internal", ["10.64.0.10"]),
        ("ip-10-64-0-10.ec2.internal", ["10.64.0.10"]),
        ("ip-10-64-0-10", ["10.64.0.10"]),
    ],
)
def test_names_have_their_addresses(name: str, expected: list[str]) -> None:
    reply = respond(query(name), resolve, 512)
    assert rcode(reply) == 0
    assert addresses(reply) == expected


@pytest.mark.parametrize(
    "name",
    [
        "gone.eu-west-1.elb.amazonaws.com",
        "eu-west-1a.fs-0123abcd.efs.eu-west-1.amazonaws.com",
        "example.com",
        "ip-10-64-0-999",
        "s3.eu-west-1.amazonaws.com.ec2.internal",
    ],
)
def test_a_name_that_does_not_exist_is_denied_for_all_types(name: str) -> None:
    assert rcode(respond(query(name), resolve, 512)) == 3
    assert rcode(respond(query(name, AAAA), resolve, 512)) == 3


def test_a_name_without_ipv6_has_an_empty_answer_and_is_not_denied() -> None:
    reply = respond(query(BALANCER, AAAA), resolve, 512)
    assert rcode(reply) == 0
    assert addresses(reply) == []


def test_several_addresses_are_all_given() -> None:
    reply = respond(query("many"), lambda _name: ["10.0.0.1", "10.0.0.2", "10.0.0.3"], 512)
    assert addresses(reply) == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]


def test_an_answer_too_long_for_udp_says_so_and_fits_into_tcp() -> None:
    many = [f"10.0.0.{n}" for n in range(60)]
    cut = respond(query("many"), lambda _name: many, 512)
    assert cut is not None
    assert cut[2] & 0x02
    assert len(cut) <= 512
    assert addresses(respond(query("many"), lambda _name: many, 65535)) == many


def test_what_is_no_plain_query_of_the_internet_is_refused() -> None:
    assert rcode(respond(query("x", cls=3), resolve, 512)) == 5
    assert rcode(respond(query("x", flags=0x2900), resolve, 512)) == 4


def test_a_resolver_that_fails_is_a_server_failure() -> None:
    def broken(_name: str) -> list[str]:
        raise RuntimeError("no")

    assert rcode(respond(query("x"), broken, 512)) == 2


def test_a_question_cut_off_is_a_format_error() -> None:
    assert rcode(respond(query("abc.def")[:-3], resolve, 512)) == 1


def test_answers_are_never_answered() -> None:
    assert respond(query("x", flags=0x8180)[:-2], resolve, 512) is None


@given(st.binary(max_size=80))
def test_no_bytes_break_it(message: bytes) -> None:
    reply = respond(message, resolve, 512)
    assert reply is None or reply[:2] == message[:2]


@given(st.lists(st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=63), min_size=1, max_size=4))
def test_the_name_reaches_the_resolver_as_it_was_asked(labels: list[str]) -> None:
    asked: list[str] = []
    respond(query(".".join(labels)), lambda name: asked.append(name), 512)
    assert asked == [".".join(labels)]


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    """Run a VPC whose names are those above."""
    with vpc(tmp_path, resolve=resolve) as running:
        yield running


@pytest.mark.host
def test_programs_in_the_visitor_resolve_by_the_vpc(network: Network) -> None:
    command = ["ip", "netns", "exec", network.visitor.namespace, "getent", "ahosts", BALANCER]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert {line.split()[0] for line in shown.splitlines()} == {"10.64.8.126"}


@pytest.mark.host
def test_tcp_carries_several_queries_in_one_connection(network: Network) -> None:
    with netns.connect_in(network.visitor.namespace, (network.dns, 53), 2) as client:
        for _ in range(2):
            asked = query(BALANCER)
            client.sendall(struct.pack(">H", len(asked)) + asked)
            length = struct.unpack(">H", client.recv(2, socket.MSG_WAITALL))[0]
            assert addresses(client.recv(length, socket.MSG_WAITALL)) == ["10.64.8.126"]

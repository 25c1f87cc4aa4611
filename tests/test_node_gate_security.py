"""Whoever reaches the port of the guide's server runs code on its machine; behind the gate he does not."""

import logging
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from musternode.h2.gate import Gate
from musternode.h2.handshake import Policy
from rehearsal.poll import poll
from tests.gate_support import free_port
from tests.h2_support import ADMIN, ADMIN_PASSWORD, PASSWORD, USER, Driver, Server, ask, gate, pair

ALIAS = 'CREATE ALIAS ANSWER FOR "java.lang.System.getProperty"'
CALL = "CALL ANSWER('user.name')"
LIST = "{0}:{1},127.0.8.8:{1}"
"""The server list of a gate at address and port, whose peer is nowhere."""


def stranger(server: str) -> list[str]:
    """Do what somebody without a password can: make a database of his own and run Java in it."""
    return ask(f"jdbc:h2:tcp://{server}/./mine", ALIAS, CALL, user="anybody", password="x")


@dataclass
class Guarded:
    """One server behind a gate of its own, and the logged refusals."""

    gate: Gate
    url: str
    address: tuple[str, int]
    caplog: pytest.LogCaptureFixture

    def refuses(self, why: str, answers: list[str]) -> None:
        """Check that the log-in failed by the connection's end alone, and that `why` was logged once."""
        assert [answer.split()[:2] for answer in answers] == [["E", "90067"]]
        assert [message for message in self.caplog.messages if why in message]
        assert all(word not in self.caplog.text for word in (PASSWORD, ADMIN_PASSWORD))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(("127.0.7.1", free_port()), tmp_path / "h2")
    try:
        made.start()
        yield made
    finally:
        made.kill()


@pytest.fixture
def guarded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Guarded]:
    caplog.set_level(logging.INFO)
    with pair(tmp_path, decide=lambda: True) as made:
        listen = made.gates[1]._address
        yield Guarded(made.gates[1], made.url, listen, caplog)


def test_the_guides_server_runs_java_for_anybody(server: Server) -> None:
    """The control: `-tcp -tcpAllowOthers -ifNotExists` makes every caller the administrator of a new database."""
    *made, answer = stranger("{}:{}".format(*server.address))
    assert set(made) == {"OK"}
    assert answer == f"OK {Path('~').expanduser().owner()}"


def test_behind_the_gate_he_gets_nothing(guarded: Guarded) -> None:
    one = guarded.url.partition("//")[2].partition("/")[0]
    guarded.refuses("the database './mine' is not ./connections", stranger(one))
    assert guarded.gate.stats.refused > 0


def test_the_administrator_cannot_log_in(guarded: Guarded) -> None:
    guarded.refuses("the administrator", ask(guarded.url, user=ADMIN, password=ADMIN_PASSWORD))


def test_a_url_with_one_server_alone_is_refused(guarded: Guarded) -> None:
    one = "jdbc:h2:tcp://{}:{}/./connections;CLUSTER=TRUE".format(*guarded.address)
    with Driver("sql", one, USER, PASSWORD) as driver:
        assert driver.line().startswith("E 90067")
    assert "does not name the servers" in guarded.caplog.text


def test_the_application_cannot_run_java_nor_make_anybody_an_administrator(guarded: Guarded) -> None:
    statements = [ALIAS, "ALTER USER APP ADMIN TRUE", "CREATE USER X PASSWORD '' ADMIN", "SELECT COUNT(*) FROM T"]
    _, *refused, allowed = ask(guarded.url, *statements, user=USER, password=PASSWORD)
    assert [answer.split()[:2] for answer in refused] == [["E", "90040"]] * 3  # admin rights are required
    assert allowed == "OK 0"


def test_a_wrong_password_is_refused_by_h2(guarded: Guarded) -> None:
    (answer,) = ask(guarded.url, user=USER, password=PASSWORD + " ")
    assert answer.startswith("E 28000")


def test_a_password_of_quotes_spaces_and_semicolons_opens_the_database_and_is_nowhere(guarded: Guarded) -> None:
    assert all(sign in PASSWORD for sign in "'\"; \\$")
    with Driver("sql", guarded.url, USER, PASSWORD) as driver:
        assert driver.line() == "OK"
        for shown in Path("/proc").glob("[0-9]*/cmdline"):
            assert PASSWORD.encode() not in _content(shown)
    assert PASSWORD not in guarded.caplog.text


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""  # the process has ended meanwhile


@pytest.mark.parametrize("garbage", [b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 64, b"\xff" * 64])
def test_garbage_is_reset_and_logged(guarded: Guarded, garbage: bytes) -> None:
    with socket.create_connection(guarded.address, timeout=10) as client:
        client.sendall(garbage)
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    poll(lambda: "the gate refused 127.0.0.1: it does not begin" in guarded.caplog.text, within=5)


def test_the_log_in_of_a_stranger_never_reaches_the_server(tmp_path: Path, server: Server) -> None:
    """Not even to open its database: the gate connects to H2 only for who is let in."""
    port = free_port()
    servers = LIST.format("127.0.8.7", port)
    policy = Policy("connections", servers, ADMIN)
    with gate(("127.0.8.7", port), server.address, policy, lambda: False):
        stranger(servers)
        ask(f"jdbc:h2:tcp://{servers}/./connections;OPEN_NEW=TRUE;FILE_LOCK=NO", user=USER, password=PASSWORD)
    assert not list((tmp_path / "h2").glob("*"))

"""The client of H2's TCP protocol: against real servers, and against whatever else may listen."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from musternode.aws import Credentials
from musternode.h2 import offline, text
from musternode.h2.faults import H2Error, Hung
from musternode.h2.session import Session
from musternode.h2.store import in_use
from musternode.h2.transfer import LONGEST
from musternode.h2.wire import VERSION, Wire, password_hash, probe
from tests.double_support import free_port
from tests.h2_server import NAME, VERSIONS, Held, held
from tests.node_support import ADMIN, USER

OK, ANY = struct.pack(">i", 1), struct.pack(">i", -1)
GREETING = OK + struct.pack(">i", VERSION) + OK + b"\x01"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("'\";\\${}\n\r\t\0 "), max_size=40)


@pytest.fixture(scope="module", params=VERSIONS)
def real(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    """Return a real server with one table."""
    with held(tmp_path_factory.mktemp("wire"), request.param) as made:
        made.create("CREATE TABLE T(A INT, B VARCHAR)", "INSERT INTO T VALUES(1, 'x'), (2, NULL), (3, '')")
        yield made


@contextlib.contextmanager
def answering(answer: bytes, *, hold: bool = False, pause: float = 0.0) -> Iterator[tuple[str, int]]:
    """Yield where something listens that says `answer` to the first who calls, then hangs up or holds the line.

    With a `pause` it says each byte that many seconds after the one before.
    """
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    for part in [answer[at : at + 1] for at in range(len(answer))] if pause else [answer]:
                        connection.sendall(part)
                        done.wait(pause)
                    if hold:
                        done.wait(10)

        thread = threading.Thread(target=serve)
        thread.start()
        address, port = listener.getsockname()
        try:
            yield str(address), int(port)
        finally:
            done.set()
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def utf16(value: str) -> bytes:
    units = value.encode("utf-16-be")
    return struct.pack(">i", len(units) // 2) + units


def test_a_query_gives_text_numbers_booleans_and_null_as_text(real: Held) -> None:
    with real.session() as session:
        rows = session.query("SELECT A, B, CAST(A AS BIGINT), A = 1, CAST(A AS DECIMAL(5, 2)) FROM T ORDER BY A")
    assert rows == [
        ("1", "x", "1", "TRUE", "1.00"),
        ("2", None, "2", "FALSE", "2.00"),
        ("3", "", "3", "FALSE", "3.00"),
    ]


def test_numbers_keep_their_sign_and_all_their_bits(real: Held) -> None:
    numbers = [-(2**63), -1, 0, 2**31, 2**32 - 1, 2**63 - 1]
    with real.session() as session:
        found = [session.query(f"SELECT CAST('{number}' AS BIGINT)")[0][0] for number in numbers]
    assert found == [str(number) for number in numbers]


def test_more_rows_than_one_exchange_holds_come_whole_and_in_order(real: Held) -> None:
    with real.session() as session:
        assert session.query("SELECT X FROM SYSTEM_RANGE(1, 1001)") == [(str(number),) for number in range(1, 1002)]


def test_a_query_without_rows_gives_none(real: Held) -> None:
    with real.session() as session:
        assert session.query("SELECT A FROM T WHERE A > 9") == []


def test_hundreds_of_statements_on_one_session_leave_nothing_behind_in_the_server(real: Held) -> None:
    """The server keeps 64 objects; one that is not closed pushes out another."""
    with real.session() as session:
        for number in range(300):
            assert session.query(f"SELECT {number}") == [(str(number),)]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXTS)
def test_any_text_comes_back_as_it_was_written(real: Held, value: str) -> None:
    with real.session() as session:
        assert session.query(f"SELECT {text.literal(value)}") == [(value,)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126) | st.sampled_from("\"';$"), min_size=1, max_size=12))
def test_any_name_that_is_quoted_is_one_name(real: Held, name: str) -> None:
    with real.session() as session:
        session.execute(f"CREATE SCHEMA {offline.quoted(f'x{name}')}")
        found = session.query("SELECT SCHEMA_NAME FROM INFORMATION_SCHEMA.SCHEMATA")
        session.execute(f"DROP SCHEMA {offline.quoted(f'x{name}')}")
    assert (f"x{name}",) in found


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXTS)
def test_any_password_logs_in_and_another_does_not(real: Held, password: str) -> None:
    with real.session() as session:
        session.execute("DROP USER IF EXISTS P", f"CREATE USER P PASSWORD {text.literal(password)}")
        with Wire(real.database.pair.local, NAME, Credentials("p", password)) as user:
            assert user.query("SELECT 1") == [("1",)]
    hashes = {password_hash("P", password), password_hash("P", password + "x"), password_hash("Q", password)}
    assert len(hashes) == 3


def test_a_wrong_password_is_refused_by_its_code(real: Held) -> None:
    with pytest.raises(H2Error) as refused:
        Wire(real.database.pair.local, NAME, Credentials("sa", "other"))
    assert refused.value.code == 28000


def test_a_database_that_does_not_exist_is_not_made(real: Held) -> None:
    with pytest.raises(H2Error) as refused:
        Wire(real.database.pair.local, "nowhere", ADMIN)
    assert refused.value.code == 90146
    assert not list(real.server.folder.glob("nowhere*"))


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("INSERT INTO NOPE VALUES('secret')", 42102),
        ("CREATE USER X PASSWORD 'secret' NOPE", 42000),
        ("CREATE USER X PASSWORT 'secret'", 42001),
        ("SELECT 1 / 0, 'secret'", 22012),
    ],
)
def test_a_statement_that_fails_is_not_quoted_and_leaves_the_session_open(
    real: Held, statement: str, code: int
) -> None:
    with real.session() as session:
        with pytest.raises(H2Error) as fault:
            session.query(statement)
        assert (fault.value.code, "secret" in str(fault.value)) == (code, False)
        assert str(fault.value).endswith(f"[{code}]")
        assert session.query("SELECT 2") == [("2",)]


def test_a_type_that_is_not_text_is_refused_in_words_that_say_what_to_do(real: Held) -> None:
    session = real.session()
    with pytest.raises(H2Error, match="must cast it to VARCHAR"):
        session.query("SELECT CURRENT_TIMESTAMP")
    assert session.closed


def test_it_connects_to_a_clustered_database_and_changes_no_setting(real: Held) -> None:
    """The control: the driver is refused there unless it has the list in its URL."""
    real.database.arm()
    with real.session(), Wire(real.database.pair.local, NAME, USER):
        assert real.database.clustered()
        with pytest.raises(H2Error, match="in cluster mode"):
            Session(real.database._tools, text.url(f"127.0.0.1:{real.server.port}", NAME), ADMIN)
    with real.session() as session:
        session.execute("SET CLUSTER ''")
    assert not real.database.clustered()


def test_the_last_session_to_end_closes_the_database(real: Held) -> None:
    with real.session():
        assert in_use(real.database.file)
    assert not in_use(real.database.file)


def test_a_probe_touches_no_database(real: Held) -> None:
    real.database.release()
    assert probe(real.database.pair.local)
    assert not in_use(real.database.file)


def test_a_stopped_server_makes_a_statement_end_in_time_and_a_probe_fail(real: Held) -> None:
    session = real.session(timeout=1)
    real.server.freeze()
    try:
        began = time.monotonic()
        with pytest.raises(Hung):
            session.query("SELECT 1")
        assert session.closed
        assert not probe(real.database.pair.local, timeout=0.5)
        assert time.monotonic() - began < 3
    finally:
        real.server.thaw()
    assert probe(real.database.pair.local)


def test_nobody_there_is_an_error_that_says_so() -> None:
    with pytest.raises(H2Error, match="cannot be reached"):
        Wire(("127.0.0.1", free_port()), NAME, ADMIN)
    assert not probe(("127.0.0.1", free_port()))


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda rest: GREETING + OK + b"\x01\x01" + rest))
def test_whatever_listens_there_gives_an_error_of_h2_and_nothing_else(answer: bytes) -> None:
    with answering(answer) as there, contextlib.suppress(H2Error):
        session = Wire(there, NAME, ADMIN, timeout=5)
        session.query("SELECT 1")


@pytest.mark.parametrize(
    "answer",
    [
        struct.pack(">i", 9),  # an unknown status
        OK + struct.pack(">i", VERSION + 1),
        GREETING + OK + b"\x02",  # no boolean
        struct.pack(">i", 0) + struct.pack(">i", LONGEST),  # an error with a text too long
        struct.pack(">i", 0) + struct.pack(">i", -2),  # a text of a negative length
        GREETING + OK + b"\x01\x01" + bytes(4) + OK + struct.pack(">ii", 1, -1),  # rows of unknown number
        GREETING + OK + b"\x01\x01" + bytes(4) + OK + struct.pack(">ii", 1 << 21, 1),  # columns without end
        GREETING + OK + b"\x01\x01" + bytes(4) + OK + struct.pack(">ii", 1, 1) + ANY * 4 + bytes(25) + b"\x00",
    ],
)
def test_an_answer_that_makes_no_sense_closes_the_connection_at_once(answer: bytes) -> None:
    with answering(answer, hold=True) as there:
        began = time.monotonic()
        with pytest.raises(H2Error, match="the connection is closed"):
            Wire(there, NAME, ADMIN, timeout=8).query("SELECT 1")
        assert time.monotonic() - began < 4


def test_a_server_that_trickles_does_not_outlast_the_time_of_an_exchange() -> None:
    with answering(GREETING + bytes(100), pause=0.1) as there:
        began = time.monotonic()
        with pytest.raises(Hung):
            Wire(there, NAME, ADMIN, timeout=0.5)
        assert time.monotonic() - began < 2


def test_a_probe_is_not_satisfied_by_another_service() -> None:
    other = struct.pack(">i", 0) + ANY + utf16("no H2") + ANY + struct.pack(">i", 1) + ANY
    for answer in (b"HTTP/1.1 200 OK\r\n\r\n", other, OK):
        with answering(answer) as there:
            assert not probe(there)
    good = struct.pack(">i", 0) + ANY + utf16("old") + ANY + struct.pack(">i", 90047) + ANY
    with answering(good) as there:
        assert probe(there)


def test_the_password_hash_is_the_drivers_own() -> None:
    """What SHA256.getKeyPasswordHash of 1.4.199 gives."""
    assert (
        password_hash("SA", "p'w\u20ac\U0001f600").hex()
        == "2bb72e0bfd19c002dbb7ee15e93c8432510300c140d03bf8fbe8482f0500a568"
    )

"""This node's database on a real H2 server: made, armed, released, put aside, killed, copied."""

import hashlib
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from musternode.aws import Credentials
from musternode.failure import Failure
from musternode.h2 import text
from musternode.h2.database import Database, Pair
from musternode.h2.digest import SCHEMA
from musternode.h2.events import Disk
from musternode.h2.faults import H2Error, Hung
from musternode.h2.session import Session
from musternode.h2.store import in_use
from musternode.h2.wire import Wire
from rehearsal.poll import poll
from tests.h2_server import NAME, VERSIONS, Held, held
from tests.node_support import USER

TABLES = ("CREATE TABLE CONFIGURATION(ID IDENTITY, WORD VARCHAR, LONG CLOB)", "CREATE TABLE PLAIN(A INT)")
ROWS = (
    "INSERT INTO PLAIN VALUES(1), (2), (2)",
    "INSERT INTO CONFIGURATION(WORD, LONG) VALUES('w', REPEAT('x;', 9999))",
)


@pytest.fixture(scope="module", params=VERSIONS)
def real(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    """Return a seeded database; each test leaves its server up and its rows as they are."""
    with held(tmp_path_factory.mktemp("database"), request.param) as made:
        made.create(*TABLES, *ROWS)
        yield made


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Held, Held]]:
    """Return a cluster of two, made by the one from the other, which are reached without gates."""
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("two")
        sides = [stack.enter_context(held(folder / name)) for name in "ab"]
        servers = [one.database.pair.own for one in sides]
        for one in sides:
            one.database.pair = Pair(servers, one.database.pair.own, NAME)
        source, target = sides
        source.create(*TABLES, *ROWS)
        target.database.create_cluster(source.database.pair.local, lambda: None)
        yield source, target


def content(database: Database) -> str:
    """Return the hash of the database's file."""
    return hashlib.sha256(database.file.read_bytes()).hexdigest()


def test_a_pair_without_a_local_address_is_on_loopback_at_its_own_port() -> None:
    pair = Pair(["10.0.0.1:9092", "10.0.1.1:9092"], "10.0.1.1:9092", "db")
    assert (pair.local, pair.peer) == (("127.0.0.1", 9092), "10.0.0.1:9092")
    assert pair.url == "jdbc:h2:tcp://10.0.0.1:9092,10.0.1.1:9092/./db"
    assert Pair(pair.servers, pair.own, "db", ("127.0.0.1", 7)).local == ("127.0.0.1", 7)


def test_a_seeded_database_was_never_served_and_has_the_applications_user(real: Held) -> None:
    assert real.database.disk() == Disk("seeded", 0)
    with Wire(real.database.pair.local, NAME, USER) as user:
        assert user.query("SELECT COUNT(*) FROM PLAIN") == [("3",)]
        for forbidden in ('CREATE ALIAS A FOR "java.lang.System.exit"', "SET CLUSTER 'x'", "CREATE USER X PASSWORD ''"):
            with pytest.raises(H2Error) as refused:
                user.execute(forbidden)
            assert refused.value.code == 90040


def test_start_does_nothing_to_a_server_that_runs(real: Held) -> None:
    before = real.database.run_id()
    real.database.start()
    assert real.database.run_id() == before


def test_a_server_that_does_not_start_is_a_failure_with_its_address(tmp_path: Path) -> None:
    with held(tmp_path) as made:
        made.server.address = "192.0.2.1"  # not an address of this machine
        with pytest.raises(Failure, match=r"the H2 server at 127\.0\.0\.1:\d+ did not start"):
            made.database.start()


def test_a_released_file_stays_as_it_is_and_the_next_session_opens_it(real: Held) -> None:
    before = real.database.digest()
    real.database.checkpoint()
    assert in_use(real.database.file)
    real.database.release()
    assert not in_use(real.database.file)
    first = content(real.database)
    time.sleep(1.2)  # H2's background thread would write within a second (engine/Constants.java, DEFAULT_WRITE_DELAY)
    assert content(real.database) == first
    assert real.database.running()
    assert real.database.digest() == before


def test_a_released_file_is_the_whole_database(real: Held, tmp_path: Path) -> None:
    with real.session() as session:
        session.execute("INSERT INTO PLAIN VALUES(9)")
    expected = real.database.digest()
    real.database.release()
    with held(tmp_path, real.server.version) as copy:
        copy.database.store.ready()
        copy.database.file.write_bytes(real.database.file.read_bytes())
        copy.database.start()
        assert copy.database.digest() == expected
    with real.session() as session:
        session.execute("DELETE FROM PLAIN WHERE A = 9")


def test_release_ends_the_session_of_a_client_that_lingers(real: Held) -> None:
    with Wire(real.database.pair.local, NAME, USER) as lingering:
        real.database.release()
        with pytest.raises(H2Error):
            lingering.query("SELECT 1")
    assert not in_use(real.database.file)


def test_release_where_there_is_no_database_is_no_fault(tmp_path: Path) -> None:
    with held(tmp_path) as made:
        made.database.start()
        made.database.release()
        assert not made.database.file.exists()


def test_a_checkpoint_keeps_its_session_and_makes_another_one_when_it_is_gone(real: Held) -> None:
    real.database.checkpoint()
    kept = real.database._kept
    real.database.checkpoint()
    assert real.database._kept is kept
    real.database.release()
    real.database.checkpoint()
    assert real.database._kept is not kept


def test_the_first_checkpoint_of_a_new_run_is_not_that_of_a_session_of_the_run_before(real: Held) -> None:
    """Its failure would count as a file that cannot be written, and cost the new server its life."""
    real.database.checkpoint()
    real.server.kill("by somebody else")
    real.database.start()
    real.database.checkpoint()


def test_a_server_that_does_not_hold_the_list_holds_it_after_arm(real: Held) -> None:
    assert not real.database.clustered()
    real.database.arm()
    assert real.database.clustered()
    with real.session() as session:
        session.execute("SET CLUSTER ''")
    assert not real.database.clustered()


def test_a_frozen_server_is_killed_and_starts_again_with_what_was_put_on_disk(real: Held) -> None:
    before = real.database.digest()
    real.database.checkpoint()
    real.server.freeze()
    assert not real.database.probe()
    real.database.kill()
    assert not real.database.running()
    real.database.start()
    assert real.database.digest() == before


def test_a_stopped_server_has_lost_nothing(real: Held) -> None:
    with real.session() as session:
        session.execute("CREATE TABLE PASSING(A INT)", "INSERT INTO PASSING SELECT X FROM SYSTEM_RANGE(1, 5000)")
    before = real.database.digest()
    real.database.stop()
    real.database.start()
    assert real.database.digest() == before
    with real.session() as session:
        session.execute("DROP TABLE PASSING")


def test_a_checkpoint_of_a_frozen_server_ends_in_time(real: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("musternode.h2.database.CHECKPOINT", 0.5)
    real.database.release()
    real.database.checkpoint()
    real.server.freeze()
    try:
        began = time.monotonic()
        with pytest.raises(Hung):
            real.database.checkpoint()
        assert time.monotonic() - began < 2
    finally:
        real.server.thaw()
    assert poll(real.database.probe, within=5)
    real.database.checkpoint()


def test_old_data_is_put_aside_and_the_new_server_starts_on_nothing(tmp_path: Path) -> None:
    with held(tmp_path) as made:
        made.create(*TABLES)
        made.database.mark(5)
        made.database.start_empty()
        assert made.database.disk() == Disk("empty", 0)
        assert (made.server.folder / ".stale-5" / f"{NAME}.mv.db").is_file()
        with pytest.raises(H2Error) as absent:
            made.session()
        assert absent.value.code == 90146


def test_a_seed_that_fails_leaves_no_mark(tmp_path: Path) -> None:
    with held(tmp_path) as made:
        with pytest.raises(H2Error):
            made.create("CREATE TABLE T(A INT)", "NONSENSE")
        assert made.database.disk() == Disk("empty", 0)


def test_the_password_of_the_application_may_be_any_text(tmp_path: Path) -> None:
    user = Credentials("app", "p'w\"d; \\o${rd}/*;--\n\u20ac\U0001f600")
    with held(tmp_path, user=user) as made:
        made.create(*TABLES)
        with Wire(made.database.pair.local, NAME, user) as session:
            assert session.query("SELECT COUNT(*) FROM PLAIN") == [("0",)]


def test_a_copy_made_by_h2s_own_tool_equals_its_source_and_both_hold_the_list(two: tuple[Held, Held]) -> None:
    source, target = two
    assert source.database.digest() == target.database.digest()
    assert "PUBLIC.CONFIGURATION" in source.database.digest()
    assert source.database.clustered()
    assert target.database.clustered()
    assert target.database.disk() == Disk("empty", 0)


def test_a_write_past_the_cluster_is_seen_in_the_one_table(two: tuple[Held, Held]) -> None:
    source, target = two
    with source.session() as session:
        session.execute("INSERT INTO PLAIN VALUES(77)")
        here, there = source.database.digest(), target.database.digest()
        session.execute("DELETE FROM PLAIN WHERE A = 77")
    assert [name for name in here if here[name] != there[name]] == ["PUBLIC.PLAIN"]
    assert here[SCHEMA] == there[SCHEMA]


def test_the_row_of_each_node_is_written_through_the_cluster_and_read_by_both(two: tuple[Held, Held]) -> None:
    source, target = two
    assert source.database.formed_rows("a", "g1") == ["a g1"]
    assert target.database.formed_rows("b", "g1") == ["a g1", "b g1"]
    assert source.database.formed_rows("a", "g2") == ["a g2", "b g1"]


def test_a_copying_whose_source_is_lost_ends_with_the_reason_and_marks_nothing(tmp_path: Path) -> None:
    with held(tmp_path) as made, socket.create_server(("127.0.0.1", 0)) as silent:
        with pytest.raises(H2Error, match="the peer left"):
            made.database.create_cluster(silent.getsockname(), lambda: "the peer left")
        assert made.database.disk() == Disk("empty", 0)


def test_without_the_peer_no_rows_are_formed_but_the_lone_row_is_written(two: tuple[Held, Held]) -> None:
    """The last test of this pair: it is no cluster afterwards. The driver empties the list of the one that is left."""
    source, target = two
    target.database.kill()
    assert source.database.formed_rows("a", "g3") is None
    assert not source.database.clustered()
    source.database.arm()
    assert source.database.formed_alone("a", "g4")
    assert not source.database.clustered()


def test_a_client_of_the_real_driver_may_not_join_what_is_no_cluster(real: Held) -> None:
    """Error 90040 is what keeps a client that is no administrator away from a stale server."""
    own = real.database.pair.own
    with pytest.raises(H2Error, match="Admin rights are required"):
        Session(real.database._tools, text.url(f"{own},{own}", NAME), USER)

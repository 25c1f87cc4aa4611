"""The copy of a real H2's file under a real writer, and H2's own tool through the tunnel."""

import socket
from collections.abc import Iterator, Mapping

import pytest

from musternode.h2 import source
from musternode.h2.copying import Fetched, fetch, verify
from musternode.h2.database import Database
from musternode.h2.faults import H2Error
from musternode.h2.outline import outline
from musternode.h2.peer import PeerClient
from musternode.h2.tunnel import Tunnel
from musternode.h2.wire import Wire
from musternode.waiting import poll
from operations.bench_h2 import ADMIN, NAME, USER, Writer, database, fill
from tests.peer_support import Answers, asking, serving

LOCKED = 90020
"""DATABASE_ALREADY_OPEN_1 (api/ErrorCode.java)."""
Pair = tuple[Database, Database, PeerClient]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Give a database with 5,000 rows, an empty one, and the way from the second to the first."""
    folder = tmp_path_factory.mktemp("pair")
    ports = free_port(), free_port()
    first, second = (database(folder / name, port, ports) for name, port in zip("ab", ports, strict=True))
    try:
        first.seed(lambda url: fill(folder, url, 5))
        with serving(Answers(), folder=first.file.parent, h2=first.pair.local) as server, asking(server.port) as client:
            yield first, second, client
    finally:
        first.kill()
        second.kill()


def test_a_pass_over_the_open_file_and_one_over_the_closed_file_make_an_exact_copy(pair: Pair) -> None:
    first, second, client = pair
    second.start_empty()
    with Writer(first.pair.local).writing() as writer:
        assert poll(lambda: writer.accepted > 50, within=30, every=0.02)
        rough = a_pass(client, second)
        assert not rough.still, "H2 has its file open"
        assert not second.file.exists()
        written = writer.accepted
        assert poll(lambda: writer.accepted > written + 50, within=30, every=0.02), "H2 writes on after a pass"
        with writer.shut_out():
            accepted = writer.accepted
            first.release()
            exact = a_pass(client, second, rough)
            assert exact.still
            assert second.file.read_bytes() == first.file.read_bytes()
            verify(second.file, exact)
            assert shown(first) == shown(second)
            assert first.digest() == second.digest()
            assert rows(second) == rows(first) == accepted
        assert poll(lambda: writer.accepted > accepted, within=10, every=0.02), "the source serves again"


def test_h2_cannot_open_its_database_while_an_exact_pass_reads_it_and_can_after_it(pair: Pair) -> None:
    first, _, _ = pair
    first.release()
    with source._opened(first.file.parent, first.file.name) as descriptor:
        assert source._lock(descriptor)
        with pytest.raises(H2Error) as refused:
            Wire(first.pair.local, NAME, ADMIN)
        assert refused.value.code == LOCKED
    assert rows(first) >= 0


def test_create_cluster_copies_through_the_tunnel(pair: Pair) -> None:
    first, second, client = pair
    with Tunnel(client.connect) as tunnel:
        second.create_cluster(tunnel.address, lambda: None)
    assert first.digest() == second.digest()
    assert first.clustered()
    assert second.clustered()


@pytest.mark.parametrize(
    ("change", "back"),
    [
        ("DELETE FROM CONTENT WHERE ID = 7", "INSERT INTO CONTENT VALUES(7, 'x')"),
        ("CREATE TABLE MORE(A INT)", "DROP TABLE MORE"),
        ("CREATE INDEX BY_TEXT ON WRITTEN(TEXT)", "DROP INDEX BY_TEXT"),
        (f"GRANT ALL ON CONTENT TO {USER.username}", f"REVOKE ALL ON CONTENT FROM {USER.username}"),
    ],
)
def test_the_outline_sees_a_row_a_table_an_index_and_a_right(pair: Pair, change: str, back: str) -> None:
    first, _, _ = pair
    before = shown(first)
    assert before["PUBLIC.CONTENT"] == "5000 rows"
    with Wire(first.pair.local, NAME, ADMIN) as session:
        session.execute(change)
        changed = shown(first)
        session.execute(back)
    assert changed != before
    assert shown(first) == before


def shown(of: Database) -> Mapping[str, str]:
    """Return the outline of a database."""
    with Wire(of.pair.local, NAME, ADMIN) as session:
        return outline(session)


def a_pass(client: PeerClient, into: Database, known: Fetched | None = None) -> Fetched:
    """Copy the source's file."""
    name = into.file.name
    return fetch(client.connect, name, into.file, lost=lambda: None, tell=lambda _done, _size: None, known=known)


def rows(of: Database) -> int:
    """Return how many rows of the writer's a database has."""
    with Wire(of.pair.local, NAME, ADMIN) as session:
        return int(str(session.query("SELECT CAST(COUNT(*) AS VARCHAR) FROM WRITTEN")[0][0]))


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])

"""The H2 pair formed by two members on real H2 1.4.199 servers, on loopback."""

import io
import logging
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from musternode.h2 import text
from musternode.h2.session import Session
from musternode.h2.tools import H2Error, Tools
from tests.node_support import ADMIN, USER
from tests.node_world import World, until, world

ROWS = "SELECT COUNT(*) FROM CONFIGURATION"


@pytest.fixture(scope="module")
def said() -> Iterator[io.StringIO]:
    """Return all that musternode logs in the tests of this file, down to its smallest words."""
    text, musternode = io.StringIO(), logging.getLogger("musternode")
    handler = logging.StreamHandler(text)
    musternode.addHandler(handler)
    musternode.setLevel(logging.DEBUG)
    yield text
    musternode.removeHandler(handler)
    musternode.setLevel(logging.NOTSET)


@pytest.fixture(scope="module")
def formed(said: io.StringIO, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:  # noqa: ARG001 - listens
    """Return a formed pair; each test leaves it formed."""
    with world(tmp_path_factory.mktemp("pair")) as made:
        made.start()
        made.await_serving()
        yield made


def digests(made: World) -> list[str]:
    """Return the digests of both copies."""
    found = []
    for server in made.servers:
        with Session(made.tools, text.probe(server, "connections"), ADMIN) as session:
            found.append(str(session.digest()))
    return found


def test_both_members_report_that_they_see_each_other(formed: World) -> None:
    until(lambda: all(side.reported.sent for side in formed.sides.values()))
    assert [side.reported.sent[0]["Status"] for side in formed.sides.values()] == ["SUCCESS", "SUCCESS"]
    assert formed.sides["a"].reported.sent[0]["Data"] == "members=2"


def test_both_servers_hold_equal_rows_and_the_one_server_list(formed: World) -> None:
    first, second = digests(formed)
    assert first == second
    setting = "SELECT VALUE FROM INFORMATION_SCHEMA.SETTINGS WHERE NAME = 'CLUSTER'"
    assert {formed.query(name, setting)[0] for name in "ab"} == {f"'{','.join(formed.servers)}'"}


def test_what_the_application_writes_is_in_both_copies(formed: World) -> None:
    formed.write("INSERT INTO CONFIGURATION(KEY, VALUE) VALUES('both', 'x')")
    assert [formed.query(name, "SELECT COUNT(*) FROM CONFIGURATION WHERE KEY = 'both'") for name in "ab"] == [["1"]] * 2
    first, second = digests(formed)
    assert first == second


def test_the_digest_sees_a_row_that_one_copy_lacks(formed: World) -> None:
    """The control of the comparison: a write past the cluster."""
    with Session(formed.tools, text.probe(formed.servers[0], "connections"), ADMIN) as session:
        session.execute("INSERT INTO PLAIN VALUES(9, 'alone')")
        first, second = digests(formed)
        session.execute("DELETE FROM PLAIN WHERE A = 9")
    assert first != second


def test_the_application_user_is_no_administrator(formed: World) -> None:
    with pytest.raises(H2Error, match="Admin rights"):
        formed.write("CREATE USER OTHER PASSWORD 'x'")


def test_no_password_is_left_in_a_file_or_in_an_error(formed: World) -> None:
    with (
        Session(formed.tools, text.probe(formed.servers[0], "connections"), ADMIN) as session,
        pytest.raises(H2Error) as raised,
    ):
        session.execute(f"CREATE USER {text.user(USER.username)} PASSWORD {text.literal(USER.password)}")
    assert "STRINGDECODE" not in str(raised.value)
    assert list(formed.tools.run.iterdir()) == []


@pytest.mark.parametrize("name", ["a", "b"])
def test_a_killed_server_is_formed_anew_from_its_peer_before_its_application_starts(formed: World, name: str) -> None:
    side, other = formed.sides[name], formed.sides["b" if name == "a" else "a"]
    child, starts, doors = side.processes.child, side.application.starts, len(side.doors)
    before, others_doors = formed.query(other.name, ROWS), len(other.doors)
    assert child is not None
    child.send_signal(signal.SIGKILL)
    until(lambda: side.application.starts > starts)
    formed.await_serving()
    assert formed.query(name, ROWS) == before
    first, second = digests(formed)
    assert first == second
    assert side.doors[doors:] == ["shut", "shut", "open"]
    assert other.doors[others_doors:] == [f"127.0.1.{1 if name == 'a' else 2}", "open"]
    assert len(list(side.database.store.folder.glob(".stale-*"))) == 1


def test_no_password_was_ever_logged(formed: World, said: io.StringIO) -> None:
    """What is logged is in the journal, and that is shipped."""
    assert "stage seed" in said.getvalue()
    assert "stage copy" in said.getvalue()
    sides = [side.reported.sent for side in formed.sides.values()]
    for password in (ADMIN.password, USER.password, text.literal(ADMIN.password), text.literal(USER.password)):
        assert password not in said.getvalue() + str(sides)


def test_a_copying_whose_tool_is_killed_leaves_the_source_free(formed: World, tmp_path: Path) -> None:
    """H2 holds its exclusive mode only as long as the connection that asked for it."""
    tools = Tools(formed.tools.jar, tmp_path / "run")
    probe = text.probe(formed.servers[0], "connections")
    holder = Session(tools, probe, ADMIN)
    holder.execute("SET EXCLUSIVE TRUE")
    with pytest.raises(H2Error, match="exclusive"):
        Session(tools, probe, ADMIN)
    holder.tool.process.kill()
    until(lambda: _connects(tools, probe))
    holder.close()


def _connects(tools: Tools, url: str) -> bool:
    try:
        Session(tools, url, ADMIN).close()
    except H2Error:
        return False
    return True


def test_a_member_that_cannot_ask_its_peer_serves_nothing(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        for side in made.sides.values():
            side.cut = True
        made.start()
        until(lambda: all(side.board.state.phase == "waiting" for side in made.sides.values()))
        assert all(side.board.state.database == "shut" for side in made.sides.values())
        assert not any(side.processes.running("muster-h2.service") for side in made.sides.values())
        for side in made.sides.values():
            side.cut = False
        made.await_serving()

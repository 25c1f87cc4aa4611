"""Real gates and real H2 servers in double faults: what a pair does without its witness, and after losing both servers.

Each test has a pair of its own, formed in a few seconds.
"""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from musternode.h2 import source
from musternode.h2.channel import Channel
from musternode.h2.faults import H2Error
from musternode.h2.pair_state import LEASE, Phase
from musternode.h2.session import Session
from musternode.h2.watch import Watch
from musternode.h2.wire import Wire
from rehearsal.poll import poll
from tests.node_support import ADMIN, USER
from tests.pair_world import PairWorld, pair_world

INSERT = "INSERT INTO PLAIN VALUES(7, 'seven')"
SEVENS = "SELECT CAST(COUNT(*) AS VARCHAR) FROM PLAIN WHERE A = 7"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PairWorld]:
    """Form a pair."""
    with pair_world(tmp_path) as made:
        made.start()
        made.await_whole()
        yield made


def kill_node(world: PairWorld, name: str) -> None:
    """Lose a host: its gate process, which cannot say a word any more, and its server."""
    world.nodes[name].kill()
    world.nodes[name].processes.kill("muster-h2.service")


def test_with_the_witness_away_and_both_nodes_well_clients_notice_nothing(world: PairWorld) -> None:
    world.board.away = {"a", "b"}
    with Session(world.nodes["a"].tools, world.nodes["a"].pair.url, USER) as client:
        until = time.monotonic() + 3 * LEASE
        while time.monotonic() < until:
            client.execute(INSERT)
    assert world.whole()
    assert world.nodes["a"].query(SEVENS) == world.nodes["b"].query(SEVENS) != ["0"]


def test_with_the_witness_away_and_the_other_node_lost_a_node_lets_nobody_in(world: PairWorld) -> None:
    """The control is that it goes on once the witness is there again."""
    world.board.away = {"a"}
    kill_node(world, "b")
    left = world.nodes["a"]
    poll(lambda: not left.serves, within=10 * LEASE, every=0.05)
    with pytest.raises(H2Error):
        world.write(INSERT)
    world.board.away = set()
    poll(lambda: left.serves, within=20, every=0.05)
    world.write(INSERT)
    assert world.board.history[-1].members == {"a"}


def test_a_lone_node_goes_on_without_the_witness(world: PairWorld) -> None:
    kill_node(world, "b")
    poll(lambda: world.nodes["a"].parts and world.nodes["a"].parts.keeper.state.lone, within=20)
    world.board.away = {"a"}
    time.sleep(2 * LEASE)
    world.write(INSERT)
    assert world.nodes["a"].serves


def test_a_lender_that_gives_up_keeps_its_server_and_all_that_was_acknowledged(
    world: PairWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last pass holds the lock on the file, so that H2 cannot open it: a failed checkpoint is no lost file then."""
    lender, passes = world.nodes["a"], list[Phase]()
    honest = source._send

    def lasting(made: Channel, descriptor: int, size: int, known: list[bytes], watch: Watch) -> int:
        while lender.phase is Phase.LENDING or passes:  # the pass of a large file, whose receiver is gone
            passes.append(lender.phase)
            watch.between()
            time.sleep(0.01)
        return honest(made, descriptor, size, known, watch)

    monkeypatch.setattr(source, "_send", lasting)
    kill_node(world, "b")
    poll(lambda: lender.parts and lender.parts.keeper.state.lone, within=20)
    world.write(INSERT)
    run = lender.run()
    world.nodes["b"].start()
    poll(lambda: passes, within=30, every=0.01)
    world.nodes["b"].kill()
    poll(lambda: lender.serves, within=20, every=0.01)
    began = time.monotonic()
    while time.monotonic() < began + 3:
        with contextlib.suppress(H2Error):  # for the moment until the lock is gone
            world.write("INSERT INTO PLAIN VALUES(8, 'eight')")
    assert lender.run() == run
    assert lender.query(SEVENS) == ["1"]
    monkeypatch.setattr(source, "_send", honest)
    world.nodes["b"].start()
    world.await_whole()


def test_a_node_whose_server_was_started_anew_waits_for_the_other_one(world: PairWorld) -> None:
    """Its file may lack what it had acknowledged; the other node, lost at the same time, may have it."""
    for node in world.nodes.values():
        node.kill()
    for name in "ab":
        kill_node(world, name)
    world.nodes["b"].start()
    waits = world.nodes["b"]
    poll(lambda: waits.phase is Phase.WAITING and waits.parts and waits.parts.keeper.state.failure, within=10)
    assert waits.parts is not None
    assert "`muster h2 force`" in waits.parts.keeper.state.failure
    assert not waits.serves
    world.nodes["a"].start()
    world.await_whole()
    assert [item.members for item in world.board.history[-2:]] == [{"a"}, {"a", "b"}]


def test_a_node_with_data_and_no_witness_item_refuses_until_an_operator_adopts_it(world: PairWorld) -> None:
    for node in world.nodes.values():
        node.kill()
    for name in "ab":
        kill_node(world, name)
    world.board.item, kept = None, world.board.item
    for name in "ab":
        world.nodes[name].start()
    states = [world.nodes[name] for name in "ab"]
    poll(lambda: all(node.parts and "adopt" in node.parts.keeper.state.failure for node in states), within=20)
    assert not any(node.serves for node in states)
    assert kept is not None
    world.board.item = type(kept)(kept.epoch + 10, frozenset({"b"}), "b", forced=True)
    world.await_whole()


def test_the_application_s_user_is_no_administrator_and_the_administrator_stays_outside(world: PairWorld) -> None:
    with pytest.raises(H2Error, match="Admin rights"):
        world.write("CREATE USER EVE PASSWORD 'x'")
    with pytest.raises(H2Error):
        world.write("CALL 1", user=ADMIN)
    with Wire(world.nodes["a"].pair.local, "connections", ADMIN) as session:  # the control: on the node itself he may
        assert session.query("SELECT CAST(1 AS VARCHAR)") == [("1",)]


def test_no_password_is_left_in_a_file_outside_the_database(world: PairWorld, tmp_path: Path) -> None:
    secrets = [ADMIN.password.encode(), USER.password.encode()]
    assert world.whole()
    world.end()
    files = [file for file in tmp_path.rglob("*") if file.is_file() and not file.name.endswith(".mv.db")]
    assert len(files) >= 4
    assert not [file for file in files if any(secret in file.read_bytes() for secret in secrets)]

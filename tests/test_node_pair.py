"""Two gate processes with real gates and real H2 servers form a pair, lose one, and are a pair again."""

import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from musternode.h2.order import Order
from musternode.h2.wire import Wire
from rehearsal.poll import poll
from tests.node_support import ADMIN
from tests.pair_world import PairWorld, pair_world

COUNT = "SELECT CAST(COUNT(*) AS VARCHAR) FROM PLAIN"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PairWorld]:
    """Form one pair for all tests of this module."""
    with pair_world(tmp_path_factory.mktemp("pair")) as made:
        made.start()
        made.await_whole()
        yield made


def counts(world: PairWorld) -> dict[str, str]:
    """Return how many rows each server has."""
    return {name: node.query(COUNT)[0] for name, node in world.nodes.items()}


def test_two_empty_nodes_form_a_pair_of_which_the_witness_is_told(world: PairWorld) -> None:
    assert [item.epoch for item in world.board.history] == [1]
    assert counts(world) == {"a": "2", "b": "2"}


def test_what_a_client_writes_is_on_both(world: PairWorld) -> None:
    world.write("INSERT INTO PLAIN VALUES(3, 'both')")
    assert counts(world) == {"a": "3", "b": "3"}


def test_a_server_that_is_killed_comes_in_again_by_a_fresh_copy(world: PairWorld) -> None:
    killed = world.nodes["b"]
    killed.processes.kill("muster-h2.service")
    world.write("INSERT INTO PLAIN VALUES(4, 'alone')")
    world.await_whole()
    assert counts(world) == {"a": "4", "b": "4"}
    assert world.board.history[-2].members == {"a"}


def test_a_gate_process_that_is_killed_goes_on_with_the_same_server(world: PairWorld) -> None:
    node, epoch = world.nodes["a"], world.board.history[-1].epoch
    run = node.processes.run
    node.kill()
    node.start()
    world.await_whole()
    assert node.processes.run == run
    assert world.board.history[-1].epoch >= epoch


def test_copies_that_differ_without_a_fault_are_found_and_repaired(world: PairWorld) -> None:
    """What a client leaves behind that dies between its two commits: a row on one server alone."""
    leader = world.board.history[-1].leader
    other = "b" if leader == "a" else "a"
    before = counts(world)
    with Wire(world.nodes[other].pair.local, "connections", ADMIN) as session:
        session.execute("INSERT INTO PLAIN VALUES(9, 'on one alone')")
    assert counts(world) != before
    poll(lambda: world.whole() and counts(world) == before, within=60)


def test_a_planned_end_steps_out_first(world: PairWorld) -> None:
    node = world.nodes["b"]
    poll(world.heard, within=60, every=0.01)
    node.stop()
    assert world.board.history[-1].members == {"a"}
    world.write("INSERT INTO PLAIN VALUES(5, 'without b')")
    node.start()
    world.await_whole()
    assert counts(world) == {"a": "5", "b": "5"}


def test_a_backup_that_is_ordered_replaces_the_data_of_both(world: PairWorld, tmp_path: Path) -> None:
    """The order is one write of the witness, as an operator makes it."""
    dump = tmp_path / "night.sql.gz"
    dump.write_bytes(gzip.compress(b"CREATE TABLE PLAIN(A INT, B VARCHAR);\nINSERT INTO PLAIN VALUES(1, 'kept');\n"))
    last = world.board.item
    assert last is not None
    order = Order(str(dump), hashlib.sha256(dump.read_bytes()).hexdigest(), last.epoch + 1)
    with world.board.lock:
        world.board.item = replace(last, epoch=order.epoch, members=frozenset("b"), leader="b", restore=order)
    poll(lambda: world.board.item is not None and world.board.item.epoch > order.epoch and world.whole(), within=60)
    assert counts(world) == {"a": "1", "b": "1"}
    assert list((world.nodes["b"].folder / "h2").glob("*.stale-*"))
    world.write("INSERT INTO PLAIN VALUES(6, 'after it')")
    assert counts(world) == {"a": "2", "b": "2"}

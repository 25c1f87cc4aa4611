"""`muster h2 adopt` makes a witness item that is missing, and only then: its epoch is above any that was ever told."""

import time

import pytest

from operations.aws import Aws
from operations.errors import Failure
from operations.h2 import change
from operations.h2.item import Item, Witness
from tests.aws_help import moto as moto
from tests.conftest import WriteCluster
from tests.h2_world import World, world


@pytest.fixture
def orphan(moto: Aws, write_cluster: WriteCluster) -> World:
    """Return an account whose pair has lost its witness item."""
    return world(moto, write_cluster)


def adopt(pair: World, node: str = "b") -> int:
    return change.adopt(pair.file, node, yes=True, ask=lambda _: False, connect=pair.connect)


def test_a_missing_item_is_made_with_one_member_and_says_what_may_be_lost(
    orphan: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert adopt(orphan) == 0
    assert orphan.item is not None
    assert (orphan.item.members, orphan.item.leader, orphan.item.forced) == (frozenset("b"), "b", True)
    said = capsys.readouterr().out
    assert "lost is whatever only node a's copy has" in said
    assert "before:\n  witness item: there is none\nafter:\n  witness item: epoch" in said


def test_its_epoch_is_above_the_clock_and_above_what_the_nodes_have_told(orphan: World) -> None:
    before = time.time()
    adopt(orphan)
    assert orphan.item is not None
    assert orphan.item.epoch >= before
    orphan.put(None)
    orphan.say("a", "muster-gate: epoch 999999999999: members are a, b")
    adopt(orphan)
    assert orphan.item.epoch == 1_000_000_000_000


def test_an_item_that_is_there_is_not_touched(orphan: World) -> None:
    there = Item(5, frozenset("ab"), "a", by="a:1")
    orphan.put(there)
    with pytest.raises(Failure, match=r"nothing to adopt; if its members cannot serve: ./muster h2 force .* --node b"):
        adopt(orphan)
    assert orphan.item == there


def test_adopting_twice_changes_nothing_more(orphan: World) -> None:
    adopt(orphan)
    first = orphan.item
    assert adopt(orphan) == 0
    assert orphan.item == first


def test_an_item_that_comes_between_wins(orphan: World, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Witness.create

    def late(self: Witness, item: Item) -> bool:
        orphan.put(Item(1, frozenset("ab"), "a", by="a:9"))
        return honest(self, item)

    monkeypatch.setattr(Witness, "create", late)
    with pytest.raises(Failure, match="has changed meanwhile"):
        adopt(orphan)
    assert orphan.item == Item(1, frozenset("ab"), "a", by="a:9")


def test_a_node_that_is_not_in_the_file_is_bad_input(orphan: World) -> None:
    with pytest.raises(Failure, match="there is no node z") as refused:
        adopt(orphan, "z")
    assert refused.value.code == 2
    assert orphan.item is None

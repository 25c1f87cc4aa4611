"""A pair that forms for the first time: what the node that copied says until it sees the witness item. Pure rules."""

import pytest

from musternode.h2 import membership
from musternode.h2.events import Disk, Told, Word
from musternode.h2.pair_state import Phase, Rules, State

COPIED = State(
    Rules(me="b", peer="a", lowest=False),
    "boot",
    phase=Phase.WAITING,
    known=True,
    began=1.0,
    run="r1",
    remembered="",
    disk=Disk("seeded"),
    copied="copying",
)
FORMED = Word("a", "boot-a", "in", epoch=1, members=frozenset("ab"), leader="a", disk="held", disk_epoch=1)


@pytest.mark.parametrize(
    ("epoch", "lacks"),
    [(1, False), (0, True)],
    ids=["has just made the item", "knows of no item either"],
)
def test_data_that_has_been_served_lacks_its_item_only_if_the_other_node(epoch: int, lacks: bool) -> None:
    """A failure that is said for a moment is reported: it fails the deployment."""
    word = Word(**{**vars(FORMED), "epoch": epoch})
    state, _ = membership.step(COPIED, Told(10.0, word), 10.0)
    assert ("there is no witness item, but node a holds data" in state.failure) is lacks
    assert state.copied == "copying"

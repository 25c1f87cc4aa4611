"""The witness: one item, conditional writes, and all that AWS's API may do to a caller."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from musternode.h2.witness import Item
from tests.simulation.loop import Loop

TIMEOUT = 1.0
"""Seconds after which a node gives a call up."""
DATE = 1_000_000.0
"""What AWS's clock is ahead of the loop's."""
LONGEST_DELAY = 6.0
"""Seconds after which a write that nobody waits for any more may still come true."""

Answer = Callable[[float, Item | None], None]
Got = Callable[[float, Item | None, int], None]
Fault = Callable[[str], None]
Ended = Callable[[bool], None]


class Witness:
    """The item and who cannot reach it. `bad[node]` is a way to fail: fails, silent, lost, late, slow; or none."""

    def __init__(self, loop: Loop, random: Random, item: Item | None) -> None:
        self._loop, self._random = loop, random
        self.item = self._last = item
        self._nonce = self._lost = 0
        self._by = 0
        self.bad: dict[str, str] = {}
        self.watch: Callable[[str, Item | None, Item], None] = lambda _node, _old, _new: None

    @property
    def date(self) -> float:
        """AWS's clock, in whole seconds."""
        return float(int(DATE + self._loop.now))

    def members(self) -> frozenset[str]:
        """Return who the members are, by the truth; an item that got lost was the last word."""
        return self._last.members if self._last else frozenset()

    def read(self, node: str, answer: Answer, fault: Fault) -> None:
        """Read for `node`: `answer(date, item)` or `fault(sentence)` follows."""
        self._get(node, lambda date, item, _by: answer(date, item), fault)

    def _get(self, node: str, got: Got, fault: Fault) -> None:
        bad = self.bad.get(node)
        if bad == "fails" or (bad == "flaky" and self._random.random() < 0.5):
            self._loop.after(0.02, fault, "refused")
        elif bad == "silent":
            self._loop.after(TIMEOUT, fault, "no answer")
        else:
            self._loop.after(self._trip(), self._answer, self._trip(bad == "slow"), got)

    def _answer(self, trip: float, got: Got) -> None:
        self._loop.after(trip, got, self.date, self.item, self._by)

    def _trip(self, slow: bool = False) -> float:
        return 0.005 + 0.03 * self._random.random() + (0.8 * self._random.random() if slow else 0.0)

    def write(self, node: str, epoch: int | None, item: Item, ended: Ended, fault: Fault) -> None:
        """Write for `node` if the epoch is still `epoch`: `ended(done)` or `fault(sentence)` follows."""
        self._nonce += 1
        nonce, bad = self._nonce, self.bad.get(node)
        if bad == "fails" or (bad == "flaky" and self._random.random() < 0.5):
            self._loop.after(0.02, fault, "refused")
        elif bad in {"silent", "late"} and self._random.random() < 0.7:
            if bad == "late" or self._random.random() < 0.2:
                self._loop.after(LONGEST_DELAY * self._random.random(), self._take, node, nonce, epoch, item)
            self._loop.after(TIMEOUT, self._settle, node, nonce, epoch, ended, fault)
        elif bad == "lost":
            self._loop.after(self._trip(), self._take, node, nonce, epoch, item)
            self._loop.after(TIMEOUT, self._settle, node, nonce, epoch, ended, fault)
        else:
            trip = self._trip(bad == "slow")
            self._loop.after(self._trip(), self._take_and_tell, trip, ended, node, nonce, epoch, item)

    def _take_and_tell(self, trip: float, ended: Ended, *write: Any) -> None:
        self._loop.after(trip, ended, self._take(*write))

    def _take(self, node: str, nonce: int, epoch: int | None, item: Item) -> bool:
        if epoch != (self.item.epoch if self.item else None) or (epoch is None and nonce <= self._lost):
            return False
        old = self.item
        if old is not None:
            item = replace(item, paused=old.paused, restore=old.restore)
        self.item = self._last = item
        self._by = nonce
        self.watch(node, old, self.item)
        return True

    def _settle(self, node: str, nonce: int, epoch: int | None, ended: Ended, fault: Fault) -> None:
        """Find out what became of a write whose answer got lost, as the node's own witness does."""

        def got(_date: float, found: Item | None, by: int) -> None:
            if by == nonce:
                ended(True)
            elif epoch == (found.epoch if found else None):
                fault("the write has not happened yet")
            else:
                ended(False)

        self._get(node, got, fault)

    def lose(self) -> None:
        """Lose the item: somebody has deleted it.

        A write that would make the first one does not come true after that: it would have to be on its way, seconds
        late, while somebody deletes what another such write has just made.
        """
        self.item, self._lost = None, self._nonce

    def order(self, item: Item) -> None:
        """Do an operator's write."""
        old, self.item, self._last, self._by = self.item, item, item, 0
        self.watch("", old, item)

"""An operator's order to restore a backup: what the node that it names still serves, and begins. Pure rules."""

from dataclasses import replace
from typing import Any

import pytest

from musternode.h2 import membership
from musternode.h2.events import (
    Abandon,
    Action,
    Begin,
    Disk,
    Event,
    Job,
    JobEnded,
    MarkDisk,
    Observed,
    OpenGate,
    ReadWitness,
    Remember,
    Remembered,
    Server,
    ShutGate,
    Tick,
    Write,
)
from musternode.h2.order import Order
from musternode.h2.pair_state import Phase, Rules, State
from musternode.h2.witness import Item

RULES = Rules(me="a", peer="b", lowest=True)
LAST = Item(6, frozenset("ab"), "a")
ORDERED = Item(7, frozenset("a"), "a", restore=Order("h2/night.sql.gz", "0" * 64, 7))
PLAIN = replace(ORDERED, restore=None)
SERVING = State(
    RULES,
    "boot",
    phase=Phase.IN,
    known=True,
    seen=LAST,
    seen_asked=10.0,
    began=1.0,
    run="r1",
    trusted="r1",
    remembered="r1",
    raised=True,
    disk=Disk("held", 6),
    gate=True,
    lease_until=12.0,
)
WAITING = replace(SERVING, phase=Phase.WAITING, trusted="", gate=False, lease_until=0.0)
STARTING = replace(WAITING, phase=Phase.STARTING, raised=False)


class Steps:
    """A member that is told events, a moment apart."""

    def __init__(self, state: State) -> None:
        self.state, self.now, self.done = state, 10.0, list[Action]()

    def tell(self, *events: Event) -> "Steps":
        """Tell `events`."""
        for event in events:
            self.now += 0.01
            self.state, actions = membership.step(self.state, event, self.now)
            self.done += actions
        return self

    def see(self, item: Item) -> "Steps":
        """Tell what the witness holds now."""
        return self.tell(Observed(self.now, item, 1000.0))

    def began(self) -> list[Job]:
        """Return the jobs that were begun."""
        return [action.job for action in self.done if isinstance(action, Begin)]

    def kinds(self) -> set[type[Any]]:
        """Return which actions were taken."""
        return {type(action) for action in self.done} - {ReadWitness}


def test_a_member_that_is_ordered_shuts_forgets_its_server_and_restores_instead_of_serving() -> None:
    steps = Steps(SERVING).see(ORDERED).tell(Tick())
    assert steps.began() == [Job.RESTORE]
    assert {ShutGate, Remember} <= steps.kinds()
    assert not {MarkDisk, OpenGate, Write} & steps.kinds()
    assert steps.state.phase is Phase.WAITING
    assert not steps.state.sound


def test_the_same_word_of_the_witness_without_an_order_leaves_it_serving() -> None:
    steps = Steps(SERVING).see(PLAIN).tell(Tick())
    assert steps.began() == []
    assert MarkDisk(7) in steps.done
    assert ShutGate not in steps.kinds()


@pytest.mark.parametrize("state", [STARTING, WAITING, replace(WAITING, raised=False), replace(WAITING, run="")])
def test_a_node_out_of_use_neither_raises_the_epoch_nor_serves_its_old_files_first(state: State) -> None:
    """The epoch that is raised would make the order void."""
    steps = Steps(state).see(ORDERED).tell(Tick())
    assert steps.began() == [Job.RESTORE]
    assert not {Write, MarkDisk, OpenGate} & steps.kinds()
    control = Steps(state).see(PLAIN).tell(Tick())
    assert Job.RESTORE not in control.began()
    assert Write in control.kinds() or Job.SERVE in control.began() or control.state.phase is Phase.IN


def test_a_source_that_lends_and_is_ordered_holds_for_nobody_any_more() -> None:
    lending = replace(SERVING, phase=Phase.LENDING, seen=replace(LAST, members=frozenset("a")), gate=False)
    steps = Steps(replace(lending, holds="copying", lent=True, offered=True, job=Job.LEND)).see(ORDERED)
    assert (steps.state.phase, steps.state.holds, steps.began()) == (Phase.WAITING, "", [])
    steps.tell(JobEnded(Job.LEND), Tick())
    assert steps.began() == [Job.RESTORE]
    assert Write not in steps.kinds()


def test_a_copy_in_the_making_is_given_up_for_it_and_one_that_is_done_does_not_come_in() -> None:
    """By members and epoch alone the copy would be the new member."""
    copied = replace(WAITING, copied="copying", copied_epoch=6)
    steps = Steps(copied).see(ORDERED)
    assert (steps.state.phase, steps.began()) == (Phase.WAITING, [Job.RESTORE])
    assert Steps(copied).see(PLAIN).state.phase is Phase.IN
    steps = Steps(replace(WAITING, job=Job.COPY)).see(ORDERED)
    assert Abandon in steps.kinds()
    steps.tell(Disk("empty"), JobEnded(Job.COPY, "it is not needed any more"))
    steps.now += membership.FAULT_PAUSE
    assert steps.tell(Tick()).began() == [Job.RESTORE]


def test_a_server_that_was_being_started_when_the_order_came_does_not_serve() -> None:
    starting = replace(WAITING, job=Job.SERVE, run="")
    end = (Server("r2"), Disk("held", 6), JobEnded(Job.SERVE))
    steps = Steps(starting).see(ORDERED).tell(*end)
    assert steps.began() == [Job.RESTORE]
    assert not {MarkDisk, OpenGate} & steps.kinds()
    assert Steps(starting).see(PLAIN).tell(*end).state.phase is Phase.IN


def restored(steps: Steps) -> Steps:
    """Let the job that was begun end well."""
    return steps.tell(Server("r2"), Disk("held", 7), JobEnded(Job.RESTORE), Tick())


def test_once_restored_it_serves_alone_and_the_order_is_done() -> None:
    steps = restored(Steps(SERVING).see(ORDERED))
    assert (steps.state.phase, steps.state.trusted, steps.state.gate) == (Phase.IN, "r2", True)
    assert MarkDisk(7) in steps.done
    assert not restored(steps.see(ORDERED)).state.ordered
    assert steps.began() == [Job.RESTORE]


def test_a_restore_that_fails_is_tried_again_and_nothing_else_is_served() -> None:
    steps = Steps(SERVING).see(ORDERED).tell(Disk("held", 6), JobEnded(Job.RESTORE, "the dump is damaged"), Tick())
    assert (steps.state.fault, steps.began()) == ("the dump is damaged", [Job.RESTORE])
    steps.now += membership.FAULT_PAUSE
    steps.tell(Tick())
    assert steps.began() == [Job.RESTORE, Job.RESTORE]
    assert OpenGate not in steps.kinds()


def test_a_process_that_begins_anew_goes_on_with_the_order() -> None:
    begins = State(RULES, "boot")
    facts = (Disk("held", 6), Server("r1"), Remembered("r1"))
    assert Steps(begins).tell(*facts).see(ORDERED).tell(Tick()).began() == [Job.RESTORE]
    done = Steps(begins).tell(Disk("held", 7), Server("r2"), Remembered("r2")).see(ORDERED).tell(Tick())
    assert done.began() == []
    assert Write in done.kinds()


@pytest.mark.parametrize(
    "later",
    [
        replace(ORDERED, epoch=8),
        replace(ORDERED, epoch=8, members=frozenset("ab")),
        replace(ORDERED, epoch=9, forced=True),
    ],
    ids=["raised", "with another", "forced"],
)
def test_an_order_of_an_epoch_that_is_over_is_void(later: Item) -> None:
    steps = Steps(replace(SERVING, disk=Disk("held", 7))).see(later).tell(Tick())
    assert steps.began() == []
    assert ShutGate not in steps.kinds()


def test_an_order_for_the_other_node_makes_this_one_wait_for_it() -> None:
    steps = Steps(SERVING).see(replace(ORDERED, members=frozenset("b"), leader="b")).tell(Tick())
    assert steps.began() == []
    assert steps.state.phase is Phase.WAITING

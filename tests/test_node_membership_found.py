"""What the simulation has found in the rules, each in the smallest form: it must not come back."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from musternode.h2 import events as event_types
from musternode.h2.events import (
    Abandon,
    Action,
    AskPeer,
    Begin,
    Changed,
    Cut,
    Decide,
    Disk,
    Drained,
    Event,
    Hit,
    Job,
    JobEnded,
    KillServer,
    Lease,
    MarkDisk,
    Observed,
    OpenGate,
    Refused,
    Remember,
    Remembered,
    Server,
    ShutGate,
    Tick,
    Told,
    Write,
    Written,
)
from musternode.h2.membership import step
from musternode.h2.order import Order
from musternode.h2.pair_state import FENCE, GONE, KILL_AGAIN, MARK_AGAIN, PATIENCE, Held, Phase, State, words
from tests.membership_states import BOTH, MINE, NOW, RULES, THEIRS, item, member, peer, waiting


def fed(state: State, *given: Event, now: float = NOW) -> tuple[State, list[Action]]:
    """Return the state after `given`, a millisecond apart, and all actions."""
    actions: list[Action] = []
    for number, event in enumerate(given):
        state, more = step(state, event, now + 0.001 * number)
        actions += more
    return state, actions


def kinds(actions: Sequence[Action]) -> list[type]:
    return [type(action) for action in actions]


def taken_over(mark: int = 6) -> State:
    """Return node a that has just learned that it is the one member, with that mark on its disk; a client waits."""
    pair = member(word_asked=NOW - 2, held=(Held(1, NOW - 0.1),), writing=item(MINE, 6))
    return fed(pair, Written(NOW, item(MINE, 6), True), Disk("held", mark))[0]


def test_a_shut_gate_that_may_open_once_more_does_not_end_the_wait_for_its_lease() -> None:
    """An answer of the witness from before the take-over may still be on its way to that node."""
    shut = peer(gate=False, confirms=False, epoch=5)
    _, actions = fed(taken_over(), Told(NOW + 0.1, shut), now=NOW + 0.2)
    assert Decide(1, True) not in actions
    knows = peer(gate=False, confirms=False, trusted=False, phase="waiting", epoch=6, members=MINE)
    _, actions = fed(taken_over(), Told(NOW + 0.1, knows), now=NOW + 0.2)
    assert Decide(1, True) in actions


def test_a_gate_process_that_begins_anew_waits_for_the_other_lease_too() -> None:
    """The process before it may have taken over an instant ago."""
    begun = State(RULES, "boot")
    known = (Disk("held", 6), Server("r1"), Remembered("r1"), Observed(NOW, item(MINE, 6), 9000.0))
    state, actions = fed(begun, *known)
    assert [type(one) for one in actions if isinstance(one, Write)] == [Write]
    state, actions = fed(state, Written(NOW + 0.1, item(MINE, 7), True), Disk("held", 7), Hit(1), now=NOW + 0.2)
    assert state.phase is Phase.IN
    assert Decide(1, True) not in actions
    early: list[Action] = []
    for tenths in range(3, int(10 * FENCE)):
        state, more = fed(state, Tick(), now=NOW + tenths / 10)
        early += more
    assert Decide(1, True) not in early
    _, actions = fed(state, Tick(), now=NOW + FENCE + 0.3)
    assert Decide(1, True) in actions


def begun_by(word: event_types.Word, mark: int = 5) -> State:
    """Return node a, whose gate process has begun anew beside a server that was a member, after the peer's word."""
    begun = fed(State(RULES, "boot"), Disk("held", mark), Server("r1"), Remembered("r1"))[0]
    return fed(begun, Told(NOW + 0.01, word), now=NOW + 0.02)[0]


def test_a_gate_process_that_begins_anew_goes_on_by_the_word_of_a_peer_that_serves() -> None:
    """So an API that is away does not keep it out."""
    assert begun_by(peer()).phase is Phase.IN


def test_a_peer_that_was_shut_for_want_of_that_process_is_believed_too() -> None:
    """Else both would wait for each other for as long as the API is away."""
    assert begun_by(peer(gate=False)).phase is Phase.IN


def test_the_word_of_a_peer_that_the_process_before_has_deposed_is_not_believed() -> None:
    """That one knows nothing of it while it cannot read the witness; the own disk does."""
    assert begun_by(peer(), mark=6).phase is Phase.STARTING
    assert begun_by(peer(gate=False), mark=6).phase is Phase.STARTING


def test_nobody_is_served_alone_before_the_disk_says_so() -> None:
    state, actions = fed(taken_over(mark=5), Refused(NOW + 0.1), now=NOW + 0.2)
    assert MarkDisk(6) not in actions  # it is under way
    assert Decide(1, True) not in actions
    later, actions = fed(state, Tick(), now=NOW + MARK_AGAIN + 0.1)
    assert MarkDisk(6) in actions  # it failed, perhaps
    assert Decide(1, True) not in actions
    _, actions = fed(later, Disk("held", 6), now=NOW + MARK_AGAIN + 0.2)
    assert Decide(1, True) in actions


def test_a_client_that_waits_for_a_disk_that_cannot_be_marked_is_reset() -> None:
    state, _ = fed(taken_over(mark=5), Refused(NOW + 0.1), now=NOW + 0.2)
    _, actions = fed(replace(state, lease_until=NOW + 20), Tick(), now=NOW + PATIENCE + 0.1)
    assert Decide(1, False) in actions


def test_nobody_is_silent_for_a_process_that_has_just_begun() -> None:
    state, actions = fed(State(RULES, "boot"), Disk("held", 5), Server("r1"), Remembered("r1"))
    state, more = fed(state, Observed(NOW, item(), 9000.0), Tick(), now=NOW + 0.1)
    assert state.phase is Phase.IN
    assert Cut not in kinds([*actions, *more])
    assert Write not in kinds([*actions, *more])
    _, later = fed(state, Tick(), now=NOW + 4)
    assert Cut in kinds(later)
    assert Write in kinds(later)


def test_what_was_said_of_a_lost_peer_is_taken_back_when_it_is_well() -> None:
    state, _ = fed(member(failure="node b is lost", fault="it failed"), Told(NOW + 0.1, peer()), now=NOW + 0.2)
    assert (state.failure, state.fault) == ("", "")


def test_a_witness_item_that_is_gone_is_told_until_it_is_there_again() -> None:
    state, _ = fed(member(), Observed(NOW + 0.1, None, 9000.0), Told(NOW + 0.2, peer()), now=NOW + 0.3)
    assert state.failure == GONE
    state, _ = fed(state, Observed(NOW + 0.5, item(), 9000.0), now=NOW + 0.6)
    assert state.failure == ""


def test_a_copying_that_the_source_has_given_up_is_begun_anew() -> None:
    """The job would wait a minute for a hold that never comes."""
    copying = waiting(THEIRS, run="r2", job=Job.COPY, attempt="w1")
    lone = peer(members=THEIRS, confirms=False)
    _, actions = fed(copying, Told(NOW + 0.1, lone), now=NOW + 0.2)
    assert Abandon not in kinds(actions)
    _, actions = fed(copying, Told(NOW + 0.1, replace(lone, broke=frozenset({"w1"}))), now=NOW + 0.2)
    assert Abandon in kinds(actions)


def test_the_source_tells_which_copyings_it_has_given_up() -> None:
    lending = member(MINE, phase=Phase.LENDING, gate=False, holds="w1", lent=False, job=Job.LEND)
    state, _ = fed(lending, JobEnded(Job.LEND, "it failed"))
    told = event_types.word(words(state))
    assert told is not None
    assert told.broke == {"w1"}


def test_a_word_without_what_was_given_up_is_one_of_the_former_version() -> None:
    said = words(member())
    del said["broke"]
    assert event_types.word(said) is not None


def test_a_lending_that_fails_when_the_node_is_out_of_use_brings_it_not_in() -> None:
    state, actions = fed(waiting(MINE, job=Job.LEND, raised=True), JobEnded(Job.LEND, "the server has ended"))
    assert state.phase is Phase.WAITING
    assert state.broke == frozenset()
    assert OpenGate not in kinds(actions)


def test_a_source_whose_server_ends_with_an_offer_under_way_raises_the_epoch_before_it_serves() -> None:
    """The offer may still make the peer a member, which would then come in with the copy of before."""
    lending = member(MINE, phase=Phase.LENDING, gate=False, holds="w1", lent=True, held_since=NOW, offered=True)
    state, actions = fed(replace(lending, disk=Disk("held", 5)), Server(""))
    assert [one.item for one in actions if isinstance(one, Write)] == [item(MINE, 6)]
    assert Begin not in kinds(actions)
    settled, actions = fed(state, Written(NOW, item(MINE, 6), True), now=NOW + 0.1)
    assert Begin(Job.SERVE) in actions
    assert settled.raised


def forming(**other: object) -> State:
    """Return node a, the source of the first formation, whose data node b has copied."""
    start = waiting(run="r1", disk=Disk("seeded"), holds="w1", lent=True, seen=None, word=None)
    return replace(start, **other)  # type: ignore[arg-type]


def test_a_source_stays_the_source_when_the_other_node_has_its_copy() -> None:
    """Else it would throw its data away to copy them back."""
    rules = replace(RULES, me="b", peer="a", lowest=False)
    copied = peer(node="a", epoch=0, members=frozenset(), phase="waiting", trusted=False, confirms=False, gate=False)
    told = Told(NOW + 0.1, replace(copied, disk="seeded", disk_epoch=0, copied="w1"))
    _, actions = fed(forming(rules=rules), told, now=NOW + 0.2)
    assert Begin(Job.FORM) not in actions
    assert [one.item.members for one in actions if isinstance(one, Write)] == [BOTH]


def test_a_first_copy_of_a_server_that_has_ended_is_made_again() -> None:
    """The server that follows may have forgotten the pair's list, which is told it during the copying."""
    state, _ = fed(forming(), Server("r2"))
    assert (state.holds, state.lent) == ("", False)
    made = peer(epoch=0, members=frozenset(), phase="waiting", trusted=False, confirms=False, gate=False, wants="w1")
    told = Told(NOW + 0.1, replace(made, disk="seeded", disk_epoch=0, copied="w1"))
    state, actions = fed(state, told, now=NOW + 0.2)
    assert state.holds == ""
    assert Write not in kinds(actions)
    state, _ = fed(state, Told(NOW + 0.3, replace(told.word, wants="w2", copied="")), now=NOW + 0.4)
    assert state.holds == "w2"


def test_a_sick_server_lets_nobody_in_while_it_is_about_to_be_killed() -> None:
    state, actions = fed(member(), Server("r1", lost=True), Tick(), Tick())
    assert [one for one in kinds(actions) if one in {ShutGate, KillServer, OpenGate}] == [ShutGate, KillServer]
    assert Remember("") in actions
    assert state.phase is Phase.WAITING


def test_a_server_that_is_about_to_be_killed_is_not_served_with() -> None:
    sick = member(MINE, disk=Disk("held", 5))
    state, actions = fed(sick, Server("r1", lost=True), Tick())
    assert Begin not in kinds(actions)
    _, actions = fed(state, Server(""))
    assert Begin(Job.SERVE) in actions


def test_each_lease_opens_the_gate_which_may_have_shut_by_itself() -> None:
    """A process that was too slow to extend its lease believes in a gate that has shut meanwhile."""
    late = member(lease_until=NOW + 0.9)
    _, actions = fed(late, Told(NOW + 0.5, peer()), now=NOW + 0.6)
    assert [one for one in kinds(actions) if one in {Lease, OpenGate}] == [Lease, OpenGate]


def test_a_server_that_does_not_die_is_killed_again_and_said_to_hang() -> None:
    hung = Server("r1", hung=True)
    state, actions = fed(member(), hung)
    assert KillServer() in actions
    state, actions = fed(state, hung, now=NOW + 1)
    assert KillServer() not in actions
    state, actions = fed(state, hung, now=NOW + KILL_AGAIN + 0.1)
    assert KillServer() in actions
    assert state.failure == "the H2 server of node a hangs and does not die"


def test_one_that_is_to_be_absent_again_lets_its_users_go_again_before_it_steps_out() -> None:
    away, here = Changed(False, True, 600.0), Changed(False, False, 600.0)
    _, actions = fed(member(), away, Drained())
    assert Write in kinds(actions)
    _, actions = fed(member(drained=True), here, away)
    assert Write not in kinds(actions)


def test_the_operators_word_counts_for_one_start() -> None:
    forced = replace(item(MINE), forced=True)
    _, actions = fed(member(MINE, seen=forced), Tick())
    assert [one.item for one in actions if isinstance(one, Write)] == [item(MINE, 6)]
    old = waiting(MINE, disk=Disk("held", 1), raised=False)
    assert "`muster h2 force`" in fed(old, Tick())[0].failure
    assert fed(replace(old, seen=forced), Tick())[0].failure == "", "the control"


def test_an_order_to_restore_counts_once() -> None:
    """A disk from before the order would be made anew from the backup, and all that was written since would go."""
    order = Order("backups/1.sql.gz", "f" * 64, 5)
    _, actions = fed(member(MINE, seen=replace(item(MINE), restore=order)), Tick())
    assert [one.item.epoch for one in actions if isinstance(one, Write)] == [6]
    _, actions = fed(member(MINE, seen=replace(item(MINE, 6), restore=order), disk=Disk("held", 6)), Tick())
    assert Write not in kinds(actions)


def test_nobody_is_taken_over_from_by_the_other_nodes_word_alone() -> None:
    """A pause, and the last take-over, stand in the witness."""
    lost = member(word_asked=NOW - 9, held=(Held(1, NOW - 0.1),))
    assert Write not in kinds(fed(replace(lost, seen_asked=0.0), Tick())[1])
    assert Write in kinds(fed(lost, Tick())[1])


def test_a_source_that_reads_of_the_new_member_before_its_own_answer_waits_for_it_all_the_same() -> None:
    lending = member(MINE, phase=Phase.LENDING, holds="w1", lent=True, gate=False, lease_until=0.0, offered=True)
    _, actions = fed(lending, Observed(NOW + 0.1, item(BOTH, 6), 9000.0), now=NOW + 0.1)
    assert OpenGate not in kinds(actions)
    assert Lease in kinds(actions)


def test_a_fresh_copy_cures_what_differed() -> None:
    waits = waiting(job=Job.SERVE, unlike=True, run="r2", seen=item(MINE), word=None)
    state, _ = fed(waits, JobEnded(Job.SERVE))
    assert (state.phase, state.unlike) == (Phase.IN, False)


def test_a_node_whose_server_has_ended_leaves_the_pair_only_to_one_that_has_spoken_since() -> None:
    """The other host may have lost its power just before."""
    state, actions = fed(member(), Server(""))
    assert state.phase is Phase.WAITING
    assert AskPeer in kinds(actions)
    assert Write not in kinds(actions)
    _, actions = fed(state, Told(NOW + 0.01, peer()), now=NOW + 0.02)
    assert [one.item.members for one in actions if isinstance(one, Write)] == [THEIRS]


def test_a_source_lends_nothing_while_it_writes_the_witness() -> None:
    """The answer to that write would be taken for the end of the lending."""
    wants = peer(members=MINE, phase="waiting", trusted=False, confirms=False, gate=False, wants="w1")
    state, _ = fed(member(MINE, seen=replace(item(MINE), forced=True)), Tick(), Told(NOW + 0.1, wants))
    assert state.phase is Phase.IN
    state, _ = fed(state, Written(NOW + 0.2, item(MINE, 6), True), now=NOW + 0.3)
    assert state.phase is Phase.LENDING


@pytest.mark.parametrize(("mine", "theirs", "wins"), [(7.0, 6.0, True), (6.0, 7.0, False), (7.0, 7.0, True)])
def test_of_two_servers_that_ended_the_file_that_was_written_last_goes_on(
    mine: float, theirs: float, wins: bool
) -> None:
    ended = peer(phase="waiting", trusted=False, confirms=False, gate=False, disk_written=theirs)
    _, actions = fed(waiting(disk=Disk("held", 5, mine)), Told(NOW + 0.1, ended), now=NOW + 0.1)
    assert [one.item.members for one in actions if isinstance(one, Write)] == [MINE] * wins

"""What a member does whose server has every acknowledged write: serves, takes over, lends, steps out."""

import dataclasses
from typing import FrozenSet

from .events import Begin, Decide, Job, KillServer, Lease, OpenGate, Word
from .pair_state import (
    ADMITTING,
    FENCE,
    GONE,
    HOLD,
    IDLE_TAKE_OVER,
    KILL_AGAIN,
    LEASE,
    LENT_SILENCE,
    MARK_AGAIN,
    PATIENCE,
    RENEW,
    Phase,
)
from .turn import Turn
from .witness import Item


def serve(turn: Turn) -> None:
    """Do what is due while this node is IN or LENDING."""
    state = turn.state
    if not state.member:
        _depose(turn)
    elif state.ordered:
        _obey(turn)
    elif not state.sound:
        _lose_server(turn)
    elif state.phase is Phase.LENDING:
        _lend(turn)
    else:
        _serve(turn)


def next_item(turn: Turn, members: FrozenSet[str], leader: str = "") -> Item:
    """Return the item that follows the one seen, with other members."""
    seen = turn.state.seen
    assert seen is not None
    return dataclasses.replace(seen, epoch=seen.epoch + 1, members=members, leader=leader or seen.leader, forced=False)


def step_out(turn: Turn) -> None:
    """Leave the membership to the peer, which must be well."""
    peer = turn.state.rules.peer
    turn.write(next_item(turn, frozenset({peer}), leader=peer))


def _depose(turn: Turn) -> None:
    turn.shut("this node is no member any more")
    turn.distrust()
    turn.say(f"epoch {turn.state.epoch}: members are {', '.join(sorted(turn.state.members))}, not this node")
    turn.put(phase=Phase.WAITING, holds="", lent=False, fence_from=0.0, unlike=False)


def _obey(turn: Turn) -> None:
    """Come out of use for an operator's order. No write of before it can come true: the order has raised the epoch."""
    turn.shut("an operator has ordered a restore")
    turn.distrust()
    turn.put(phase=Phase.WAITING, holds="", lent=False, unlike=False)


def _lose_server(turn: Turn) -> None:
    """Come out of use. A write that makes the peer a member may still come true: the epoch must be raised first."""
    unsettled = turn.state.phase is Phase.LENDING and turn.state.offered
    turn.shut("the H2 server of this node has ended")
    turn.distrust()
    turn.say("the H2 server of this node is not the one that was a member: it has ended, or was started anew")
    raised = turn.state.raised and not unsettled
    turn.put(phase=Phase.WAITING, holds="", lent=False, raised=raised, ended_at=turn.now)


def sick(turn: Turn, *, lost: bool) -> None:
    """Kill the H2 server of a member that takes connections and answers nobody, or has `lost` what it acknowledged.

    A pair that is paused waits for one that hangs; one that has lost data must not go on. One that does not die is
    killed again, and said to hang.
    """
    if turn.state.run == turn.state.killed and turn.now - turn.state.killed_at > KILL_AGAIN:
        turn.put(killed_at=turn.now, failure=f"the H2 server of node {turn.state.rules.me} hangs and does not die")
        turn.do(KillServer())
        return
    if not turn.state.sound or (turn.state.paused and not lost):
        return
    what = "could not write its file" if lost else "has not answered for too long"
    turn.shut(f"the H2 server of this node {what}")
    turn.say(f"the H2 server of this node {what}: it is killed")
    turn.distrust()  # it may live on for a moment: nobody is let in to this run again
    turn.put(killed=turn.state.run or "", killed_at=turn.now)
    turn.do(KillServer())


def _serve(turn: Turn) -> None:
    _renew(turn)
    _clear_fence(turn)
    _be_well(turn)
    if _leaving(turn):
        return
    if turn.state.lone:
        _answer_alone(turn)
        _use_up_word(turn)
        _begin_lending(turn)
    else:
        _answer_in_pair(turn)


def _renew(turn: Turn) -> None:
    """Extend the lease as far as the newest evidence allows, and keep the gate as the lease is.

    With each lease the gate is opened: it may have shut by itself, for this process was too slow to extend the last.
    """
    state = turn.state
    if state.gate and turn.now >= state.lease_until:
        turn.shut("no word from the witness or the peer that this node is still a member")
        turn.put(fresh_after=turn.now)
        state = turn.state
    until = _evidence(turn) + LEASE
    if until <= turn.now:
        return
    due = until > state.lease_until and (not state.gate or state.lease_until - turn.now < RENEW)
    if due:
        turn.do(Lease(until))
        turn.put(lease_until=until)
    if (due or not state.gate) and not _admitting(turn):
        turn.do(OpenGate())
        turn.put(gate=True)


def _admitting(turn: Turn) -> bool:
    """Return whether to wait for the new member's gate: clients that find one gate shut ask to go on with the other."""
    state, word = turn.state, turn.peer
    if not state.admitted:
        return False
    open_too = word is not None and word.gate and word.epoch == state.epoch
    if open_too or state.lone or turn.now - state.admitted > ADMITTING:
        turn.put(admitted=0.0)
        return False
    turn.ask()
    return True


def _evidence(turn: Turn) -> float:
    """Return the newest moment at which this node was a member for sure.

    The one member needs no newer word than that it is: nobody else may change the witness then. But one that slept
    longer than its lease must look again, for an operator may have gone on with the other node.
    """
    state = turn.state
    found = state.seen_asked if state.member else 0.0
    word = state.word
    if word is not None and word.confirms and word.epoch == state.epoch and state.rules.me in word.members:
        found = max(found, state.word_asked)
    if found < state.fresh_after:
        return 0.0
    return turn.now if state.lone else found


def _clear_fence(turn: Turn) -> None:
    """End the wait for the other node's lease as soon as that node is known to let nobody in.

    Its shut gate is not enough: an answer of the witness that is still on its way to it may open that once more. One
    that knows of this epoch believes no such answer.
    """
    state = turn.state
    if not state.fence_from:
        return
    word, since = state.word, state.fence_from
    shut = word is not None and state.word_asked > since and not word.gate and word.epoch >= state.epoch
    if shut or state.refused_asked > since or turn.now - since >= FENCE:
        turn.put(fence_from=0.0)
    elif state.held:
        turn.ask()  # clients wait for it


def _be_well(turn: Turn) -> None:
    """Take back what was said while the other node was lost, or while it came in."""
    state, word = turn.state, turn.peer
    if (state.failure or state.fault) and word is not None and word.confirms and word.epoch == state.epoch:
        turn.put(failure=state.failure if state.failure == GONE else "", fault="", faults=0)


def _leaving(turn: Turn) -> bool:
    """Step out as the cluster file or the end of this process wants it; return whether that is so."""
    state = turn.state
    unlike = state.unlike and state.seen is not None and state.seen.leader != state.rules.me
    wanted = bool(state.stopping) or (state.rules.leaves and state.drained) or unlike
    if not wanted or state.lone:
        return False
    peer = turn.peer
    if peer is None or not turn.well(peer) or state.paused:
        return False
    step_out(turn)
    return True


def _answer_alone(turn: Turn) -> None:
    if turn.state.fence_from or not turn.state.gate or not marked(turn):
        return
    for held in turn.state.held:
        turn.do(Decide(held.number, True))
    turn.put(held=())


def marked(turn: Turn) -> bool:
    """Return whether the disk bears this epoch: before it does nobody is served alone.

    A gate process that begins anew may know of a take-over by its disk alone (`outside`).
    """
    state = turn.state
    if state.disk is not None and state.disk.epoch >= state.epoch:
        return True
    if turn.now - state.marked_at >= MARK_AGAIN:
        turn.mark()
    if state.held and turn.now - state.held[0].since > PATIENCE:
        turn.say("clients that lost the other node are reset: the disk cannot be marked with this epoch")
        turn.deny_all()
    return False


def _use_up_word(turn: Turn) -> None:
    """Make an operator's word void once this node serves by it: an older disk must not be served or restored by it."""
    seen = turn.state.seen
    if seen is not None and (seen.forced or (seen.restore is not None and seen.restore.epoch == seen.epoch)):
        turn.write(next_item(turn, seen.members))


def _answer_in_pair(turn: Turn) -> None:
    """Decide on clients that lost the other node: a live one is not deposed, a lost one is taken over from."""
    state = turn.state
    if not state.held:
        if turn.silence > IDLE_TAKE_OVER:
            _take_over(turn)
        return
    first = state.held[0].since
    if turn.now - first > PATIENCE:
        turn.say("clients that lost the other node are reset: nothing could be decided")
        turn.deny_all()
        return
    word = state.word
    if word is not None and state.word_asked >= first and not turn.silent:
        _by_word(turn, word)
    elif state.refused_asked >= first or turn.silent:
        _take_over(turn)
    else:
        turn.ask()


def _by_word(turn: Turn, word: Word) -> None:
    if word.epoch > turn.state.epoch:
        return  # the witness is being read: the peer may have stepped out for this node
    if turn.well(word):
        turn.deny_all()
    else:
        _take_over(turn, consent=not word.gate and not word.trusted)


def _take_over(turn: Turn, *, consent: bool = False) -> None:
    """Make this node the one member. `consent`: the other one says itself that it lets nobody in and is not sound."""
    state = turn.state
    me, seen = state.rules.me, state.seen
    if seen is None or state.writing is not None or not state.seen_asked:
        return  # by the peer's word alone nobody knows of a pause, or of the last take-over
    reason = _forbidden(turn, consent)
    if reason:
        turn.put(failure=reason)
        turn.deny_all()
        return
    item = next_item(turn, frozenset({me}), leader=me)
    turn.write(item if consent else dataclasses.replace(item, taken=_date(turn)))


def _forbidden(turn: Turn, consent: bool) -> str:
    state = turn.state
    if state.paused:
        return f"node {state.rules.peer} is lost and the pair is paused: nobody serves alone; `muster h2 resume`"
    interval, taken = state.rules.takeover_interval, state.seen.taken if state.seen else 0.0
    if consent or not taken or not interval:
        return ""
    left = taken + interval - _date(turn)
    if left <= 0:
        return ""
    return (
        f"node {state.rules.peer} is lost, and the last take-over was less than {interval:g} s ago: node "
        f"{state.rules.me} serves alone in {left:.0f} s, or at once by `muster h2 force`"
    )


def _date(turn: Turn) -> float:
    """Return AWS's clock now, by the last answer of the witness."""
    return turn.state.seen_date + (turn.now - turn.state.seen_at)


def _begin_lending(turn: Turn) -> None:
    state, word = turn.state, turn.peer
    if word is None or state.rules.alone or state.paused or state.stopping:
        return
    if state.job is not None or state.writing is not None:
        return
    if not word.wants or word.wants in state.broke:
        return
    turn.shut("the other node copies the database")
    turn.put(phase=Phase.LENDING, holds=word.wants, held_since=turn.now, lent=False, offered=False)
    turn.put(job=Job.LEND)
    turn.do(Begin(Job.LEND))


def _lend(turn: Turn) -> None:
    """Keep everybody out until the peer has its copy, then make it a member; give up on one that does not."""
    state, word = turn.state, turn.peer
    if not state.lone:
        turn.put(phase=Phase.IN, holds="", lent=False, admitted=turn.now)
        return
    if state.writing is not None or state.job is not None:
        return
    if word is not None and word.copied == state.holds:
        turn.put(offered=True)
        turn.write(next_item(turn, frozenset({state.rules.me, state.rules.peer})))
    elif _lost(turn):
        _give_up(turn)


def _lost(turn: Turn) -> bool:
    state, word = turn.state, turn.state.word
    if turn.now - state.held_since > HOLD or turn.silence > LENT_SILENCE or bool(state.stopping):
        return True
    if state.refused_asked > state.word_asked:
        return True
    return word is not None and state.word_asked > state.held_since and word.wants != state.holds


def _give_up(turn: Turn) -> None:
    """Go on alone; after the epoch has been raised, if a write that makes the peer a member may still come true."""
    turn.say("the other node did not finish its copy; this one goes on alone")
    if turn.state.offered:
        turn.write(next_item(turn, turn.state.members))
    else:
        gave_up(turn)


def gave_up(turn: Turn) -> None:
    """Let clients in again."""
    state = turn.state
    turn.put(phase=Phase.IN, broke=state.broke | {state.holds}, holds="", lent=False)

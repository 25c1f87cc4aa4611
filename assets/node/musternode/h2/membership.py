"""The rules of the pair, as one pure function: who serves, who takes over, who copies, who waits.

What holds for every order of events (h2database 1.4.199, engine/SessionRemote.java: a driver says `SET CLUSTER ''` to
the server that it goes on with, before it acknowledges anything alone):

* A server acknowledges alone only while the witness names its node as the one member. The witness is changed by
  conditional writes, so of two nodes that want that at most one gets it.
* A server is a member's only without a break: one that ended may lack what it had acknowledged, so it comes in again
  by a fresh copy, or when the witness says that it alone has everything.
* A copy is made and let in while the source lets nobody in; the witness says so before either does.
* A node that has been deposed lets nobody in once its lease is over, and who takes over waits for that.
"""

import dataclasses
from typing import Any, Callable, Dict, Tuple, Type

from . import inside, outside
from .events import (
    Action,
    Changed,
    Cut,
    Decide,
    Disk,
    Drained,
    Event,
    Exit,
    Hit,
    Job,
    JobEnded,
    Mend,
    Observed,
    ReadWitness,
    Refused,
    Remembered,
    Server,
    Stop,
    Tick,
    Told,
    Unlike,
    Unseen,
    Wanting,
    Written,
)
from .pair_state import GONE, Held, Phase, State
from .turn import RETRY, Turn

READ_AT_ONCE, READ_SOON, READ_SELDOM = 0.1, 0.5, 5.0
"""Seconds between two looks at the witness: while it is about to change or has changed, while the pair is not whole,
and while the peer confirms it."""
STOP_WITHIN = 15.0
"""Seconds within which a process that is asked to end does so, stepped out or not."""
BE_WELL_WITHIN = 3.0
"""Seconds for which such a process waits for a peer that answers to let clients in, so that it can step out."""
FAULT_PAUSE, LONGEST_PAUSE = 2.0, 60.0
"""Seconds before a failed job is tried again: twice as many each time, up to the longest."""


def step(state: State, event: Event, now: float) -> Tuple[State, Tuple[Action, ...]]:
    """Return what the member is after `event`, and what is to be done; pure. `now` never goes backwards."""
    turn = Turn(state, now)
    if not state.began:
        turn.put(began=now)
    _FOLDS[type(event)](turn, event)
    _go_on(turn)
    return turn.state, tuple(turn.actions)


def _go_on(turn: Turn) -> None:
    """Do what is due in the phase; a change of phase has its own things due at once."""
    for _ in range(4):
        phase = turn.state.phase
        _PHASES[phase](turn)
        if turn.state.phase is phase:
            break
    _keep_cut(turn)
    _look(turn)
    _end(turn)
    if turn.state.phase is not Phase.IN and turn.state.held:
        turn.deny_all()


def _left(turn: Turn) -> None:
    state = turn.state
    if not state.rules.leaves and not state.stopping:
        turn.put(phase=Phase.WAITING)
    elif state.run and state.rules.leaves:
        turn.begin(Job.HALT)


_PHASES: Dict[Phase, Callable[[Turn], None]] = {
    Phase.STARTING: outside.settle,
    Phase.WAITING: outside.wait,
    Phase.IN: inside.serve,
    Phase.LENDING: inside.serve,
    Phase.LEFT: _left,
}


def _keep_cut(turn: Turn) -> None:
    """Cut this host's own connections to a peer that is silent: H2's driver would wait for it for ever."""
    silent = turn.silent
    if silent and not turn.state.cut:
        turn.put(cut=True)
        turn.do(Cut())
    elif not silent and turn.state.cut:
        turn.put(cut=False)
        turn.do(Mend())


def _look(turn: Turn) -> None:
    """Read the witness when it is time, or at once if the peer knows a newer epoch."""
    state, word = turn.state, turn.peer
    if state.reading or state.writing is not None:
        return
    confirmed = word is not None and word.confirms and word.epoch == state.epoch
    at_ease = state.phase is Phase.IN and state.member and (confirmed or state.lone) and state.gate
    since = turn.now - state.asked_witness
    newer = ((word is not None and word.epoch > state.epoch) or bool(state.copied)) and since > READ_AT_ONCE
    if newer or since >= (READ_SELDOM if at_ease else READ_SOON):
        turn.put(reading=True, asked_witness=turn.now)
        turn.do(ReadWitness())


def _end(turn: Turn) -> None:
    """End the process once it has stepped out, or at once where it need not or cannot."""
    state, word = turn.state, turn.peer
    if not state.stopping or state.ended:
        return
    waited = turn.now - state.stopping
    could = state.phase is Phase.IN and not state.lone and word is not None and not state.paused
    unsettled = state.writing is not None or (state.phase is Phase.LENDING and state.offered)
    settles = word is not None and (turn.well(word) or waited < BE_WELL_WITHIN)
    if (unsettled or (could and settles)) and waited < STOP_WITHIN:
        return
    turn.shut("this process ends")
    turn.put(phase=Phase.LEFT, ended=True)
    turn.do(Exit())


def _tick(_turn: Turn, _event: Tick) -> None:
    pass


def _observed(turn: Turn, event: Observed) -> None:
    state = turn.state
    turn.put(reading=False, witness_fault="")
    if state.known and event.asked < state.seen_asked:
        return
    _see(turn, event)


def _see(turn: Turn, event: Observed) -> None:
    state, item = turn.state, event.item
    if item is None and state.seen is not None:
        turn.put(known=True, failure=GONE)
        return
    if state.failure == GONE:
        turn.put(failure="")
    if item is not None and item.epoch < state.epoch:
        return  # an answer from before this node's own write
    was_lone, epoch, copied = state.lone, state.epoch, state.copied
    turn.put(known=True, seen=item, seen_asked=event.asked, seen_date=event.date, seen_at=turn.now)
    if item is None or item.epoch == epoch:
        return
    _changed_members(turn, was_lone, copied)


def _changed_members(turn: Turn, was_lone: bool, copied: str) -> None:
    """Take note of another epoch."""
    state = turn.state
    turn.put(failure="")
    if state.lone and not was_lone:  # in any phase: a process that has just begun does not know since when
        turn.put(fence_from=turn.now)
    if state.ordered:
        return  # what is on the disk and in the server has to go: it must never bear this epoch's mark
    if state.phase in {Phase.IN, Phase.LENDING} and state.member and state.sound:
        turn.mark()
    if state.phase is Phase.WAITING and state.holds and not copied and state.member and state.run:
        outside.formed(turn)  # the item that this source wrote, whose answer was lost


def _unseen(turn: Turn, event: Unseen) -> None:
    turn.put(witness_fault=event.sentence)
    if event.writing:
        turn.put(writing=None, asked_witness=0.0, write_after=turn.now + RETRY)
    else:
        turn.put(reading=False)


def _written(turn: Turn, event: Written) -> None:
    state = turn.state
    turn.put(writing=None, witness_fault="")
    if not event.done:
        turn.put(asked_witness=0.0, write_after=turn.now + RETRY / 5)
        return
    turn.put(raised=True)
    if event.item.epoch <= state.epoch:
        return
    lending, holds = state.phase is Phase.LENDING, state.holds
    item = event.item
    forming = state.seen is None
    _see(turn, Observed(event.asked, item, _date(turn)))
    if lending and turn.state.lone:
        inside.gave_up(turn)
    elif lending:
        turn.put(phase=Phase.IN, holds="", lent=False, admitted=turn.now)
    elif forming and holds and turn.state.phase is Phase.WAITING:
        outside.formed(turn)
    turn.say(f"epoch {item.epoch}: members are {', '.join(sorted(item.members))}")


def _date(turn: Turn) -> float:
    state = turn.state
    return state.seen_date + (turn.now - state.seen_at)


def _told(turn: Turn, event: Told) -> None:
    state, word = turn.state, event.word
    turn.put(asking=False)
    if event.asked < state.word_asked:
        return
    opens = word.gate or word.phase != Phase.IN.value
    since = 0.0 if opens else (state.not_open_since or turn.now)
    turn.put(word=word, word_asked=event.asked, not_open_since=since)
    if state.attempt in word.broke and state.job in {Job.COPY, Job.FORM}:
        turn.drop_copy()  # the source has given up this copying, and will hold for another one


def _refused(turn: Turn, event: Refused) -> None:
    turn.put(asking=False, refused_asked=max(event.asked, turn.state.refused_asked))


def _server(turn: Turn, event: Server) -> None:
    state = turn.state
    if state.phase is Phase.WAITING and state.holds and event.run != state.run:
        # the first copy was of a server that has ended: what is on disk may lack rows of it, and the pair's list
        turn.put(broke=state.broke | {state.holds}, holds="", lent=False)
    turn.put(run=event.run)
    if event.run and (event.hung or event.lost):
        inside.sick(turn, lost=event.lost)


def _disk(turn: Turn, event: Disk) -> None:
    turn.put(disk=event)


def _remembered(turn: Turn, event: Remembered) -> None:
    turn.put(remembered=event.run)


def _hit(turn: Turn, event: Hit) -> None:
    if turn.state.phase is not Phase.IN:
        turn.do(Decide(event.number, False))
        return
    turn.put(held=(*turn.state.held, Held(event.number, turn.now)))


def _wanting(turn: Turn, event: Wanting) -> None:
    if turn.state.job in {Job.COPY, Job.FORM}:
        turn.put(attempt=event.attempt)


def _job_ended(turn: Turn, event: JobEnded) -> None:
    state = turn.state
    if state.job is not event.job:
        return
    turn.put(job=None)
    if event.fault:
        _failed(turn, event)
    elif event.job in {Job.COPY, Job.FORM}:
        _made_copy(turn)
    elif event.job is Job.LEND:
        turn.put(lent=True)
    elif event.job in {Job.SERVE, Job.RESTORE}:
        turn.put(fault="", faults=0)
        outside.served(turn)
    else:
        turn.put(fault="", faults=0)


def _made_copy(turn: Turn) -> None:
    state, word = turn.state, turn.state.word
    if not state.attempt or word is None or word.holds != state.attempt:
        turn.drop_copy()
        return
    turn.put(copied=state.attempt, copied_epoch=word.epoch, fault="", faults=0)


def _failed(turn: Turn, event: JobEnded) -> None:
    state = turn.state
    pause = min(LONGEST_PAUSE, FAULT_PAUSE * 2**state.faults)
    turn.put(fault=event.fault, faults=min(state.faults + 1, 10), fault_until=turn.now + pause, attempt="", copied="")
    turn.say(f"{event.job.value}: {event.fault}")
    if event.job is Job.LEND and state.phase is Phase.LENDING:
        turn.put(phase=Phase.IN, broke=state.broke | {state.holds}, holds="", lent=False)


def _changed(turn: Turn, event: Changed) -> None:
    rules = dataclasses.replace(
        turn.state.rules, alone=event.alone, leaves=event.leaves, takeover_interval=event.takeover_interval
    )
    turn.put(rules=rules, drained=turn.state.drained and event.leaves)


def _drained(turn: Turn, _event: Drained) -> None:
    turn.put(drained=True)


def _unlike(turn: Turn, _event: Unlike) -> None:
    if turn.state.phase is Phase.IN and not turn.state.lone:
        turn.put(unlike=True)


def _stop(turn: Turn, _event: Stop) -> None:
    if not turn.state.stopping:
        turn.put(stopping=turn.now)


_FOLDS: Dict[Type[Any], Callable[[Turn, Any], None]] = {
    Tick: _tick,
    Observed: _observed,
    Unseen: _unseen,
    Written: _written,
    Told: _told,
    Refused: _refused,
    Server: _server,
    Disk: _disk,
    Remembered: _remembered,
    Hit: _hit,
    Wanting: _wanting,
    JobEnded: _job_ended,
    Changed: _changed,
    Drained: _drained,
    Unlike: _unlike,
    Stop: _stop,
}

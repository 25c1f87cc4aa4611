"""Rules with one thought left out each: the simulation must notice every one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from musternode.h2 import inside, membership, outside
from musternode.h2.events import Begin, Decide, Job, Word, Written
from musternode.h2.pair_state import Phase, State
from musternode.h2.turn import Turn
from musternode.h2.witness import Item
from tests.simulation import half_open, world


def _no_fence(turn: Turn) -> None:
    turn.put(fence_from=0.0)


def _start_again(turn: Turn) -> None:
    turn.begin(Job.SERVE)


def _allow_all(turn: Turn) -> None:
    for held in turn.state.held:
        turn.do(Decide(held.number, True))
    turn.put(held=())


def _keep_serving(turn: Turn) -> None:
    if not turn.state.sound:
        _lose_server(turn)
    elif turn.state.phase is Phase.LENDING and turn.state.member:
        inside._lend(turn)
    else:
        inside._serve(turn)


def _open_before_witness(turn: Turn, *, consent: bool = False) -> None:
    _take_over(turn, consent=consent)
    if turn.state.writing is not None:
        _allow_all(turn)


def _lend_open(turn: Turn) -> None:
    state, word = turn.state, turn.peer
    if word is None or state.job is not None or not word.wants or word.wants in state.broke:
        return
    turn.put(phase=Phase.LENDING, holds=word.wants, held_since=turn.now, lent=False, offered=False, job=Job.LEND)
    turn.do(Begin(Job.LEND))


def _serve_and_lend(turn: Turn) -> None:
    inside._renew(turn)
    inside._answer_alone(turn)
    _lend(turn)


def _lowest_wins(turn: Turn, word: Word) -> bool:
    disk, epoch = turn.state.disk, turn.state.epoch
    assert disk is not None
    theirs = outside._counts(word.disk, word.disk_epoch, epoch)
    return outside._counts(disk.kind, disk.epoch, epoch) and (turn.state.rules.lowest or not theirs)


def _give_up_at_once(turn: Turn) -> None:
    inside.gave_up(turn)


def _both_win(turn: Turn) -> None:
    state, word = turn.state, turn.peer
    if word is not None and word.phase == Phase.WAITING.value and not word.trusted and state.seen is not None:
        turn.put(seen=replace(state.seen, members=frozenset({state.rules.me})), raised=True)
        turn.begin(Job.SERVE)
    else:
        _in_doubt(turn)


def _join_at_any_epoch(turn: Turn) -> None:
    state = turn.state
    if state.member and state.run:
        outside.enter(turn)
    elif not state.run:
        turn.drop_copy()


def _unconditional(turn: Turn, event: Written) -> None:
    _written(turn, replace(event, done=True))


def _forget_raise(turn: Turn) -> None:
    turn.put(raised=True)


def _open_first_copy(turn: Turn) -> None:
    """Come in with the copy as soon as it is made, not once the witness names this node."""
    state = turn.state
    if state.run and state.seen is not None:
        both = frozenset({state.rules.me, state.rules.peer})
        turn.put(seen=replace(state.seen, epoch=state.copied_epoch + 1, members=both), seen_asked=turn.now)
        outside.enter(turn)


def _any_file_counts(_kind: str, _epoch: int, _last: int) -> bool:
    return True


def _resume_by_any_peer(turn: Turn) -> None:
    state, word = turn.state, turn.peer
    if word is not None and word.confirms and state.rules.me in word.members and state.remembered == state.run != "":
        turn.put(known=True, seen=Item(word.epoch, word.members, word.leader), seen_at=turn.now)
        outside.enter(turn)


def _none_missing(*_: Any) -> tuple[frozenset[Any], frozenset[Any]]:
    return frozenset(), frozenset()


def _wins_over_whole(turn: Turn) -> None:
    state = turn.state
    if turn.peer is not None and state.disk is not None and state.disk.kind == "held":
        turn.write(inside.next_item(turn, frozenset({state.rules.me}), leader=state.rules.me))


_lose_server, _take_over, _lend, _in_doubt = inside._lose_server, inside._take_over, inside._lend, outside._in_doubt
_written = membership._written


@contextmanager
def _patched(*changes: Any) -> Iterator[None]:
    for change in changes:
        change.start()
    try:
        yield
    finally:
        for change in reversed(changes):
            change.stop()


def _rule(module: Any, name: str, instead: Callable[..., Any]) -> Any:
    return patch.object(module, name, instead)


def _fold(event: type, instead: Callable[..., Any]) -> Any:
    return patch.dict(membership._FOLDS, {event: instead})


MUTATIONS: dict[str, Callable[[], tuple[Any, ...]]] = {
    "the fence wait is skipped": lambda: (_rule(inside, "_clear_fence", _no_fence),),
    "a restarted server is trusted": lambda: (
        _rule(outside, "_in_doubt", _start_again),
        _rule(outside, "served", outside.enter),
    ),
    "a held client is let go on instead of reset": lambda: (_rule(Turn, "deny_all", _allow_all),),
    "a denial is an error instead of a reset": lambda: (patch.object(world.World, "denies_by_error", True),),
    "the lease is ignored": lambda: (patch.object(inside, "LEASE", 3600.0),),
    "a node that was deposed goes on serving": lambda: (
        _rule(inside, "serve", _keep_serving),
        patch.dict(membership._PHASES, {Phase.IN: _keep_serving, Phase.LENDING: _keep_serving}),
        patch.object(State, "member", True),
    ),
    "clients go on before the witness has been written": lambda: (_rule(inside, "_take_over", _open_before_witness),),
    "the source goes on serving while it lends": lambda: (
        _rule(inside, "_begin_lending", _lend_open),
        _rule(inside, "_lend", _serve_and_lend),
    ),
    "the epoch is not raised after an offered copy": lambda: (_rule(inside, "_give_up", _give_up_at_once),),
    "the epoch is not raised by a new process": lambda: (_rule(outside, "_raise", _forget_raise),),
    "both win when both servers have ended": lambda: (_rule(outside, "_in_doubt", _both_win),),
    "a copy joins at any epoch": lambda: (_rule(outside, "_copied", _join_at_any_epoch),),
    "a copy joins before the witness names it": lambda: (_rule(outside, "_copied", _open_first_copy),),
    "a write counts although its condition failed": lambda: (_fold(Written, _unconditional),),
    "the lower ordinal wins however old its file": lambda: (_rule(outside, "_wins", _lowest_wins),),
    "a node wins over one whose copy is whole": lambda: (_rule(outside, "_in_doubt", _wins_over_whole),),
    "half-open connections are left to themselves": lambda: (_rule(half_open, "missing_twice", _none_missing),),
    "a new process believes a peer that is shut": lambda: (_rule(outside, "_resume_by_peer", _resume_by_any_peer),),
    "any file counts": lambda: (
        _rule(outside, "_counts", _any_file_counts),
        _rule(outside, "_wins", lambda turn, _word: turn.state.disk.kind != "empty"),
    ),
}
"""What is left out or done wrongly, and the patches that do it."""


@contextmanager
def mutated(name: str) -> Iterator[None]:
    """Run with the mutation `name` in force."""
    with _patched(*MUTATIONS[name]()):
        yield

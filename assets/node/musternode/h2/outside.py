"""What a node does whose server may lack acknowledged writes: it waits, serves what it alone has, or copies."""

import dataclasses
from typing import Optional

from .events import Job, Remember, Word
from .inside import next_item, step_out
from .pair_state import Phase
from .turn import Turn
from .witness import Item


def settle(turn: Turn) -> None:
    """Leave STARTING once disk, server and witness are known; a gate process alone that began anew is IN at once."""
    state = turn.state
    if state.disk is None or state.run is None or state.remembered is None:
        return
    if not state.known:
        _resume_by_peer(turn)
        return
    if state.member and state.run and state.remembered == state.run and not state.ordered:
        if state.lone and not state.raised:
            _raise(turn)
            return
        turn.say(f"epoch {state.epoch}: this server has been a member's all the time")
        enter(turn)
        return
    turn.put(phase=Phase.WAITING)


def _raise(turn: Turn) -> None:
    """Raise the epoch: a write of the former process of this node, to let the peer in, may still come true."""
    seen = turn.state.seen
    assert seen is not None
    turn.write(dataclasses.replace(seen, epoch=seen.epoch + 1))


def _resume_by_peer(turn: Turn) -> None:
    """Go on by the peer's word while the witness has not been read: the peer is the only other that could change it.

    But the former process of this node may have deposed the peer, which does not know: then it has served nobody alone
    before this node's disk bore the newer epoch (`inside.marked`).
    """
    state, word = turn.state, turn.peer
    if word is None or not word.confirms or state.rules.me not in word.members:
        return
    if state.disk is None or state.disk.epoch > word.epoch:
        return
    if state.run and state.remembered == state.run:
        turn.put(known=True, seen=Item(word.epoch, word.members, word.leader), seen_at=turn.now)
        turn.say(f"epoch {word.epoch} by the word of node {state.rules.peer}: the witness has not been read")
        enter(turn)


def enter(turn: Turn) -> None:
    """Be a member with the server that runs now."""
    run = turn.state.run or ""
    turn.put(
        phase=Phase.IN,
        trusted=run,
        raised=True,
        attempt="",
        copied="",
        failure="",
        fault="",
        faults=0,
        fault_until=0.0,
        unlike=False,
    )
    turn.do(Remember(run))
    turn.mark()


def wait(turn: Turn) -> None:
    """Do what is due while this node is WAITING."""
    state = turn.state
    if state.stopping or state.job in {Job.SEED, Job.SERVE, Job.RESTORE, Job.HALT}:
        return
    if state.run and state.run == state.killed:
        return  # it is about to end
    if state.seen is None:
        _form(turn)
    elif state.ordered:
        _restore(turn)
    elif state.copied:
        _copied(turn)
    elif state.rules.leaves and not state.lone:
        turn.put(phase=Phase.LEFT)
    elif not state.member:
        _rejoin(turn)
    elif state.lone:
        _go_on_alone(turn)
    else:
        _in_doubt(turn)


def _whole(kind: str) -> bool:
    return kind != "empty"


def _form(turn: Turn) -> None:
    """Form the pair for the first time: there is no witness item yet."""
    state, word = turn.state, turn.peer
    assert state.disk is not None
    if not state.known:
        return
    served = [state.rules.me] if state.disk.kind == "held" and state.disk.epoch > 0 else []
    if word is not None and not word.epoch and word.disk == "held" and word.disk_epoch > 0:
        served.append(word.node)  # one that has seen an item may have just made it: that is being read
    if served:
        turn.put(
            failure=f"there is no witness item, but node {' and node '.join(sorted(served))} holds data that has been "
            "served; `muster h2 adopt` says which node's data counts"
        )
        return
    turn.put(failure="")
    if state.rules.alone and word is None:
        other = state.rules.peer
        turn.put(
            failure=f"node {state.rules.me} has formed no pair yet, and node {other} is absent by the cluster file: a "
            f"pair is formed by two; set nodes.{other}.present: true and deploy"
        )
    elif state.copied:
        _await_source(turn, word)
    elif word is None or word.epoch:
        return  # a pair is formed by two; a peer that has seen an item knows more than this node
    elif _is_source(turn, word):
        _be_source(turn, word)
    elif _whole(word.disk):
        turn.begin(Job.FORM)


def _is_source(turn: Turn, word: Word) -> bool:
    """Return whether this node's data is the pair's: the newer one that there is, else the lowest ordinal's.

    One that gives its data stays the source when the other has a copy of it.
    """
    state = turn.state
    assert state.disk is not None
    if state.holds:
        return True
    mine = (_whole(state.disk.kind), state.disk.epoch)
    theirs = (_whole(word.disk), word.disk_epoch)
    return state.rules.lowest if mine == theirs else mine > theirs


def _be_source(turn: Turn, word: Word) -> None:
    state = turn.state
    assert state.disk is not None
    if not _whole(state.disk.kind):
        if not state.rules.alone:
            turn.begin(Job.SEED)
        return
    if not state.run:
        turn.begin(Job.SERVE)
        return
    if word.wants and word.wants != state.holds and word.wants not in state.broke:
        turn.put(holds=word.wants, lent=True)
    if state.holds and word.copied == state.holds:
        members = frozenset({state.rules.me, state.rules.peer})
        turn.write(Item(1, members, min(members) if not state.rules.lowest else state.rules.me))


def formed(turn: Turn) -> None:
    """Be a member of the pair that this node has just formed as the source."""
    turn.put(holds="", lent=False, admitted=turn.now)
    enter(turn)


def _await_source(turn: Turn, word: Optional[Word]) -> None:
    if _no_longer_held(turn, word):
        turn.drop_copy()


def _no_longer_held(turn: Turn, word: Optional[Word]) -> bool:
    """Return whether the source has let its clients in again without this node.

    One at a newer epoch may have made this node a member: that is for the witness to say.
    """
    return word is not None and word.holds != turn.state.copied and word.epoch <= turn.state.epoch


def _copied(turn: Turn) -> None:
    """Come in once the source has made this node a member, if nothing else has changed since the copy."""
    state, word = turn.state, turn.peer
    if state.member and state.epoch == state.copied_epoch + 1 and state.run:
        enter(turn)
    elif state.epoch > state.copied_epoch or not state.run or _no_longer_held(turn, word):
        turn.drop_copy()


def _rejoin(turn: Turn) -> None:
    """Copy the database of the member, which must serve."""
    state, word = turn.state, turn.peer
    other = state.rules.peer
    if state.paused or state.rules.leaves:
        return
    if word is None or not (word.trusted and word.members == {other} and word.epoch == state.epoch):
        return
    if word.alone:
        return  # by its settings there is no other; it can be copied once it has been told of this node
    turn.put(failure="")
    turn.begin(Job.COPY)


def _go_on_alone(turn: Turn) -> None:
    """Serve what this node alone has, if it is what the witness knows of."""
    state, item = turn.state, turn.state.seen
    assert item is not None
    assert state.disk is not None
    if not _whole(state.disk.kind):
        _refuse(turn, "its disk holds no whole database")
    elif not _counts(state.disk.kind, state.disk.epoch, item.epoch) and not item.forced and not state.raised:
        _refuse(turn, f"its disk holds data of epoch {state.disk.epoch} only")
    elif not state.raised:
        _raise(turn)
    else:
        turn.put(failure="")
        turn.begin(Job.SERVE)


def _restore(turn: Turn) -> None:
    """Carry an operator's order out; what this node was about to copy is not wanted any more."""
    state = turn.state
    if state.attempt or state.copied or state.job in {Job.COPY, Job.FORM}:
        turn.drop_copy()
    if state.job is not None or turn.now < state.fault_until:
        return
    item = state.seen
    assert item is not None
    assert item.restore is not None
    turn.say(f"epoch {item.epoch}: this node restores the backup {item.restore.key} by an operator's order")
    turn.put(failure="")
    turn.begin(Job.RESTORE)


def _refuse(turn: Turn, what: str) -> None:
    state = turn.state
    turn.put(
        failure=f"by the witness (epoch {state.epoch}) node {state.rules.me} alone has every acknowledged write, but "
        f"{what}; bring its volume back, or say by `muster h2 force` which node goes on"
    )


def served(turn: Turn) -> None:
    """Serve alone with the server that was just started on this node's own files, or on those of a backup."""
    state = turn.state
    if state.seen is None or not state.lone or state.ordered:
        return
    order = state.seen.restore
    if order is not None and order.epoch == state.epoch:
        turn.say(f"epoch {state.epoch}: this node goes on alone with the backup {order.key}")
    else:
        turn.say(
            f"epoch {state.epoch}: this node goes on alone with its own files; what H2 had not written when it ended, "
            "at most the last second, is gone"
        )
    enter(turn)


def _in_doubt(turn: Turn) -> None:
    """Settle whose data counts after this node's server has ended while both were members."""
    state, word = turn.state, turn.peer
    assert state.disk is not None
    other = state.rules.peer
    if state.paused or (word is not None and word.epoch != state.epoch):
        return
    if word is None:
        turn.put(failure=_waits(turn))
    elif word.trusted:
        turn.put(failure="")
        if state.word_asked > state.ended_at:
            step_out(turn)
        else:
            turn.ask()  # its host may have died just before this server
    elif word.phase == Phase.WAITING.value and _wins(turn, word):
        turn.say(f"both servers have ended; node {state.rules.me} goes on, node {other} copies")
        turn.write(next_item(turn, frozenset({state.rules.me}), leader=state.rules.me))
    elif not _counts(state.disk.kind, state.disk.epoch, state.epoch) and not _counts(
        word.disk, word.disk_epoch, state.epoch
    ):
        turn.put(failure="neither node's disk holds the data of the last epoch; `muster h2 force` says which goes on")


def _counts(kind: str, epoch: int, last: int) -> bool:
    """Return whether data of `epoch` can be a member's at the epoch `last`: of that one or of the one before."""
    return _whole(kind) and epoch >= last - 1


def _wins(turn: Turn, word: Word) -> bool:
    """Return whether this node's file goes on when both servers have ended: of two that count, the newer one.

    The server that lived on has flushed what the other one lost. By wall clocks: one that is wrong costs what an equal
    moment costs, the last second.
    """
    state = turn.state
    assert state.disk is not None
    if not _counts(state.disk.kind, state.disk.epoch, state.epoch):
        return False
    if not _counts(word.disk, word.disk_epoch, state.epoch) or state.disk.written > word.disk_written:
        return True
    return state.disk.written == word.disk_written and state.rules.lowest


def _waits(turn: Turn) -> str:
    state = turn.state
    return (
        f"node {state.rules.me} was one of two members and its server has ended: its file may lack acknowledged "
        f"writes, and node {state.rules.peer} does not answer; start that node, or go on with this file by "
        "`muster h2 force`"
    )

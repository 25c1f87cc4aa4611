"""A node of a cluster of servers as processes: from its settings document to a member that lives."""

import json
import logging
import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Optional, Tuple

from .. import bootstrap, files, guard, report, rollback, settings, state, volume
from .. import host as host_files
from ..failure import Failure, ascii_sentence, unexpected
from ..h2 import clock
from ..host import Identity
from ..paths import Paths
from ..report import Reported
from ..rollout import report_unreadable
from ..stages import link_asset, prepare, timed
from ..state import Board
from ..system import Systemd
from ..tls import front
from ..tls import stages as tls
from ..tls.keeper import Keeper
from ..tls.watchdog import Watchdog, Watched, watched
from ..updates import stages as updates
from ..updates.holding import put_off
from ..updates.part import Part
from ..watch import Watch
from . import distribution, drain, host, peers, rollout, stages, turns
from .host import Host, S
from .kind import Kind, Living
from .newcomers import Newcomers

log = logging.getLogger(__name__)
FORMING, FORMED = 0.25, 0.5
"""Seconds between two steps of the member."""


def begin(kind: Kind[S], paths: Paths, identity: Identity, text: str) -> int:
    """Do all stages for the document `text`; return the exit status. Its causes have been sent to the wait handle."""
    chosen = kind.read(text)
    return bootstrap.begin(
        paths, identity, chosen, text, lambda: _stages(kind, Host(identity, chosen, paths, Systemd()))
    )


def _stages(kind: Kind[S], this: Host[S]) -> None:
    link_asset(this.paths.current, this.paths.opt / this.settings.asset.sha256[:16])
    timed("prepare", lambda: prepare(this.paths, this.node))
    timed("install", lambda: stages.install(kind, this))
    timed("configure", lambda: stages.configure(kind, this))
    timed("front", lambda: tls.carry_out(this.paths, this.services, kind.front(this)))
    timed("updates", lambda: updates.carry_out(this.paths, this.settings.updates))
    timed("start", lambda: stages.start(this))


def run(kind: Kind[S], this: Host[S]) -> int:
    """Live as the member; return 1, for systemd to start another, once a fault has been logged and reported."""
    try:
        return _live(kind, this)
    except Exception as fault:  # the wait handle must hear of a fault in musternode itself, too
        log.exception("the member ends")
        body = report.failure(this.identity.node, sentence(this, fault))
        Reported(this.paths.etc / "reported").send(this.settings.wait_url, this.settings.generation, body)
        return 1


def sentence(this: Host[Any], fault: Exception) -> str:
    """Return the sentence of `fault`, with the node's name."""
    text, node = unexpected(fault), f"node {this.identity.node}"
    return text if node in text else f"{node}: {text}"


@dataclass
class Parts:
    """What a living member is made of."""

    member: Living
    watch: Watch
    newcomers: Newcomers = field(default_factory=Newcomers)


def _parts(kind: Kind[S], this: Host[S]) -> Parts:
    aws = this.aws(patience=0)
    gone = rollback.failed(this.paths)
    tried = this.settings.generation if gone is None else gone.generation
    return Parts(kind.member(this), Watch(lambda: aws.parameter(this.identity.parameter), tried))


def _live(kind: Kind[S], this: Host[S]) -> int:
    parts = _parts(kind, this)
    one, board = parts.member, parts.member.board
    board.publish()
    one.listen()
    parts.watch.start()
    if not this.settings.leaves(this.identity.node):
        peers.serve(this.node.address, this.settings.ports.peer, one.body)
    whole = _finished(kind, this, board)
    rollback.tell(this.paths)
    trial, growth, keeper, rules = _trial(kind, this), _growth(this), _keeper(kind, this), guard.Guard(this.paths)
    part = Part(this.paths, board, this.services, this.settings.updates_of(this.identity.node))
    watchdog = Watchdog(_fronts(kind, this), this.services)
    while True:
        if growth is not None:
            growth.look()
        keeper.look()
        watchdog.look()
        rules.look()
        has_turn = part.look(one.states())
        if whole and not has_turn:
            one.tick()
            trial = _judged(this, trial, one)
        if whole:
            _tell_seen(this, one)
        _change(kind, this, parts, part)
        time.sleep(FORMED if board.state.formed else FORMING)


def _change(kind: Kind[S], this: Host[S], parts: Parts, part: Part) -> None:
    """Put a changed document in force, unless a node has its turn of updates."""
    holder = part.holder(parts.member.states())
    if holder is None:
        _roll_out(kind, this, parts, part.change)
    elif (document := parts.watch.pending()) is not None:
        put_off(this, document, parts.watch, holder)


def _growth(this: Host[Any]) -> Optional[volume.Growth]:
    if this.settings.leaves(this.identity.node):
        return None
    return volume.Growth(this.node.name, this.node.volume)


def _keeper(kind: Kind[S], this: Host[S]) -> Keeper:
    return Keeper(this.paths, _front(kind, this))


def _fronts(kind: Kind[S], this: Host[S]) -> Tuple[Watched, ...]:
    return watched(front.UNIT, _front(kind, this))


def _front(kind: Kind[S], this: Host[S]) -> Optional[front.Front]:
    return None if this.settings.leaves(this.identity.node) else kind.front(this)


def _tell_seen(this: Host[Any], one: Living) -> None:
    """Tell the agent how many members are in the cluster, as this one sees it."""
    state.ready(this.paths.public)
    value = {"members": len(one.seen), "at": clock.now()}
    files.write(this.paths.public / "members.json", json.dumps(value).encode("ascii"))


def _trial(kind: Kind[S], this: Host[S]) -> Optional[rollback.Trial]:
    """Return what judges settings that are not the last ones which have served; some there is no way back from."""
    former = host_files.former(this.paths)
    if former is None:
        return None
    before = rollout.readable(kind, former)
    back = before is None or kind.returns(before, this.settings)
    return rollback.Trial(rollback.within(this.settings.formation_timeout) if back else math.inf)


def _judged(this: Host[Any], trial: Optional[rollback.Trial], one: Living) -> Optional[rollback.Trial]:
    """Return the trial if it goes on; once it is passed there is no way back, and one that is lost goes it."""
    passed = None if trial is None else trial.look(one.board.state)
    if passed is None:
        return trial
    if not passed:
        _go_back(this, f"node {this.identity.node}: with the changed settings {one.complaint()}")
    host_files.forget_former(this.paths)
    distribution.tidy(this.home, {this.distribution, _in_use(this)})
    return None


def _in_use(this: Host[Any]) -> Path:
    """Return the folder of the distribution that the link leads into."""
    used = this.current.resolve()
    there = (folder for folder in this.home.iterdir() if not folder.is_symlink())
    return next((folder for folder in there if folder.resolve() in {used, *used.parents}), this.distribution)


def _go_back(this: Host[Any], why: str) -> None:
    gone = settings.outline((this.paths.etc / "settings.json").read_text())
    rollback.go_back(this.paths, this.identity, gone, why)


def _finished(kind: Kind[S], this: Host[S], board: Board) -> bool:
    """Return whether all stages of the settings in force are done; if not, only another document helps."""
    try:
        rollout.finish(kind, this)
    except Exception as fault:
        log.exception("generation %s was not applied", this.settings.generation)
        why = sentence(this, fault)
        if host_files.former(this.paths) is not None:
            _go_back(this, why)
        if rollback.failed(this.paths) is not None:
            host_files.finished(this.paths)
            return True
        board.put(phase=state.FAILED, failure=ascii_sentence(why))
        report.fail_aside(this.paths, this.identity.node, this.settings, why)
        return False
    return True


def _roll_out(kind: Kind[S], this: Host[S], parts: Parts, begins: Callable[[], object] = lambda: None) -> None:
    document = parts.watch.pending()
    if document is None:
        return
    outline, node, states = settings.outline(document), this.identity.node, parts.member.states()
    bootstrap.note_start(this.paths, outline.generation)
    chosen = rollout.readable(kind, document)
    if not turns.is_turn(this.settings, node, outline.generation, states, chosen):
        if cause := rollout.waited_too_long(this, outline, chosen, states):
            rollout.report_failure(this, outline, cause)
            parts.watch.tried(outline.generation)  # the deploy has failed by now: the parameter falls back
        return
    known = bootstrap.seconds_since(this.paths, outline.generation)
    if parts.newcomers.awaited(this.settings, node, outline.generation, chosen, known):
        return
    begins()
    try:
        rollout.apply(kind, this, document, lambda: _lead_away(this, parts.member))
    except Exception as fault:  # whatever it is: this generation failed here, and the one in force goes on
        why = sentence(this, fault)
        log.error("generation %s was not applied on %s: %s", outline.generation, node, why)  # noqa: TRY400
        if isinstance(fault, rollout.Broken) or rollout.went_on(this, outline):
            rollback.go_back(this.paths, this.identity, outline, why)
        rollout.report_failure(this, outline, why)
    parts.watch.tried(outline.generation)


def _lead_away(this: Host[Any], one: Living) -> None:
    drain.lead_away(one.board, this.settings.alike(this.identity.node), one.states())


def load(kind: Kind[S], paths: Paths) -> Host[S]:
    """Return this host; settings that cannot be read are reported where their outline says. Raises `Failure`."""
    try:
        return host.load(paths, kind.read)
    except Failure as cause:
        report_unreadable(paths, str(cause))
        raise

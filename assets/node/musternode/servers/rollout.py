"""A changed settings document on a running member: applied when it is this member's turn."""

import logging
from pathlib import Path
from typing import Any, Callable, Mapping, Optional

from .. import bootstrap, host, report, rollback, settings
from .. import stages as node_stages
from ..failure import Failure, unexpected
from ..paths import Paths
from ..settings import Outline
from ..state import State
from . import stages, turns
from .host import Host, S
from .kind import Kind

log = logging.getLogger(__name__)


class Broken(Failure):
    """A document was put in force by half."""


def readable(kind: Kind[S], document: str) -> Optional[S]:
    """Return the settings in `document`, or None if this program cannot read them."""
    try:
        return kind.read(document)
    except Failure:
        return None


def apply(kind: Kind[S], this: Host[S], document: str, lead_away: Callable[[], object] = lambda: None) -> None:
    """Put `document` in force on this node, and begin this process anew on it; raises `Failure` with the cause.

    The product is restarted only if its files changed, after `lead_away`. A document that this musternode cannot read
    is left to the one that it names. By one that wants this node no more nothing is changed: its instance is about to
    be removed. A fault after something was changed raises `Broken`: only going back ends it.
    """
    outline, chosen = settings.outline(document), readable(kind, document)
    if outline.asset.sha256 == this.settings.asset.sha256 or chosen is not None:
        _refuse(kind, this, chosen or kind.read(document))
    if chosen is not None and chosen.leaves(this.identity.node):
        log.info("node %s is wanted no more; its product goes on until the instance ends", this.identity.node)
        return
    if node_stages.place_asset(this, outline.asset):
        host.save_next(this.paths, document)
        rollback.restart_self()  # the new musternode sees the same document again, or finishes it
    new = Host(this.identity, chosen or kind.read(document), this.paths, this.services)
    _refuse(kind, this, new.settings)
    host.keep_former(this.paths)
    _mark(this.paths).write_text(outline.generation)
    try:
        stages.carry_out(kind, new, lead_away=lead_away)
    except Exception as fault:
        raise Broken(unexpected(fault)) from fault
    _put_in_force(this, document, outline)


def _put_in_force(this: Host[Any], document: str, outline: Outline) -> None:
    former = host.former(this.paths)
    if former is not None and settings.outline(former).generation == outline.generation:
        host.forget_former(this.paths)  # it is the one that has proved itself: there is nothing to go back to
    host.save(this.paths, this.identity, document)
    _mark(this.paths).unlink()
    host.finished(this.paths)
    rollback.forget_failed(this.paths)
    rollback.restart_self()


def finish(kind: Kind[S], this: Host[S]) -> None:
    """Do the stages of settings that are in force because this program cannot read the former ones, or went back.

    Also after a change that was broken off by a loss of power, say: files and units may be those of its document.
    """
    kept, mark = host.unfinished(this.paths), _mark(this.paths)
    own = kept is not None and settings.outline(kept).generation == this.settings.generation
    if not own and not mark.exists():
        return
    stages.carry_out(kind, this, again=mark.exists() or rollback.failed(this.paths) is not None)
    if own:
        host.finished(this.paths)
    former = host.former(this.paths)
    if former is not None and settings.outline(former).generation == this.settings.generation:
        host.forget_former(this.paths)
    mark.unlink(missing_ok=True)


def _mark(paths: Paths) -> Path:
    """Return the file that is there while a document is put in force."""
    return paths.etc / "changing"


def went_on(this: Host[Any], outline: Outline) -> bool:
    """Return whether the program was exchanged for the document of `outline` although it is not in force."""
    kept = host.unfinished(this.paths)
    return kept is not None and settings.outline(kept).generation == outline.generation


def waited_too_long(this: Host[S], outline: Outline, new: Optional[S], states: Mapping[str, State]) -> Optional[str]:
    """Return for what this node still waits with the document of `outline` when its time-out is near, else None.

    When this node began with it is noted; `new` is the document, if this program can read it.
    """
    node, own = this.identity.node, this.settings
    name = turns.awaited(own, node, outline.generation, states, new)
    if name is None or not bootstrap.is_late(this.paths, outline, own):
        return None
    other, peer = own.member(name), states.get(name)
    if peer is not None and peer.failure:
        return None
    found = f"it is {peer.phase} at generation {peer.generation}" if peer else f"no answer on port {own.ports.peer}"
    return (
        f"node {node} waits to change to generation {outline.generation} after node {name} ({other.address}): {found}"
    )


def report_failure(this: Host[Any], outline: Outline, cause: str) -> None:
    """Tell the wait handle of `outline` why its document was not applied."""
    report.fail_aside(this.paths, this.identity.node, outline, cause)


def _refuse(kind: Kind[S], this: Host[S], wanted: S) -> None:
    if reason := kind.refusal(this.settings, wanted):
        raise Failure(f"node {this.identity.node}: {reason}")

"""A changed settings document on a running node: applied when it is this node's turn."""

import json
import logging
from typing import Optional

from . import artifact, bootstrap, host, report, rollback, schema, settings, stages, standing, units
from .between import stages as between
from .failure import Failure, unexpected
from .h2.database import UNIT as H2_UNIT
from .host import Host
from .paths import Paths
from .products import as400gateway
from .report import Reported
from .settings import Settings
from .state import SERVING, State
from .tls import stages as tls
from .tls.front import refusal as front_refusal
from .updates import stages as updates
from .waiting import poll

log = logging.getLogger(__name__)
PEER_WITHIN = 60.0
"""Seconds that a gate waits for the other one to be open before it is replaced."""


def is_turn(own: Settings, node: str, wanted: str, peer: Optional[State], new: Optional[Settings] = None) -> bool:
    """Return whether `node` may apply generation `wanted`: all lower ordinals serve it already.

    Nobody waits where only one of both is, or is to be; `new` is the document if this program can read it.
    """
    if own.alone(node) or (new is not None and (new.alone(node) or new.leaves(node))):
        return True
    if own.member(node).ordinal < own.peer_of(node).ordinal:
        return True
    return peer is not None and peer.generation == wanted and peer.phase == SERVING


def refusal(old: Settings, new: Settings) -> Optional[str]:
    """Return why `new` cannot be applied to a running pair one node at a time, or None if it can."""
    if reason := _members_refusal(old, new):
        return reason
    fixed = {
        "the database's port": (old.ports.database, new.ports.database),
        "the peer port": (old.ports.peer, new.ports.peer),
        "TLS between the nodes, or its port,": (old.ports.between, new.ports.between),
        "the database's name": (old.settings.database, new.settings.database),
        "the application's home": (old.settings.home, new.settings.home),
        "the secrets": (old.secrets, new.secrets),
        "the witness table": (old.table, new.table),
    }
    if reason := front_refusal(old.ports.tls, new.ports.tls):
        return reason
    for what, (before, after) in fixed.items():
        if before != after:
            return f"{what} of a running pair cannot be changed one node at a time; deploy a new cluster for it"
    return None


def _members_refusal(old: Settings, new: Settings) -> Optional[str]:
    places = [[(member.name, member.ordinal) for member in one.members] for one in (old, new)]
    if places[0] != places[1]:
        return "the members of a running pair cannot be changed; deploy a new cluster for it"
    for before, after in zip(old.members, new.members):
        moved = (before.zone, before.address, before.volume) != (after.zone, after.address, after.volume)
        if moved and before.present:
            return (
                f"zone, address and volume of node {before.name} can be changed only while it is absent; deploy with "
                f"nodes.{before.name}.present: false first"
            )
    return None


def apply(this: Host, document: str) -> None:
    """Put `document` in force on this node, and restart this process on it; raises `Failure` with the cause.

    The application is restarted only if its files changed, the gate process only with another program: it steps out of
    the pair for it. A document that this musternode cannot read is left to the one that it names. By one that wants
    this node absent nothing is changed but what its member does. A fault after something was changed raises `Broken`:
    only going back ends it.
    """
    outline = settings.outline(document)
    bootstrap.note_start(this.paths, outline.generation)
    chosen = readable(document)
    if outline.asset.sha256 == this.settings.asset.sha256 or chosen is not None:
        _refuse(this, settings.read(document))
    if chosen is not None and chosen.leaves(this.identity.node):
        _put_in_force(this, document)
    if stages.place_asset(this, outline.asset):
        host.save_next(this.paths, document)
        # the new musternode sees the same document again, or finishes it if it cannot read the old one
        rollback.restart_self()
    new = Host(this.identity, settings.read(document), this.paths, this.services)
    _refuse(this, new.settings)
    host.keep_former(this.paths)
    try:
        carry_out(new)
    except Exception as fault:
        raise Broken(unexpected(fault)) from fault
    _put_in_force(this, document)


class Broken(Failure):
    """A document was put in force by half."""


def _put_in_force(this: Host, document: str) -> None:
    former = host.former(this.paths)
    if former is not None and settings.outline(former).generation == settings.outline(document).generation:
        host.forget_former(this.paths)  # it is the one that has proved itself: there is nothing to go back to
    host.save(this.paths, this.identity, document)
    host.finished(this.paths)
    artifact.settled(this)
    rollback.forget_failed(this.paths)
    rollback.restart_self()


def carry_out(new: Host, *, again: bool = False) -> None:
    """Make files and units of this node what the settings of `new` say.

    With `again` they have been so before, and nothing is asked of AWS.
    """
    brought = artifact.bring(new)
    changed = stages.install(new)
    if stages.configure(new, again=again) or brought or as400gateway.UNIT in changed:
        new.services.stop(as400gateway.UNIT)  # the member starts it again
    if brought and not again and schema.may_change(new):
        schema.migrate(new)
    tls.carry_out(new.paths, new.services, new.front)
    between.carry_out(new.paths, new.services, new.passage, new.key)
    updates.carry_out(new.paths, new.settings.updates)
    for unit in (units.READINESS, units.AGENT):
        if unit in changed:
            stages.restart(new.services, unit)
    if units.GATE in changed:
        _await_peer(new)
        stages.restart_gate(new, server=H2_UNIT in changed)


def _await_peer(new: Host) -> None:
    """Give the other node some time to serve before this one steps out; a pair that is sick is changed none the less.

    A program that heals it could never be brought otherwise.
    """

    def replaceable() -> bool:
        pair = standing.look(new.paths)
        return pair is None or not pair.gate or pair.peer_open or new.settings.alone(new.identity.node)

    if not poll(replaceable, within=min(PEER_WITHIN, new.settings.formation_timeout / 4), every=0.5):
        log.warning("node %s does not serve; the database is out of reach while this gate begins anew", new.peer.name)


def finish(this: Host) -> None:
    """Do the stages of settings that are in force because this program cannot read the former ones, or went back."""
    kept = host.unfinished(this.paths)
    if kept is None or settings.outline(kept).generation != this.settings.generation:
        return
    carry_out(this, again=rollback.failed(this.paths) is not None)
    host.finished(this.paths)
    artifact.settled(this)


def went_on(this: Host, document: str) -> bool:
    """Return whether the program was exchanged for `document` although it is not in force."""
    kept = host.unfinished(this.paths)
    return kept is not None and settings.outline(kept).generation == settings.outline(document).generation


def readable(document: str) -> Optional[Settings]:
    """Return the settings in `document`, or None if this program cannot read them."""
    try:
        return settings.read(document)
    except Failure:
        return None


def _refuse(this: Host, wanted: Settings) -> None:
    if reason := refusal(this.settings, wanted):
        raise Failure(f"node {this.identity.node}: {reason}")


def waited_too_long(this: Host, document: str, peer: Optional[State]) -> Optional[str]:
    """Return for what this node still waits with `document` when its time-out is near, else None."""
    new, node, own = settings.outline(document), this.identity.node, this.settings
    bootstrap.note_start(this.paths, new.generation)
    if not bootstrap.is_late(this.paths, new, own) or (peer is not None and peer.failure):
        return None
    other = this.settings.peer_of(node)
    found = (
        f"it is {peer.phase} at generation {peer.generation}"
        if peer
        else f"no answer on port {own.ports.crossed(own.ports.peer)}"
    )
    return (
        f"node {node} waits to change to generation {new.generation} after node {other.name} ({other.address}): {found}"
    )


def report_failure(this: Host, document: str, cause: str) -> str:
    """Tell the wait handle of `document` why it was not applied; return its generation."""
    new = settings.outline(document)
    report.fail_aside(this.paths, this.identity.node, new, cause)
    return new.generation


def report_unreadable(paths: Paths, cause: str) -> None:
    """Tell the wait handle of the newest settings on this host why they cannot be read, once."""
    for file in (paths.etc / "next.json", paths.etc / "settings.json"):
        if not file.is_file():
            continue
        try:
            new, node = (
                settings.outline(file.read_text()),
                json.loads((paths.etc / "identity.json").read_text())["node"],
            )
        except (Failure, OSError, ValueError, KeyError):
            log.exception("%s has no outline", file)
            continue
        Reported(paths.etc / "reported").send(
            new.wait_url, new.generation, report.failure(node, f"node {node}: {cause}")
        )
        return

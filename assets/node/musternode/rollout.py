"""A changed settings document on a running node: seen by polling, applied when it is this node's turn."""

import dataclasses
import json
import logging
import os
import shutil
import sys
import threading
import time
from typing import Callable, Optional

from . import bootstrap, host, report, settings, stages, units
from .aws import sha256_of
from .failure import Failure
from .h2 import jar
from .host import Host
from .paths import Paths
from .products import as400gateway
from .report import Reported
from .settings import Settings
from .state import SERVING, State

log = logging.getLogger(__name__)
EVERY = 5.0
"""Seconds between two looks at the parameter."""


def is_turn(own: Settings, node: str, wanted: str, peer: Optional[State]) -> bool:
    """Return whether `node` may apply generation `wanted`: all lower ordinals serve it already."""
    if own.member(node).ordinal < own.peer_of(node).ordinal:
        return True
    return peer is not None and peer.generation == wanted and peer.phase == SERVING


def refusal(old: Settings, new: Settings) -> Optional[str]:
    """Return why `new` cannot be applied to a running pair one node at a time, or None if it can."""
    fixed = {
        "the members": (old.members, new.members),
        "the database's port": (old.ports.database, new.ports.database),
        "the peer port": (old.ports.peer, new.ports.peer),
        "the database's name": (old.settings.database, new.settings.database),
        "the application's home": (old.settings.home, new.settings.home),
        "the secrets": (old.secrets, new.secrets),
    }
    for what, (before, after) in fixed.items():
        if before != after:
            return f"{what} of a running pair cannot be changed one node at a time; deploy a new cluster for it"
    return None


class Watch:
    """Looks at the settings parameter from a thread; an API that does not answer changes nothing."""

    def __init__(self, fetch: Callable[[], str], generation: str, every: float = EVERY) -> None:
        self._fetch = fetch
        self._tried = generation
        self._every = every
        self._found: Optional[str] = None

    def start(self) -> None:
        """Look for as long as the process lives."""
        threading.Thread(target=self._run, name="settings", daemon=True).start()

    def pending(self) -> Optional[str]:
        """Return a document of another generation than the one last tried, or None."""
        return self._found

    def tried(self, generation: str) -> None:
        """Say that `generation` has been tried; it is not offered again until another one was."""
        self._tried, self._found = generation, None

    def look(self) -> None:
        """Look once; raises nothing."""
        try:
            document = self._fetch()
            generation = settings.outline(document).generation
        except Failure as fault:
            log.debug("the settings were not read: %s", fault)
            return
        except Exception:  # this thread must outlive every fault: nobody else looks
            log.exception("the settings were not read")
            return
        self._found = document if generation != self._tried else None

    def _run(self) -> None:
        while True:
            time.sleep(self._every)
            self.look()


def apply(this: Host, document: str) -> None:
    """Put `document` in force on this node, and restart this process on it; raises `Failure` with the cause.

    H2 and the readiness answer go on; the application is restarted only if its files changed. A document that this
    musternode cannot read is left to the one that it names.
    """
    outline = settings.outline(document)
    bootstrap.note_start(this.paths, outline.generation)
    if outline.asset.sha256 == this.settings.asset.sha256 or _readable(document):
        _refuse(this, settings.read(document))
    if stages.place_asset(this, outline.asset):
        host.save_next(this.paths, document)
        restart_self()  # the new musternode sees the same document again, or finishes it if it cannot read the old one
    new = Host(this.identity, settings.read(document), this.paths, this.services)
    _refuse(this, new.settings)
    carry_out(new)
    host.save(this.paths, this.identity, document)
    host.finished(this.paths)
    restart_self()


def carry_out(new: Host) -> None:
    """Make files and units of this node what the settings of `new` say."""
    brought = _bring_artifact(new)
    changed = stages.install(new)
    if stages.configure(new) or brought or as400gateway.UNIT in changed:
        new.services.stop(as400gateway.UNIT)  # the member starts it again
    if units.READINESS in changed:
        new.services.restart(units.READINESS)


def finish(this: Host) -> None:
    """Do the stages of settings that are in force because this program cannot read the former ones."""
    kept = host.unfinished(this.paths)
    if kept is None or settings.outline(kept).generation != this.settings.generation:
        return
    carry_out(this)
    host.finished(this.paths)


def _readable(document: str) -> bool:
    try:
        settings.read(document)
    except Failure:
        return False
    return True


def _refuse(this: Host, wanted: Settings) -> None:
    if reason := refusal(this.settings, wanted):
        raise Failure(f"node {this.identity.node}: {reason}")


def waited_too_long(this: Host, document: str, peer: Optional[State]) -> Optional[str]:
    """Return for what this node still waits with `document` when its time-out is near, else None."""
    new, node, own = settings.outline(document), this.identity.node, this.settings
    bootstrap.note_start(this.paths, new.generation)
    timeout = own.formation_timeout if new.formation_timeout is None else new.formation_timeout
    if bootstrap.seconds_left(this.paths, dataclasses.replace(own, formation_timeout=timeout)) > 0 or (
        peer is not None and peer.failure
    ):
        return None
    other = this.settings.peer_of(node)
    found = f"it is {peer.phase} at generation {peer.generation}" if peer else f"no answer on port {own.ports.peer}"
    return (
        f"node {node} waits to change to generation {new.generation} after node {other.name} ({other.address}): {found}"
    )


def report_failure(this: Host, document: str, cause: str) -> str:
    """Tell the wait handle of `document` why it was not applied; return its generation."""
    new = settings.outline(document)
    body = report.failure(this.identity.node, cause)
    Reported(this.paths.etc / "reported").send_aside(new.wait_url, new.generation, body)
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


def restart_self() -> None:
    """Begin this process anew, with the program in force now; systemd sees the same process."""
    log.info("the member begins anew")
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "musternode", *sys.argv[1:]])  # noqa: S606 - no shell wanted


def _bring_artifact(new: Host) -> bool:
    """Bring the artifact, return whether it is another one; one with another H2 is refused.

    Two versions of H2 cannot share a file or a pair for the time of the change.
    """
    began = time.monotonic()
    artifact, part = new.settings.artifact, new.paths.opt / "next.jar"
    if sha256_of(new.layout.jar) == artifact.sha256:
        return False
    new.aws().fetch(artifact.bucket, artifact.key, artifact.sha256, part)
    before, after = jar.version(new.layout.jar), jar.version(part)
    if before != after:
        raise Failure(
            f"node {new.identity.node}: the new {artifact.name} brings H2 {after}, this pair runs {before}; "
            "a running pair cannot change its H2 one node at a time"
        )
    shutil.move(part, new.layout.jar.with_name(".next"))
    new.layout.jar.with_name(".next").replace(new.layout.jar)
    log.info("stage artifact %.1f", time.monotonic() - began)
    return True

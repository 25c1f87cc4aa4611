"""A changed settings document on a running node: seen by polling, applied when it is this node's turn."""

import logging
import os
import shutil
import sys
import threading
import time
from typing import Callable, Optional

from . import bootstrap, host, report, settings, stages, units
from .failure import Failure
from .h2 import jar
from .host import Host
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
        """Look once."""
        try:
            document = self._fetch()
            generation = settings.read(document).generation
        except Failure as fault:
            log.debug("the settings were not read: %s", fault)
            return
        self._found = document if generation != self._tried else None

    def _run(self) -> None:
        while True:
            time.sleep(self._every)
            self.look()


def apply(this: Host, document: str) -> None:
    """Put `document` in force on this node, and restart this process on it; raises `Failure` with the cause.

    H2 and the readiness answer go on; the application is restarted only if its files changed.
    """
    new = Host(this.identity, settings.read(document), this.paths, this.services)
    if reason := refusal(this.settings, new.settings):
        raise Failure(f"node {this.identity.node}: {reason}")
    bootstrap.note_start(this.paths, new.settings.generation)
    if stages.place_asset(new, new.settings.asset):
        restart_self()  # the new musternode sees the same document again and goes on from here
    stages.timed("artifact", lambda: _same_h2(this, new))
    changed = stages.install(new)
    if stages.configure(new) or as400gateway.UNIT in changed:
        this.services.stop(as400gateway.UNIT)  # the member starts it again
    if units.READINESS in changed:
        this.services.restart(units.READINESS)
    host.save(this.paths, this.identity, document)
    restart_self()


def waited_too_long(this: Host, document: str, peer: Optional[State]) -> Optional[str]:
    """Return for what this node still waits with `document` when its time-out is near, else None."""
    new, node = settings.read(document), this.identity.node
    bootstrap.note_start(this.paths, new.generation)
    if bootstrap.seconds_left(this.paths, new) > 0 or (peer is not None and peer.failure):
        return None
    other = this.settings.peer_of(node)
    found = f"it is {peer.phase} at generation {peer.generation}" if peer else f"no answer on port {new.ports.peer}"
    return (
        f"node {node} waits to change to generation {new.generation} after node {other.name} ({other.address}): {found}"
    )


def report_failure(this: Host, document: str, cause: str) -> str:
    """Tell the wait handle of `document` why it was not applied; return its generation."""
    new = settings.read(document)
    body = report.failure(this.identity.node, cause)
    Reported(this.paths.etc / "reported").send_aside(new.wait_url, new.generation, body)
    return new.generation


def restart_self() -> None:
    """Begin this process anew, with the program in force now; systemd sees the same process."""
    log.info("the member begins anew")
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "musternode", *sys.argv[1:]])  # noqa: S606 - no shell wanted


def _same_h2(old: Host, new: Host) -> None:
    """Refuse an artifact with another H2: two versions cannot share a file or a pair for the time of the change."""
    if old.settings.artifact.sha256 == new.settings.artifact.sha256:
        return
    artifact, part = new.settings.artifact, new.paths.opt / "next.jar"
    new.aws().fetch(artifact.bucket, artifact.key, artifact.sha256, part)
    before, after = jar.version(old.layout.jar), jar.version(part)
    if before != after:
        raise Failure(
            f"node {old.identity.node}: the new {artifact.name} brings H2 {after}, this pair runs {before}; "
            "a running pair cannot change its H2 one node at a time"
        )
    shutil.move(part, new.layout.jar.with_name(".next"))
    new.layout.jar.with_name(".next").replace(new.layout.jar)

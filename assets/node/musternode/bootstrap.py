"""From the settings document to a formed cluster, once a node: prepare, install, configure, start, form, report."""

import json
import logging
import time
from pathlib import Path
from typing import Callable, Optional, Protocol

from . import files, host, report, settings, stages, state
from .between import stages as between
from .failure import Failure, ascii_sentence
from .host import Host, Identity
from .paths import Paths
from .report import Reported
from .system import Systemd
from .tls import stages as tls
from .updates import stages as updates
from .waiting import poll

log = logging.getLogger(__name__)


class Chosen(Protocol):
    """What of any product's settings decides how a node begins."""

    @property
    def generation(self) -> str:
        """The generation."""

    @property
    def wait_url(self) -> str:
        """Where to report."""

    @property
    def formation_timeout(self) -> int:
        """Seconds in which the cluster must have formed."""


def bootstrap(paths: Paths, identity: Identity, document: Path) -> int:
    """Do all stages for the document of an AS400Gateway pair in the file `document`; return the exit status.

    A cause of failure has then been sent to the wait handle, by this process or by the member.
    """
    text = document.read_text()
    chosen = settings.read(text)
    return begin(paths, identity, chosen, text, lambda: _stages(Host(identity, chosen, paths, Systemd())))


def begin(paths: Paths, identity: Identity, chosen: Chosen, text: str, do: Callable[[], None]) -> int:
    """Put the document `text`, read as `chosen`, in force by `do`, and wait until the member has reported it.

    Return the exit status; a cause of failure has been sent to the wait handle then.
    """
    try:
        host.save(paths, identity, text)
        note_start(paths, chosen.generation)
        do()
        return _formed(paths, identity.node, chosen)
    except Failure as cause:
        _report_failure(paths, identity, chosen, str(cause))
        return 1
    except Exception as fault:  # the wait handle must hear of a fault in musternode itself, too
        log.exception("musternode failed")
        _report_failure(paths, identity, chosen, f"musternode failed: {type(fault).__name__}: {fault}")
        return 1


def note_start(paths: Paths, generation: str) -> None:
    """Keep when this node began with `generation`: its time for forming is counted from then."""
    if _noted(paths).get("generation") != generation:
        text = json.dumps({"generation": generation, "at": time.time()})
        files.write(paths.etc / "since.json", text.encode("ascii"), mode=0o600)


def seconds_since(paths: Paths, generation: str) -> float:
    """Return the seconds since this node began with `generation`, which is noted."""
    noted = _noted(paths)
    return time.time() - float(noted["at"]) if noted.get("generation") == generation else 0.0  # type: ignore[arg-type]


def seconds_left(paths: Paths, chosen: Chosen) -> float:
    """Return the seconds until a node that still waits must say for whom.

    That is a quarter of the time-out before its end, at most a minute. CloudFormation begins to count when it creates
    the wait condition, after instances and listener: usually later than this node.
    """
    return _left(paths, float(chosen.formation_timeout))


def is_late(paths: Paths, outline: settings.Outline, own: Chosen) -> bool:
    """Return whether a node that waits with the document of `outline`, beside its `own`, must say for whom by now."""
    timeout = own.formation_timeout if outline.formation_timeout is None else outline.formation_timeout
    return _left(paths, float(timeout)) <= 0


def _left(paths: Paths, timeout: float) -> float:
    at = float(_noted(paths).get("at", time.time()))  # type: ignore[arg-type]
    return at + timeout - min(60.0, timeout / 4) - time.time()


def _noted(paths: Paths) -> "dict[str, object]":
    file = paths.etc / "since.json"
    value = json.loads(file.read_text()) if file.is_file() else {}
    return dict(value)


def _stages(this: Host) -> None:
    stages.link_asset(this.paths.current, this.paths.opt / this.settings.asset.sha256[:16])
    stages.timed("prepare", lambda: stages.prepare(this.paths, this.node))
    stages.timed("install", lambda: stages.install(this))
    stages.timed("configure", lambda: stages.configure(this))
    stages.timed("front", lambda: tls.carry_out(this.paths, this.services, this.front))
    stages.timed("between", lambda: between.carry_out(this.paths, this.services, this.passage, this.key))
    stages.timed("updates", lambda: updates.carry_out(this.paths, this.settings.updates))
    stages.timed("start", lambda: stages.start(this))


def _formed(paths: Paths, node: str, chosen: Chosen) -> int:
    """Wait for the member's word; it reports success and its own causes by itself."""
    reported, generation = Reported(paths.etc / "reported"), chosen.generation
    within = chosen.formation_timeout + 60.0
    began = time.monotonic()

    def settled() -> Optional[str]:
        own = state.own(paths)
        if own is None and seconds_left(paths, chosen) <= 0:
            return reported.status(generation) or "silent"
        formed = own is not None and own.formed and own.phase == state.SERVING
        return "formed" if formed else reported.status(generation)

    word = poll(settled, within=within, every=0.25)
    spent = time.monotonic() - began
    log.info("stage form %.1f", spent)
    if word not in {None, "silent"}:
        word = poll(lambda: reported.status(generation), within=max(30.0, within - spent), every=0.25)
        log.info("stage report %.1f", time.monotonic() - began - spent)
    if word is None or word == "silent":
        said = "does not answer" if word == "silent" else f"has not formed the cluster and said why in {within:g} s"
        raise Failure(f"node {node}: its member {said}; see `journalctl -u muster-member` there")
    return 0 if word == "SUCCESS" else 1


def _report_failure(paths: Paths, identity: Identity, chosen: Chosen, cause: str) -> None:
    sentence = ascii_sentence(cause if f"node {identity.node}" in cause else f"node {identity.node}: {cause}")
    log.error("%s", sentence)
    body = report.failure(identity.node, sentence)
    Reported(paths.etc / "reported").send(chosen.wait_url, chosen.generation, body)

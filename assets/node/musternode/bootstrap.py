"""From the settings document to a formed cluster, once a node: prepare, install, configure, start, form, report."""

import json
import logging
import time
from pathlib import Path
from typing import Optional

from . import files, host, report, settings, stages, state
from .failure import Failure, ascii_sentence
from .host import Host, Identity
from .paths import Paths
from .report import Reported
from .settings import Settings
from .system import Systemd
from .waiting import poll

log = logging.getLogger(__name__)


def bootstrap(paths: Paths, identity: Identity, document: Path) -> int:
    """Do all stages for the document in the file `document`; return the exit status.

    A cause of failure has then been sent to the wait handle, by this process or by the member.
    """
    text = document.read_text()
    chosen = settings.read(text)
    try:
        host.save(paths, identity, text)
        note_start(paths, chosen.generation)
        this = Host(identity, chosen, paths, Systemd())
        _stages(this)
        return _formed(this)
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


def seconds_left(paths: Paths, chosen: Settings) -> float:
    """Return the seconds until a node that still waits must say for whom.

    That is a quarter of the time-out before its end, at most a minute. CloudFormation begins to count when it creates
    the wait condition, after instances and listener: usually later than this node.
    """
    timeout = float(chosen.formation_timeout)
    at = float(_noted(paths).get("at", time.time()))  # type: ignore[arg-type]
    return at + timeout - min(60.0, timeout / 4) - time.time()


def _noted(paths: Paths) -> "dict[str, object]":
    file = paths.etc / "since.json"
    value = json.loads(file.read_text()) if file.is_file() else {}
    return dict(value)


def _stages(this: Host) -> None:
    stages.link_asset(this.paths.current, this.paths.opt / this.settings.asset.sha256[:16])
    stages.timed("prepare", lambda: stages.prepare(this))
    stages.timed("install", lambda: stages.install(this))
    stages.timed("configure", lambda: stages.configure(this))
    stages.timed("start", lambda: stages.start(this))


def _formed(this: Host) -> int:
    """Wait for the member's word; it reports success and its own causes by itself."""
    reported, generation = Reported(this.paths.etc / "reported"), this.settings.generation
    within = this.settings.formation_timeout + 60.0
    began = time.monotonic()

    def settled() -> Optional[str]:
        own = state.own(this.paths)
        if own is None and seconds_left(this.paths, this.settings) <= 0:
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
        said = "does not answer" if word == "silent" else f"has not formed the pair and said why in {within:g} s"
        raise Failure(f"node {this.node.name}: its member {said}; see `journalctl -u muster-member` there")
    return 0 if word == "SUCCESS" else 1


def _report_failure(paths: Paths, identity: Identity, chosen: Settings, cause: str) -> None:
    sentence = ascii_sentence(cause if identity.node in cause else f"node {identity.node}: {cause}")
    log.error("%s", sentence)
    body = report.failure(identity.node, sentence)
    Reported(paths.etc / "reported").send(chosen.wait_url, chosen.generation, body)

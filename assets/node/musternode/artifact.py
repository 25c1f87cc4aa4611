"""Another jar of the application in place of the one in force, under the same name or another one."""

import logging
import shutil
import time
from pathlib import Path
from typing import Optional

from .aws import sha256_of
from .failure import Failure
from .h2 import jar
from .host import Host
from .products import as400gateway

log = logging.getLogger(__name__)


def bring(new: Host) -> bool:
    """Bring the artifact of `new`; return whether it is another one than that in force. One with another H2 is refused.

    Two versions of H2 cannot share a file or a pair for the time of the change. A jar of another name stays beside the
    new one, and its `.conf` is the new one's to begin with. One that was brought counts as another one until `settled`:
    what follows it may have been broken off. Raises `Failure`.
    """
    began = time.monotonic()
    place, sha256 = new.layout.jar, new.settings.artifact.sha256
    before = in_force(new) or place
    there = place.is_file() and sha256_of(place) == sha256
    if there and before == place:
        return _unsettled(new) == sha256
    _mark(new).write_text(sha256)
    if there:
        _same_h2(new, before, place)
    else:
        _fetch(new, before)
    if before != place and not new.layout.launch_conf.exists() and before.with_suffix(".conf").is_file():
        shutil.copy2(before.with_suffix(".conf"), new.layout.launch_conf)
    log.info("stage artifact %.1f", time.monotonic() - began)
    return True


def settled(new: Host) -> None:
    """Note that all that follows another artifact has been done."""
    _mark(new).unlink(missing_ok=True)


def _mark(new: Host) -> Path:
    return new.paths.opt / "artifact-brought"


def _unsettled(new: Host) -> str:
    mark = _mark(new)
    return mark.read_text() if mark.is_file() else ""


def in_force(new: Host) -> Optional[Path]:
    """Return the jar that the application's unit on this host runs, or None if there is no unit yet."""
    unit = new.paths.units / as400gateway.UNIT
    lines = unit.read_text().splitlines() if unit.is_file() else []
    return next((Path(line.split("=", 1)[1]) for line in lines if line.startswith("ExecStart=")), None)


def _fetch(new: Host, before: Path) -> None:
    wanted, part, former = new.settings.artifact, new.paths.opt / "next.jar", new.paths.opt / "former.jar"
    if former.is_file() and sha256_of(former) == wanted.sha256:
        shutil.copy(former, part)
    new.aws().fetch(wanted.bucket, wanted.key, wanted.sha256, part)
    _same_h2(new, before, part)
    shutil.copy(before, former)
    place = new.layout.jar
    shutil.move(part, place.with_name(".next"))
    place.with_name(".next").replace(place)


def _same_h2(new: Host, before: Path, after: Path) -> None:
    runs, brings = jar.version(before), jar.version(after)
    if runs != brings:
        raise Failure(
            f"node {new.identity.node}: the new {new.settings.artifact.name} brings H2 {brings}, this pair runs "
            f"{runs}; a running pair cannot change its H2 one node at a time"
        )

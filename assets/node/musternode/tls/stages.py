"""The stages that give a node its front, and that take it away: each can be done again."""

import hashlib
import logging
from typing import Callable, List, Optional

from .. import files, packages, stages
from ..commands import run
from ..failure import Failure
from ..paths import Paths
from ..system import Services, Systemd
from ..waiting import poll
from . import certificate, config, control, handshake
from .front import ENDING, UNIT, Front, Place
from .units import unit

log = logging.getLogger(__name__)
PACKAGES = ("haproxy", "openssl")
LINGERS = 7200
"""Seconds for which a front stays that is wanted no more: the balancer leads elsewhere within the deployment."""
WITHIN = 20.0
"""Seconds until a front that was started must have completed a handshake."""


def carry_out(
    paths: Paths, services: Services, front: Optional[Front], lead_away: Callable[[], object] = lambda: None
) -> None:
    """Make the front of this node what `front` says; raises `Failure` if it does not answer then.

    One that runs as it should is left alone; `lead_away` is called before one is begun anew that runs otherwise.
    """
    if front is None:
        retire(paths)
        return
    bring_packages(front.node)
    changed = _write(paths, front)
    run(["systemctl", "stop", f"{ENDING}.timer"], good=range(256))
    Systemd().enable(UNIT)
    if changed and services.running(UNIT):
        lead_away()
        services.restart(UNIT)
    else:
        services.start(UNIT)
    _await(paths, services, front)
    files.write(Place(paths).applied, _hash(paths, front).encode("ascii"), mode=0o600)


def retire(paths: Paths) -> None:
    """Let a front end that is wanted no more, some time after the balancer has left it; at the next boot at the latest.

    Nodes change before the balancer does, or just after it: until then requests come on both ways.
    """
    if not (paths.units / UNIT).exists():
        return
    if run(["systemctl", "is-enabled", "--quiet", UNIT], good=range(256)).returncode:
        return
    log.info("the TLS front is wanted no more; it ends in %d s", LINGERS)
    later = ["systemd-run", "--quiet", "--collect", f"--unit={ENDING}", f"--on-active={LINGERS}"]
    run([*later, "systemctl", "stop", UNIT])
    run(["systemctl", "disable", "--quiet", UNIT])


def commands_to_mask(system: str, lacking: bool) -> List[List[str]]:
    """Return the commands before the package comes: Debian's would start a proxy of its own (deb-systemd-invoke(1p)).

    One that an image brings is its owner's.
    """
    return [["systemctl", "mask", "--quiet", "haproxy.service"]] if lacking and system == "debian-12" else []


def bring_packages(node: str) -> None:
    """Bring what a front is made of, with no service of its own."""
    system = packages.system()
    lacking = "haproxy" in packages.missing(system, PACKAGES)
    for command in commands_to_mask(system, lacking):
        run(command)
    stages.bring_packages(node, PACKAGES)


def _write(paths: Paths, front: Front) -> bool:
    """Write what the front begins with; return whether that is not what it was started with last."""
    place = Place(paths)
    bring_certificate(place, front)
    files.write(place.config, config.configuration(front, str(place.socket)).encode("ascii"), mode=0o600)
    files.write(place.rules, front.rules.encode("ascii"), mode=0o600)
    stages.write_units(paths, {UNIT: unit(front, paths)})
    return not place.applied.is_file() or place.applied.read_text() != _hash(paths, front)


def _hash(paths: Paths, front: Front) -> str:
    place = Place(paths)
    text = "\n".join((config.configuration(front, str(place.socket)), front.rules, unit(front, paths)))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def bring_certificate(place: Place, front: Front) -> str:
    """Return certificate and key, made anew where there are none or half of their life is over."""
    pem = place.pem.read_text() if place.pem.is_file() else ""
    if not pem or certificate.aged(pem):
        pem = certificate.make(front.node)
        place.pem.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.write(place.pem, pem.encode("ascii"), mode=0o600)
        log.info("node %s has a new certificate for its TLS front", front.node)
    return pem


def _await(paths: Paths, services: Services, front: Front) -> None:
    place = Place(paths)
    pem = place.pem.read_text()
    files.write(place.certificate, certificate.alone(pem).encode("ascii"))
    if not poll(lambda: handshake.shown(front.address, front.port) is not None, within=WITHIN, every=0.1):
        raise Failure(
            f"node {front.node}: its TLS front completes no handshake at {front.address} port {front.port}; it said: "
            f"{services.last_words(UNIT)}"
        )
    if handshake.shown(front.address, front.port) != certificate.der(pem):
        control.renew(place.socket, pem)

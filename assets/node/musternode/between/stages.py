"""The stage that gives a node of a pair its front to the other node: it can be done again."""

import hashlib
import logging
from typing import Callable, Optional

from .. import files, stages
from ..failure import Failure
from ..paths import Paths
from ..system import Services, Systemd
from ..tls import certificate, handshake
from ..tls.stages import WITHIN, bring_packages
from ..waiting import poll
from . import authority, config
from .passage import UNIT, Passage, Place, rules
from .units import unit

log = logging.getLogger(__name__)


def carry_out(paths: Paths, services: Services, passage: Optional[Passage], key: Callable[[], bytes]) -> None:
    """Make the front of this node what `passage` says; raises `Failure` if it does not answer then.

    One that runs as it should is left alone. `key` returns the key that both nodes share.
    """
    if passage is None:
        return
    bring_packages(passage.node)
    changed = _write(paths, passage, key)
    Systemd().enable(UNIT)
    if changed and services.running(UNIT):
        services.restart(UNIT)
    else:
        services.start(UNIT)
    _await(paths, services, passage)
    files.write(Place(paths).applied, _hash(paths, passage).encode("ascii"), mode=0o600)


def _write(paths: Paths, passage: Passage, key: Callable[[], bytes]) -> bool:
    """Write what the front begins with; return whether that is not what it was started with last."""
    place = Place(paths)
    _bring_certificate(place, passage, key)
    files.write(place.config, config.configuration(passage).encode("ascii"), mode=0o600)
    files.write(place.rules, rules(passage).encode("ascii"), mode=0o600)
    stages.write_units(paths, {UNIT: unit(paths)})
    return not place.applied.is_file() or place.applied.read_text() != _hash(paths, passage)


def _hash(paths: Paths, passage: Passage) -> str:
    own = certificate.alone(Place(paths).pem.read_text())  # a front shows the one that it began with
    text = "\n".join((config.configuration(passage), rules(passage), unit(paths), own))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _bring_certificate(place: Place, passage: Passage, key: Callable[[], bytes]) -> None:
    """Make authority and certificate anew where there are none or half of their life is over."""
    pem = place.pem.read_text() if place.pem.is_file() else ""
    if pem and not certificate.aged(pem, authority.LIFE):
        return
    place.pem.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    secret = key()
    files.write(place.authority, authority.authority(secret).encode("ascii"), mode=0o600)
    fresh = authority.certificate(secret, passage.node, place.authority)
    files.write(place.pem, fresh.encode("ascii"), mode=0o600)
    log.info("node %s has a new certificate for node %s", passage.node, passage.peer)


def _await(paths: Paths, services: Services, passage: Passage) -> None:
    own = certificate.der(Place(paths).pem.read_text())
    if not poll(lambda: handshake.shown(passage.address, passage.port) == own, within=WITHIN, every=0.1):
        raise Failure(
            f"node {passage.node}: its front to node {passage.peer} does not show its certificate at {passage.address} "
            f"port {passage.port}; it said: {services.last_words(UNIT)}"
        )

"""The stages that make a bare host a member of a WSO2 Carbon cluster: each can be done again."""

import logging
from pathlib import Path
from typing import Set

from .. import files, packages, stages
from ..failure import Failure
from ..system import Systemd, ensure_user
from ..units import AGENT, READINESS
from . import clustering, product, secret, trust, units
from .host import UNIT, USER, Host
from .settings import BRIDGE, KEYS

log = logging.getLogger(__name__)


def install(this: Host) -> Set[str]:
    """Bring packages, user, the distribution and the units; return the units whose program or text changed."""
    system, java = packages.system(), this.settings.java
    brought = packages.java_home(java) is not None
    stages.bring_packages(this.identity.node, packages.needed(system, java, brought=brought))
    ensure_user(USER, str(this.home))
    fresh = _distribution(this)
    java_home = packages.java_home(java)
    if java_home is None:
        raise Failure(f"node {this.identity.node}: Java {java} is not in /usr/lib/jvm after its package was installed")
    texts = units.texts(this, java_home, product.launcher(this.carbon.resolve()))
    return stages.write_units(this.paths, texts) | ({UNIT} if fresh else set())


def configure(this: Host, *, again: bool = False) -> bool:
    """Write what the settings want into the product's configuration; return whether that changed.

    With `again` nothing is asked of AWS: keys and certificates are those that this host has kept.
    """
    chosen, home = this.settings.settings, this.carbon.resolve()
    key = secret.key(this, again=again) if chosen.credentials == KEYS else secret.NONE
    wanted = clustering.of(this.settings, this.identity.node, key.access_key_id, key.secret_access_key)
    certificates = _certificates(this, again=again)
    try:
        changed = product.configure(home, chosen.config, wanted, chosen.heartbeat, USER)
        trusted = trust.bring(product.truststore(home), certificates, _keytool(this))
    except Failure as fault:
        raise Failure(f"node {this.identity.node}: {fault}") from None
    return changed or trusted


def start(this: Host) -> None:
    """Start what is started at each boot; the member starts the product."""
    systemd = Systemd()
    for unit in units.ENABLED:
        systemd.enable(unit)
        this.services.start(unit)


def carry_out(new: Host, *, again: bool = False) -> None:
    """Make files and units of this node what the settings of `new` say, once they have been something else.

    With `again` nothing is asked of AWS.
    """
    changed = _brought(new, again=again)
    if units.BRIDGE_UNIT in changed:
        new.services.stop(units.BRIDGE_UNIT)  # the product takes it with it
    if new.settings.settings.credentials != BRIDGE:
        _retire_bridge(new)
    for unit in (READINESS, AGENT):
        if unit in changed:
            stages.restart(new.services, unit)


def _brought(new: Host, *, again: bool) -> Set[str]:
    """Bring and write everything, and end a product that runs with something else; return the units that changed."""
    mark = new.paths.run / "product-changes"
    begun = not files.write(mark, b"")  # a member that was killed here may have left a product that must begin anew
    try:
        changed = install(new)
        configured = configure(new, again=again)
        if begun or configured or changed & {UNIT, units.BRIDGE_UNIT}:
            new.services.stop(UNIT)  # the member starts it again
    finally:
        mark.unlink(missing_ok=True)
    return changed


def _retire_bridge(new: Host) -> None:
    """End a bridge that nobody needs any more; its rules stand until the next boot, and lead nowhere."""
    unit = new.paths.units / units.BRIDGE_UNIT
    if unit.is_file():
        new.services.stop(units.BRIDGE_UNIT)
        unit.unlink()
        Systemd().reload()


def _distribution(this: Host) -> bool:
    """Bring the distribution that the settings name, and make it the one in use; return whether it was another."""
    artifact = this.settings.artifact
    archive = this.home / artifact.name
    this.home.mkdir(parents=True, exist_ok=True)
    try:
        if not this.distribution.is_dir():
            this.aws().fetch(artifact.bucket, artifact.key, artifact.sha256, archive)
        home = product.unpack(archive, this.distribution, USER)
    except Failure as fault:
        sentence = str(fault)
        raise Failure(sentence if "node " in sentence else f"node {this.identity.node}: {sentence}") from None
    archive.unlink(missing_ok=True)
    changed, before = product.link(this.carbon, home)
    if changed and before is not None:
        log.info("node %s goes from %s to %s", this.identity.node, before.name, home.name)
    return changed


def _certificates(this: Host, *, again: bool) -> bytes:
    """Return the certificates to trust, kept beside the settings by their hash; empty for none."""
    wanted = this.settings.settings.trust
    if wanted is None:
        return b""
    kept = this.paths.etc / f"trust-{wanted.sha256[:16]}.pem"
    if not (again and kept.is_file()):
        this.aws().fetch(wanted.bucket, wanted.key, wanted.sha256, kept)
    return kept.read_bytes()


def _keytool(this: Host) -> Path:
    java_home = packages.java_home(this.settings.java)
    return Path("keytool") if java_home is None else java_home / "bin/keytool"

"""WSO2 Carbon as a kind of server."""

from pathlib import Path
from typing import Dict, FrozenSet, Optional, Sequence, Set

from .. import guard, packages
from ..servers import kind, log_file, peers
from ..servers.member import standing
from ..system import Systemd
from . import clustering, product, secret, settings, trust, units, words
from .host import UNIT, USER, Host, log_of
from .member import Member
from .running import Running
from .settings import BRIDGE, KEYS, ROLE, Settings
from .sight import SIGHTS, Sight


class Carbon(kind.Kind[Settings]):
    """A product on WSO2 Carbon."""

    user, unit = USER, UNIT

    def strangers(self, this: Host) -> Sequence[str]:
        """Return the product's user, unless its engine finds members by the instance's own role."""
        return () if this.settings.settings.credentials == ROLE else (USER,)

    def read(self, text: str) -> Settings:
        """Return the settings document in `text`; raises `Failure` that names the first fault."""
        return settings.read(text)

    def member(self, this: Host) -> Member:
        """Return the member of this host, which has not looked yet."""
        own, chosen = standing(this), this.settings
        now, follower = log_file.kept(this.paths.etc / "sight.json", log_of(this), SIGHTS, Sight())
        ears = peers.Peers(chosen.others(own.name), chosen.ports.peer, words.read)
        return Member(own, Running(this.services, chosen.ports.http, log_of(this)), follower, ears, now)

    def home_in(self, folder: Path, name: str) -> Path:
        """Return the product's own home in the unpacked `folder` of the archive `name`; raises `Failure`."""
        return product.carbon_home(folder, name)

    def units(self, this: Host, java_home: Path) -> Dict[str, str]:
        """Return file name and text of the product's unit, and of the bridge's."""
        return units.texts(this, java_home, product.launcher(this.current.resolve()))

    def readiness(self, this: Host) -> str:
        """Return the command that answers the balancer."""
        ports = this.settings.ports
        return f"carbon-readiness {this.node.address} {ports.readiness} {ports.http}"

    def configure(self, this: Host, *, again: bool) -> bool:
        """Write what the settings want into the product's configuration; return whether that changed."""
        chosen, home = this.settings.settings, this.current.resolve()
        key = secret.key(this, again=again) if chosen.credentials == KEYS else secret.NONE
        wanted = clustering.of(this.settings, this.identity.node, key.access_key_id, key.secret_access_key)
        certificates = _certificates(this, again=again)
        changed = product.configure(home, chosen.config, wanted, chosen.heartbeat, USER)
        return trust.bring(product.truststore(home), certificates, _keytool(this)) or changed

    def restarting(self) -> FrozenSet[str]:
        """Return the units whose change the product has to begin anew for."""
        return frozenset({UNIT, units.BRIDGE_UNIT})

    def settle(self, this: Host, changed: Set[str]) -> None:
        """End a bridge of before."""
        if units.BRIDGE_UNIT in changed:
            this.services.stop(units.BRIDGE_UNIT)  # the product takes it with it
        if this.settings.settings.credentials != BRIDGE:
            _retire_bridge(this)

    def written(self) -> Sequence[str]:
        """Return the folders of the product's home in which root writes."""
        return product.WRITTEN

    def refusal(self, old: Settings, new: Settings) -> Optional[str]:
        """Return why `new` cannot be applied to members that run with `old` one after the other, or None if it can."""
        return settings.refusal(old, new)


KIND = Carbon()


def _retire_bridge(new: Host) -> None:
    """End a bridge that nobody needs any more; its rules stand until the next boot, and lead nowhere."""
    unit = new.paths.units / units.BRIDGE_UNIT
    if unit.is_file():
        new.services.stop(units.BRIDGE_UNIT)
        (new.paths.etc / guard.BRIDGE_FILE).unlink(missing_ok=True)
        unit.unlink()
        Systemd().reload()


def _certificates(this: Host, *, again: bool) -> bytes:
    """Return the certificates to trust, kept beside the settings by their hash; empty for none."""
    wanted = this.settings.settings.trust
    if wanted is None:
        return b""
    to = this.paths.etc / "trust.pem"
    return this.fetched(wanted.bucket, wanted.key, wanted.sha256, to, again=again).read_bytes()


def _keytool(this: Host) -> Path:
    java_home = packages.java_home(this.settings.java)
    return Path("keytool") if java_home is None else java_home / "bin/keytool"

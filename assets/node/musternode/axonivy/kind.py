"""Axon.ivy as a kind of server."""

from dataclasses import replace
from pathlib import Path
from typing import Dict, Mapping, Optional, Sequence

from .. import files, host
from ..aws import Credentials
from ..commands import run
from ..servers import kind, peers
from ..servers.member import standing
from ..tls import front
from ..tls.front import TABLE, Front
from ..tls.readiness import argument
from . import document, naming, product, redirect, shared, units, words
from .document import Settings
from .doors import Doors
from .host import NUMBER, UNIT, USER, Host
from .ivy_yaml import Login
from .member import Member
from .running import Running

_DATABASE = "database"


class AxonIvy(kind.Kind[Settings]):
    """The Axon.ivy engine."""

    user, unit, number = USER, UNIT, NUMBER
    rights = ("SYS_ADMIN",)
    """To name the host (sethostname(2))."""

    def packages(self, this: Host) -> Mapping[str, str]:
        """Return what mounts a file system of EFS, if there is one."""
        return {"mount.efs": "amazon-efs-utils"} if this.settings.settings.file_system else {}

    def read(self, text: str) -> Settings:
        """Return the settings document in `text`; raises `Failure` that names the first fault."""
        return document.read(text)

    def member(self, this: Host) -> Member:
        """Return the member of this host, which has not looked yet."""
        own, chosen = standing(this), this.settings
        others, ports = chosen.others(own.name), chosen.ports
        engine = Running(
            this.services, ports.http, chosen.era.health, lambda: _prepare(this), lambda: _kept(this).password
        )
        return Member(own, engine, peers.Peers(others, ports.peer, words.read), Doors(others, ports.jgroups))

    def home_in(self, folder: Path, name: str) -> Path:
        """Return the engine's own home in the unpacked `folder` of the archive `name`; raises `Failure`."""
        return product.engine_home(folder, name)

    def runs(self, path: Path) -> bool:
        """Return whether `path`, of an archive, is a program that must be executable."""
        return product.runs(path)

    def units(self, this: Host, java_home: Path) -> Dict[str, str]:
        """Return file name and text of the engine's unit, and of that which mounts what all share."""
        file_system = this.settings.settings.file_system
        mounts = {shared.MOUNT: shared.unit(file_system)} if file_system else {}
        return {UNIT: units.product(this, java_home), **mounts}

    def readiness(self, this: Host) -> str:
        """Return the command that answers the balancer."""
        ports = this.settings.ports
        asked = f"{this.node.address} {ports.readiness} {ports.http} {this.settings.era.health}"
        return f"axonivy-readiness {asked}{argument(ports.tls)}"

    def front(self, this: Host) -> Optional[Front]:
        """Return the node's TLS front, to which the further ports of a heavier node lead."""
        ports, fronts = this.settings.ports, this.settings.settings.fronts
        made = front.of(this.node, ports.tls, ports.http)
        rules = redirect.rules(this.node.address, fronts, TABLE) if len(fronts) > 1 else ""
        return made and replace(made, rules=rules)

    def configure(self, this: Host, *, again: bool) -> bool:
        """Write what the settings want into the engine's configuration; return whether it has to begin anew for that.

        It has not for other rules about further ports: connections that stand live on.
        """
        chosen, home = this.settings, this.current.resolve()
        own, user, licence = chosen.engine(this.identity.node), _user(this, again=again), _licence(this, again=again)
        renamed = naming.bring(this.paths.root, own.route, this.node.address)
        shared.mount(this, shared.PATIENCE)
        linked = shared.bring(this, home)
        login = Login(user.username, user.password)
        changed = product.configure(home, chosen, this.identity.node, login, licence)
        rules = units.rules_file(this)
        files.write(rules, redirect.rules(this.node.address, own.connectors).encode("ascii"), mode=0o600)
        run(["nft", "-f", str(rules)])
        return changed or linked or renamed

    def returns(self, old: Settings, new: Settings) -> bool:
        """Return whether a node goes back: not to another version, whose database the newer one may have changed."""
        return super().returns(old, new) and old.settings.version == new.settings.version

    def written(self) -> Sequence[str]:
        """Return the folders of the engine's home in which root writes."""
        return ("configuration", "conf")

    def refusal(self, old: Settings, new: Settings) -> Optional[str]:
        """Return why `new` cannot be applied to members that run with `old` one after the other, or None if it can."""
        return document.refusal(old, new)


KIND = AxonIvy()


def _prepare(this: Host) -> None:
    """Let be there what may be gone since the engine ran last: its host's name, and what is mounted."""
    naming.bring(this.paths.root, this.settings.engine(this.identity.node).route, this.node.address)
    shared.check(this)


def _user(this: Host, *, again: bool) -> Credentials:
    """Return who the engine is to its database: by the secret, or with `again` what this host has kept for root."""
    if not again:
        found = this.aws().secret(this.settings.secrets.database)
        host.save_credentials(this.paths, {_DATABASE: found})
    return host.load_credentials(this.paths)[_DATABASE]


def _kept(this: Host) -> Credentials:
    return host.kept(this.paths).get(_DATABASE, Credentials("", ""))


def _licence(this: Host, *, again: bool) -> bytes:
    """Return the licence, kept by its hash beside the place that the settings name."""
    wanted, to = this.settings.settings.licence_file, this.paths.root / this.settings.settings.licence.lstrip("/")
    return this.fetched(wanted.bucket, wanted.key, wanted.sha256, to, again=again).read_bytes()

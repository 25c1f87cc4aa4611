"""The stages that make a bare host a member: each can be done again and resumes where it stopped."""

import logging
import shutil
import socket
import time
from pathlib import Path
from typing import Callable, Dict, Mapping, Protocol, Sequence, Set

from . import files, guard, host, packages, units, volume
from .aws import Aws, Credentials
from .failure import Failure
from .h2 import jar
from .h2.database import UNIT as H2_UNIT
from .host import Host
from .paths import Paths
from .products import as400gateway
from .settings import Asset, Node
from .system import Services, Systemd, ensure_user

log = logging.getLogger(__name__)

SYSCTL = """\
# Muster: a peer that is gone without a word is noticed within two minutes on an idle connection (firewalls on the way
# forget idle ones after 350 s), and within about 25 s on a busy one.
net.ipv4.tcp_keepalive_time = 60
net.ipv4.tcp_keepalive_intvl = 10
net.ipv4.tcp_keepalive_probes = 6
net.ipv4.tcp_retries2 = 6
"""


def timed(name: str, stage: Callable[[], object]) -> None:
    """Run `stage` and log `stage <name> <seconds>`."""
    began = time.monotonic()
    stage()
    log.info("stage %s %.1f", name, time.monotonic() - began)


def prepare(paths: Paths, node: Node) -> None:
    """Set the kernel up, and mount the data volume of `node`."""
    files.write(paths.sysctl, SYSCTL.encode("ascii"))
    _apply_sysctl(paths.root / "proc/sys")
    if shutil.which("mkfs.ext4") is None:
        bring_packages(node.name, ("e2fsprogs",))
    volume.mount(node.name, node.volume, paths.data)


def install(this: Host) -> Set[str]:
    """Bring packages, users, the application, its H2 and the units; return the units whose program or text changed."""
    system = packages.system()
    bring_packages(this.node.name, packages.needed(system, this.settings.java))
    ensure_user(units.H2_USER, str(this.paths.databases))
    ensure_user(as400gateway.USER, str(this.layout.home))
    guard.write(this.paths, (units.H2_USER, as400gateway.USER))
    guard.write_server(this.paths, units.H2_USER, this.settings.ports.database)
    changed = {as400gateway.UNIT} if _artifact(this) else set()
    return changed | _units(this)


def configure(this: Host, *, again: bool = False) -> bool:
    """Fetch the secrets and write the product's configuration; return whether it changed.

    With `again` the secrets are those that this host has kept.
    """
    users = host.load_credentials(this.paths) if again else _secrets(this)
    host.save_credentials(this.paths, users)
    return as400gateway.configure(this.layout, this.pair.url, users["application"])


def _secrets(this: Host) -> Dict[str, Credentials]:
    """Return the credentials of the secrets; the application's user is the one that this host has, if it has one.

    Another one is taken over by a rotation alone, once both servers let it in.
    """
    aws, secrets, kept = this.aws(), this.settings.secrets, host.kept(this.paths)
    arns = {"admin": secrets.database_admin, "application": secrets.database_application, "peer": secrets.peer}
    stays = {name: user for name, user in kept.items() if name == "application"}
    found = {name: stays[name] if name in stays else aws.secret(arn) for name, arn in arns.items()}
    if kept.get("peer", found["peer"]) != found["peer"]:
        raise Failure(
            f"node {this.node.name}: the secret {secrets.peer} holds another key than both nodes use; a running pair "
            "cannot change it one node at a time: put the former value back and deploy again"
        )
    return found


def start(this: Host) -> None:
    """Start what is started at each boot; the gate process starts H2, the member the application."""
    systemd = Systemd()
    for unit in units.ENABLED:
        systemd.enable(unit)
        this.services.start(unit)


def restart(services: Services, unit: str) -> None:
    """Begin a unit anew that is started at each boot, also one that a former program did not have."""
    Systemd().enable(unit)
    services.restart(unit)


def restart_gate(this: Host, *, server: bool) -> None:
    """Begin the gate process anew: it steps out of the pair, its successor copies the database and joins again.

    With `server` the unit of the H2 server is another one, so that a server of before must not be found running.
    The last word of the old process is taken away: nobody is to take its gate for open.
    """
    this.services.stop(units.GATE)
    if server:
        this.services.stop(H2_UNIT)
    if (this.paths.public / "pair.json").exists():
        (this.paths.public / "pair.json").unlink()
    Systemd().enable(units.GATE)
    this.services.start(units.GATE)


class Placed(Protocol):
    """What of a host of any product the asset needs."""

    @property
    def paths(self) -> Paths:
        """Where everything stands."""

    def aws(self, *, patience: float = 60.0) -> Aws:
        """Return the calls to AWS that this node may make."""


def place_asset(this: Placed, asset: Asset) -> bool:
    """Bring `asset` to its folder and make it the one in force; return whether it was another one before."""
    folder = this.paths.opt / asset.sha256[:16]
    if not folder.is_dir():
        archive = this.paths.opt / f"{asset.sha256[:16]}.zip"
        this.aws().fetch(asset.bucket, asset.key, asset.sha256, archive)
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        shutil.unpack_archive(archive, part)
        part.replace(folder)
    return link_asset(this.paths.current, folder)


def link_asset(current: Path, folder: Path) -> bool:
    """Make the link `current` lead to `folder`; return whether it led elsewhere."""
    if current.is_symlink() and current.resolve() == folder.resolve():
        return False
    fresh = current.with_name(".current")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(folder)
    fresh.replace(current)
    return True


def bring_packages(node: str, names: Sequence[str]) -> None:
    """Install those of `names` that are missing; raises `Failure`."""
    system = packages.system()
    lacking = packages.missing(system, names)
    if lacking:
        log.info("node %s installs %s", node, " ".join(lacking))
    packages.install(system, lacking)


def _artifact(this: Host) -> bool:
    artifact, place = this.settings.artifact, this.layout
    fetched = this.aws().fetch(artifact.bucket, artifact.key, artifact.sha256, place.jar)
    for folder in (place.home, place.jar.parent, place.config):
        folder.mkdir(parents=True, exist_ok=True)
        shutil.chown(folder, "root", as400gateway.USER if folder != place.home else "root")
        folder.chmod(0o755 if folder == place.home else 0o750)
    shutil.chown(place.jar, "root", as400gateway.USER)
    place.jar.chmod(0o750)
    version = jar.extract(place.jar, this.paths.h2_jar)
    log.info("node %s runs H2 %s, the application's own", this.node.name, version)
    return fetched


def _units(this: Host) -> Set[str]:
    return write_units(this.paths, units.units(this.settings, this.node, this.layout, this.paths))


def write_units(paths: Paths, texts: Mapping[str, str]) -> Set[str]:
    """Make the units of this host what `texts` says by their names; return the names of those that changed."""
    changed = {name for name, text in texts.items() if files.write(paths.units / name, text.encode("ascii"))}
    if changed:
        Systemd().reload()
    return changed


def _apply_sysctl(kernel: Path) -> None:
    """Write each setting; a kernel that forbids it on this kind of host has its own values, which is only said."""
    for line in SYSCTL.splitlines():
        if line.startswith("#"):
            continue
        name, value = (part.strip() for part in line.split("="))
        try:
            (kernel / name.replace(".", "/")).write_text(value)
        except OSError as fault:
            log.warning("the kernel keeps its own %s on %s: %s", name, socket.gethostname(), fault)

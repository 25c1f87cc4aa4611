"""The product on a node: its distribution unpacked, and what is written into its configuration."""

import logging
import os
import re
import shutil
import stat
import zipfile
import zlib
from pathlib import Path
from typing import Callable, Optional, Tuple

from .. import files
from ..failure import Failure
from . import axis2, deployment_toml, engine_log, engine_toml, hazelcast_properties
from .clustering import Clustering
from .settings import AXIS2, DEPLOYMENT

log = logging.getLogger(__name__)
LAUNCHERS = ("wso2server.sh", "api-manager.sh", "integrator.sh", "wso2-server.sh")
"""Names of the script below bin/ that starts a product on Carbon: the first since ever, the others of later ones."""
PLACES = {AXIS2: Path("repository/conf/axis2/axis2.xml"), DEPLOYMENT: Path("repository/conf/deployment.toml")}
ENGINE_FILE = Path("repository/conf/etc/hazelcast.xml")
"""From kernel 4.4.6 on the engine's own configuration, in place of all other (HazelcastClusteringAgent)."""
PROPERTIES = Path("repository/conf/hazelcast.properties")
SECURITY = Path("repository/resources/security")
TRUSTSTORES = (SECURITY / "client-truststore.jks", SECURITY / "client-truststore.p12")
"""What the product's Java trusts: the first since ever, the second of newer products."""
_KEPT = re.compile(r"\.?[0-9a-f]{16}(\.part)?")
_PLAIN = re.compile(r"[A-Za-z0-9._+-]+")
LARGEST = 8 << 30
"""Bytes that a distribution may have once it is unpacked."""


def unpack(archive: Path, folder: Path, user: str) -> Path:
    """Unpack a distribution to `folder`, for `user`, unless that is done; return the product's own home in it.

    That is the archive's one folder. What is unpacked appears whole or not at all. Raises `Failure`.
    """
    if not folder.is_dir():
        part = folder.with_name(f".{folder.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        _extract(archive, part)
        _give(part, user)
        _settle(part)
        part.replace(folder)
        files.sync_folder(folder.parent)
    return carbon_home(folder, archive.name)


def carbon_home(folder: Path, name: str) -> Path:
    """Return the product's own home in the unpacked `folder` of the distribution called `name`; raises `Failure`."""
    found = [inner for inner in folder.iterdir() if inner.is_dir() and not inner.name.startswith((".", "__"))]
    if len(found) != 1 or not (found[0] / "repository/conf").is_dir():
        raise Failure(f"{name} is no distribution of a WSO2 product: it needs one folder with repository/conf in it")
    if not _PLAIN.fullmatch(found[0].name):
        raise Failure(f"the folder in {name} is called {found[0].name!r}; name it of letters, digits and . _ + - alone")
    return found[0]


def truststore(home: Path) -> Path:
    """Return the truststore of the product at `home`; one that has none is told of the oldest name."""
    return next((home / place for place in TRUSTSTORES if (home / place).is_file()), home / TRUSTSTORES[0])


def launcher(home: Path) -> Path:
    """Return the script that starts the product at `home`; raises `Failure`."""
    for name in LAUNCHERS:
        if (home / "bin" / name).is_file():
            return home / "bin" / name
    raise Failure(f"{home.name}/bin has none of {', '.join(LAUNCHERS)}; a product on WSO2 Carbon has")


def configure(home: Path, config: str, wanted: Clustering, heartbeat: int, group: str) -> bool:
    """Write what the settings want into the product's configuration; return whether anything changed.

    `config` is the file that kernels of this kind read; a product that has the other one alone is given it there.
    Raises `Failure` that names the file.
    """
    if (home / ENGINE_FILE).is_file():
        raise Failure(
            f"{ENGINE_FILE} is in the distribution, and with it the engine reads no other clustering; leave it out"
        )
    place = PLACES[config]
    if not (home / place).is_file():
        place = next((other for other in PLACES.values() if (home / other).is_file()), place)
    heard = _heard(home, group)
    if place.name == AXIS2:
        changed = _edit(home, place, lambda old: axis2.patched(old, wanted), group)
        return _tuned(home, heartbeat, group) or changed or heard
    tuning = hazelcast_properties.wanted(heartbeat)
    changed = _edit(home, place, lambda old: engine_toml.patched(deployment_toml.patched(old, wanted), tuning), group)
    if (home / engine_toml.TEMPLATE).is_file():
        return changed or heard  # the product makes hazelcast.properties of it, and must be able to write that
    return _tuned(home, heartbeat, group) or changed or heard


def _heard(home: Path, group: str) -> bool:
    """Let the engine's warnings into the product's log; the product may go on writing that file by itself."""
    changed = False
    for place, key in engine_log.KEYS.items():
        file = home / place
        if file.is_file():
            new = engine_log.patched(file.read_bytes(), key)
            changed = (new != file.read_bytes() and files.write(file, new, mode=0o660, group=group)) or changed
    return changed


def _tuned(home: Path, heartbeat: int, group: str) -> bool:
    return _edit(home, PROPERTIES, lambda old: hazelcast_properties.patched(old, heartbeat), group, may_be_new=True)


def _edit(home: Path, place: Path, change: Callable[[bytes], bytes], group: str, *, may_be_new: bool = False) -> bool:
    file = home / place
    if not file.is_file() and not may_be_new:
        raise Failure(f"{place} is not in the distribution; nothing tells the product of its cluster")
    old = file.read_bytes() if file.is_file() else b""
    try:
        new = change(old)
    except Failure as fault:
        raise Failure(str(fault) if str(place) in str(fault) else f"{place}: {fault}") from None
    return files.write(file, new, mode=0o640, group=group)


def tidy(home: Path, keep: Path) -> None:
    """Remove the distributions of before from `home`, all but the folder `keep`: there is no way back to them any more.

    A disk would fill, and an old configuration may hold an old key.
    """
    for folder in home.iterdir():
        if folder.is_dir() and not folder.is_symlink() and folder != keep and _KEPT.fullmatch(folder.name):
            log.info("the distribution in %s is removed", folder)
            shutil.rmtree(folder, ignore_errors=True)


def _extract(archive: Path, part: Path) -> None:
    try:
        with zipfile.ZipFile(archive) as packed:
            entries = packed.infolist()
            if sum(entry.file_size for entry in entries) > LARGEST:
                raise Failure(f"{archive.name} would have more than {LARGEST >> 30} GiB once it is unpacked")
            for entry in entries:
                if not stat.S_ISLNK(entry.external_attr >> 16):
                    packed.extract(entry, part)  # what leads outside is led inside (zipfile's own promise)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError) as fault:  # RuntimeError: it is encrypted
        raise Failure(f"{archive.name} is no zip archive that can be read: {fault}") from None


def _give(folder: Path, user: str) -> None:
    """Make `folder` and all below it the user's, readable by nobody else; scripts may be run.

    From below: no folder is the user's while root still works in it.
    """
    for top, _, names in os.walk(folder, topdown=False):
        for each in [*(Path(top) / name for name in names), Path(top)]:
            each.chmod(0o750 if each.is_dir() or each.suffix == ".sh" else 0o640)
            shutil.chown(each, user, user)


def _settle(folder: Path) -> None:
    """Make what was written below `folder` last through a loss of power."""
    for top, _, names in os.walk(folder):
        for name in names:
            with (Path(top) / name).open("rb") as written:
                os.fsync(written.fileno())
        files.sync_folder(Path(top))


def link(carbon: Path, home: Path) -> Tuple[bool, Optional[Path]]:
    """Make the link `carbon` lead to `home`; return whether it led elsewhere, and where to."""
    before = carbon.resolve() if carbon.is_symlink() else None
    if before == home.resolve():
        return False, before
    fresh = carbon.with_name(f".{carbon.name}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(home)
    fresh.replace(carbon)
    files.sync_folder(carbon.parent)
    return True, before

"""The product on a node: its distribution unpacked, and what is written into its configuration."""

import re
from pathlib import Path
from typing import Callable

from .. import files
from ..failure import Failure
from . import axis2, deployment_toml, engine_log, engine_toml, hazelcast_properties
from .clustering import Clustering
from .settings import AXIS2, DEPLOYMENT

WRITTEN = ("repository", "repository/conf", "repository/conf/axis2", "repository/resources/security")
"""Folders in which root writes."""
LAUNCHERS = ("wso2server.sh", "api-manager.sh", "integrator.sh", "wso2-server.sh")
"""Names of the script below bin/ that starts a product on Carbon: the first since ever, the others of later ones."""
PLACES = {AXIS2: Path("repository/conf/axis2/axis2.xml"), DEPLOYMENT: Path("repository/conf/deployment.toml")}
ENGINE_FILE = Path("repository/conf/etc/hazelcast.xml")
"""From kernel 4.4.6 on the engine's own configuration, in place of all other (HazelcastClusteringAgent)."""
PROPERTIES = Path("repository/conf/hazelcast.properties")
SECURITY = Path("repository/resources/security")
TRUSTSTORES = (SECURITY / "client-truststore.jks", SECURITY / "client-truststore.p12")
"""What the product's Java trusts: the first since ever, the second of newer products."""
_PLAIN = re.compile(r"[A-Za-z0-9._+-]+")


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
        changed = edit(home, place, lambda old: axis2.patched(old, wanted), group)
        return _tuned(home, heartbeat, group) or changed or heard
    tuning = hazelcast_properties.wanted(heartbeat)
    changed = edit(home, place, lambda old: engine_toml.patched(deployment_toml.patched(old, wanted), tuning), group)
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
    return edit(home, PROPERTIES, lambda old: hazelcast_properties.patched(old, heartbeat), group, may_be_new=True)


def edit(
    home: Path,
    place: Path,
    change: Callable[[bytes], bytes],
    group: str,
    *,
    may_be_new: bool = False,
    mode: int = 0o640,
) -> bool:
    """Make the file at `place` what `change` makes of it; return whether that changed it. Raises `Failure`."""
    file = home / place
    if not file.is_file() and not may_be_new:
        raise Failure(f"{place} is not in the distribution; nothing tells the product of its cluster")
    old = file.read_bytes() if file.is_file() else b""
    try:
        new = change(old)
    except Failure as fault:
        raise Failure(str(fault) if str(place) in str(fault) else f"{place}: {fault}") from None
    return files.write(file, new, mode=mode, group=group)

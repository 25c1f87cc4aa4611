"""The shared database in the product's files; without one they are what the archive has brought."""

import shutil
from pathlib import Path

from .. import files
from ..carbon import product
from ..carbon.host import USER
from . import accounts, datasources, drivers, registry_xml, shared_database, user_mgt
from .host import Host
from .registry_xml import Registry
from .settings import WORKER, Database
from .shared_database import Shared

PLACES = (datasources.FILE, registry_xml.FILE, user_mgt.FILE)


def bring(this: Host) -> bool:
    """Have the product use the database of the settings, or its own if there is none; return whether files changed.

    Raises `Failure` that names the file, or the driver that is missing.
    """
    database = this.settings.settings.database
    if database is None:
        return _gone_back(this)
    home = this.current.resolve()
    shared = _shared(this, home, database)
    registry = Registry(f"{shared.username}@{shared.url}", this.settings.group(this.identity.node) == WORKER)
    _keep(this, home)
    changed = [
        product.edit(home, Path(datasources.FILE), lambda old: datasources.patched(old, shared), USER),
        product.edit(home, Path(registry_xml.FILE), lambda old: registry_xml.patched(old, registry), USER),
        product.edit(home, Path(user_mgt.FILE), user_mgt.patched, USER),
    ]
    return any(changed)


def _shared(this: Host, home: Path, database: Database) -> Shared:
    driver, user = drivers.chosen(home, shared_database.drivers(database)), accounts.of(this, accounts.DATABASE)
    return Shared(database.url, driver, user.username, user.password)


def _keep(this: Host, home: Path) -> None:
    """Keep the files of the archive, once: a node that goes back to settings without a database needs them.

    For root alone, and not in the product's folder, whose user could have another file put into their place.
    """
    folder = _folder(this)
    for place in PLACES:
        kept = folder / Path(place).name
        if (home / place).is_file() and not kept.is_file():
            files.write(kept, (home / place).read_bytes(), mode=0o600)
    for other in folder.parent.glob("*"):
        if not (this.home / other.name).is_dir():
            shutil.rmtree(other, ignore_errors=True)  # its distribution is gone


def _gone_back(this: Host) -> bool:
    """Put back the files that were kept; return whether there were any."""
    folder, home = _folder(this), this.current.resolve()
    kept = [place for place in PLACES if (folder / Path(place).name).is_file()]
    for place in kept:
        files.write(home / place, (folder / Path(place).name).read_bytes(), mode=0o640, group=USER)
    shutil.rmtree(folder, ignore_errors=True)
    return bool(kept)


def _folder(this: Host) -> Path:
    return this.paths.etc / "without-database" / this.distribution.name

"""The repository of artifacts on this node: what it needs there, who keeps it, and whether that of the cluster answers.

Its accounts are brought with the settings; all else is the keeper's, in the member's process.
"""

import socket
from pathlib import Path
from typing import Any, Callable, Mapping, Optional
from urllib.parse import urlsplit

from .. import aws as calls
from ..failure import Failure
from ..h2.backup import Last
from ..settings import Node
from ..subversion import PORT, USER, accounts, backup, client, conf, place, repository, working_copy
from ..subversion.accounts import CHECKOUT, COMMIT
from ..subversion.keeping import Keeper
from ..subversion.orders import Orders
from ..subversion.shelf import Shelf
from ..system import ensure_user
from . import accounts as own_accounts
from . import reader
from .artifacts import CHANGING, Artifacts
from .backups import Backups
from .host import Host
from .pair import Pair
from .words import Word

TENANT = "-1234"
"""The folder of the tenant who is there from the beginning (carbon-kernel's MultitenantConstants)."""
_PORTS = {"http": 80, "https": 443, "svn": PORT}
WITHIN = 3.0


def bring(this: Host) -> bool:
    """Let both accounts into the repository that this node serves, and those of before until all members have these.

    Return whether that changed. Raises `Failure`.
    """
    here = place.of(this.paths)
    ensure_user(USER, str(here.data))
    place.ready(here)
    with CHANGING:
        return conf.admit(here, accounts.wanted(own_accounts.of(this, COMMIT), own_accounts.of(this, CHECKOUT)))


def began(this: Host) -> bool:
    """Return whether this node has a repository already."""
    return repository.there(place.of(this.paths))


def artifacts(this: Host, pair: Optional[Pair]) -> Artifacts:
    """Return what looks after the repository on this node; `pair` is None on a worker."""
    if pair is None or not this.settings.keeps(this.identity.node):
        seen = Artifacts(lambda: asked(this), bare=lambda: bare(this), outdated=lambda: _outdated(this, seen.uuid))
        return seen
    here = place.of(this.paths)
    other = pair if pair.there else None
    folders = (TENANT,) if this.settings.settings.artifacts.append else ()
    keeper = Keeper(this.identity.node, here, this.services, pair.role, other, folders=folders)
    made = Artifacts(
        lambda: asked(this),
        keeper,
        retire=lambda: conf.retire(here),
        backup=_backup(this, here),
        outdated=lambda: _outdated(this, made.uuid),
    )
    return made


def _outdated(this: Host, uuid: str) -> bool:
    """Return whether the product reads by an account of before, or has a working copy of a history before `uuid`'s.

    It goes on with neither: a repository that was restored is another one.
    """
    return reader.outdated(this) or former(this, uuid)


def former(this: Host, uuid: str) -> bool:
    """Return whether the product's working copy is of the cluster's repository before it became that of `uuid`."""
    mark = _mark(this)
    url, _, kept = mark.read_text().partition(" ") if mark.is_file() else ("", "", "")
    return bool(uuid and kept) and url == this.settings.repository and kept != uuid


def pair_of(this: Host, other: Optional[Node], heard: Callable[[], Mapping[str, Word]]) -> Pair:
    """Return the pair of management nodes that this one is of."""
    return Pair(this.settings, this.identity.node, other, heard, lambda: reader.account(this))


def _backup(this: Host, here: place.Place) -> Callable[[], None]:
    wanted = this.settings.settings.artifacts.backup
    if wanted is None:
        return lambda: None
    bucket, prefix = wanted.bucket, wanted.prefix

    def connect() -> Any:
        return calls.client("s3", this.settings.region)

    def send(at: float) -> str:
        return backup.send(here, connect(), bucket, prefix, at, this.settings.cluster)

    made = Backups(send, Last(here.data / "last-backup"), wanted.hour)
    orders = Orders(this.identity.node, here, Shelf(connect, bucket, prefix))

    def look() -> None:
        made.look()
        orders.look()

    return look


def asked(this: Host) -> str:
    """Return the identity of the cluster's repository; of a given one nothing is told. Raises `Failure`."""
    chosen = this.settings
    if chosen.made:
        return client.look(chosen.committer.address, chosen.ports.svn, reader.account(this)).uuid
    found = urlsplit(chosen.repository)
    port = found.port or _PORTS.get(found.scheme)
    if found.hostname and port:
        try:
            socket.create_connection((found.hostname, port), timeout=WITHIN).close()
        except OSError as fault:
            raise Failure(f"{chosen.repository} is not reached at TCP {port}: {fault}") from None
    return ""


def bind(this: Host, uuid: str) -> bool:
    """Let the product's working copies be none of another repository than that of `uuid`, "" if that is not known.

    Return whether one was. To be called while the product does not run.
    """
    mark, url = _mark(this), this.settings.repository
    if not uuid and mark.is_file() and mark.read_text().split(" ")[0] == url:
        return False
    return working_copy.bind(_artifacts_below(this), mark, f"{url} {uuid}")


def bare(this: Host) -> bool:
    """Return whether the product here has no working copy of the cluster's repository."""
    mark, folder = _mark(this), _artifacts_below(this) / "deployment/server/.svn"
    return not (mark.is_file() and mark.read_text().split(" ")[0] == this.settings.repository and folder.is_dir())


def _mark(this: Host) -> Path:
    return this.paths.etc / "working-copy"


def _artifacts_below(this: Host) -> Path:
    """Return the folder that has those of all tenants: deployment/server and tenants."""
    return this.current.resolve() / "repository"

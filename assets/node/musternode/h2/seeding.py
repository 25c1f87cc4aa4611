"""The database that a pair begins with: the product's own file, or a dump by H2's SCRIPT, brought before the pair.

Everything is made in a folder of its own, by H2's tools without a server; the file is put before the server once it is
whole. So a source that cannot be used leaves nothing behind.
"""

import logging
import re
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Callable, Sequence

from .. import files
from ..aws import Credentials
from ..failure import Failure
from ..settings import FILE
from . import rotation
from .faults import H2Error
from .mend import mend
from .offline import Offline, identities, schemas, take_over
from .opening import fault_of, opened, version_of
from .tools import Tools

USUAL = (Credentials("sa", ""), Credentials("sa", "password"))
"""Administrators that a file of a product usually has: H2's default and that of the guide for AS400Gateway."""
_CLUSTER = re.compile(rb"SET CLUSTER '")
_TABLES = re.compile(rb"CREATE (?:CACHED|MEMORY|TABLE)")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Workshop:
    """Where a database is made: `folder` is emptied, `admin` and `user` are who it is for; `owner` owns the file."""

    tools: Tools
    folder: Path
    name: str
    admin: Credentials
    user: Credentials
    owner: str = ""

    @property
    def offline(self) -> Offline:
        """The database in the making."""
        return Offline(self.tools, self.folder / "made", self.name)

    def clear(self) -> None:
        """Begin anew."""
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "made").mkdir(parents=True)
        self.folder.chmod(0o700)

    def deliver(self, to: Path) -> None:
        """Put the whole file at `to` on the same volume, for the server's user alone, and clean up."""
        file = self.offline.file
        file.chmod(0o600)
        if self.owner:
            shutil.chown(file, self.owner, self.owner)
        file.replace(to)
        files.sync_folder(to.parent)
        shutil.rmtree(self.folder, ignore_errors=True)


def maker(
    source: Path,
    kind: str,
    shop: Workshop,
    to: Path,
    make_schema: Callable[[str], None],
    administrators: Sequence[Credentials] = (),
) -> Callable[[str], None]:
    """Return what `Database.seed` takes to begin with `source`: a server runs on nothing and nobody is connected.

    `to` is the database's file there. `administrators` are tried beside the cluster's own and the usual ones, for a
    source of kind `file`. `make_schema` is the application's one run as administrator: it brings an older schema up
    to date. Raises `Failure` that names what is wrong with the source.
    """

    def make(url: str) -> None:
        build(source, kind, shop, administrators)
        shop.deliver(to)
        make_schema(url)

    return make


def build(source: Path, kind: str, shop: Workshop, administrators: Sequence[Credentials] = ()) -> None:
    """Make the database of `shop` from `source`; its administrator, users and rights are those of the cluster."""
    shop.clear()
    try:
        if kind == FILE:
            _place(source, shop)
            known: Sequence[Credentials] = (shop.admin, *administrators, *USUAL)
        else:
            script = shop.folder / "script.sql"
            plain(source, script)
            shop.offline.run_script(script, shop.admin)
            script.unlink()
            known = (shop.admin,)
        adopt(shop, known)
    except H2Error as fault:
        raise Failure(f"the database {source.name} cannot be used: {fault}") from None
    except Failure as fault:
        raise Failure(f"the database {source.name} cannot be used: {fault}") from None


def adopt(shop: Workshop, known: Sequence[Credentials]) -> None:
    """Make the database in the making the cluster's own; one of `known` is its administrator."""
    with shop.offline.open(known) as session:
        take_over(session, shop.admin, [])
        statements = rotation.users(shop.user, schemas(session))
        session.execute(*statements, "DELETE FROM MUSTER.FORMATION")
        tell_identities(identities(session))


def tell_identities(columns: Sequence[str]) -> None:
    """Say which columns H2 numbers by itself: two writers at once would get different numbers on the two servers."""
    if columns:
        log.warning(
            "H2 numbers %s by itself, on each server for itself: with two writers the copies would differ; leave "
            "as400gateway.admin_writes at leader",
            ", ".join(columns),
        )


def plain(source: Path, to: Path) -> None:
    """Write the statements in `source` (as they are, gzipped, or zipped) to `to`, without a cluster's list.

    A dump of a database that was clustered by the guide for this product says so, and H2 would then refuse to make
    its identity columns.
    """
    with opened(source) as content, to.open("wb") as out:
        _copy_statements(content, out)
    to.chmod(0o600)


def _copy_statements(content: BinaryIO, out: BinaryIO) -> None:
    """Leave a list out at the head alone, where a dump has its settings (command/dml/ScriptCommand.java)."""
    head, first = True, True
    for line in content:
        if first and b"\0" in line[:64]:
            raise Failure("it is no SQL script: it holds binary data")
        first = False
        head = head and not _TABLES.match(line)
        if not (head and _CLUSTER.match(line)):
            out.write(line)
    if first:
        raise Failure("it is empty")


def _place(source: Path, shop: Workshop) -> None:
    target = shop.offline.file
    if zipfile.is_zipfile(source):
        with opened(source) as content, target.open("wb") as out:
            shutil.copyfileobj(content, out, 1 << 20)
    else:
        shutil.copyfile(source, target)
    if fault := fault_of(target, version_of(shop.tools.jar)):
        raise Failure(fault)
    mend(target)  # it may have been copied while it was in use

"""What the gate process does to the data beside the pair's own work: the first data, backups, restores, the users."""

import logging
import threading
import time
from pathlib import Path
from typing import Callable, Mapping, Optional

from .. import host
from ..aws import Credentials, client
from ..failure import Failure
from ..host import Host
from ..settings import Backup
from . import backup, rotation, seeding, text
from .backup import Last, Taken
from .database import Database
from .faults import H2Error
from .offline import SCHEMAS, Offline, quoted
from .order import Order
from .pair_state import Phase, State
from .rotation import Admitting
from .seeding import Workshop
from .tools import Tools
from .wire import Wire

AGAIN = 600.0
"""Seconds after a backup that failed until the next try."""
LONE = 600.0
"""Seconds for which a node alone makes no backup: the other one most often comes back at once, and copies."""
WORK = ".work"
"""Folder inside the server's base folder in which databases are made: a rename into place stays on the volume."""
WANTED = "rotation.json"
"""File of the user that the application is to use, written by the member for the gate process."""
log = logging.getLogger(__name__)


class Data:
    """Seeds, restores, backs up and admits users by the settings and credentials of `this` node, read anew each time.

    `state` gives the membership's state now.
    """

    def __init__(self, this: Callable[[], Host], state: Callable[[], State], h2_user: str) -> None:
        self._this, self._state, self._owner = this, state, h2_user
        self._admitting = Admitting(wanted_file(this()))
        self._last = Last(this().paths.data / "backed-up")
        self._not_before = 0.0
        self._lone_epoch, self._lone_since = 0, 0.0
        self._sending: Optional[threading.Thread] = None

    def seed(self, database: Database) -> None:
        """Make the first data: of the settings' seed, or by the application alone. Raises `Failure`, `H2Error`."""
        this, application = self._this(), self._this().application()
        given, users = this.settings.settings.seed, _users(this)

        def make_schema(url: str) -> None:
            application.make_schema(url)
            grant(database, users)

        if given is None:
            database.seed(make_schema)
            return
        source = this.paths.data / "seed" / Path(given.key).name
        this.aws().fetch(given.bucket, given.key, given.sha256, source)
        try:
            database.seed(seeding.maker(source, given.kind, self._shop(WORK), database.file, make_schema))
        finally:
            source.unlink()

    def restore(self, database: Database, order: Order) -> None:
        """Carry `order` out; raises `Failure`, `H2Error`."""
        place = self._this().settings.settings.backup
        if place is None:
            raise Failure(f"there is an order to restore {order.key}, but the settings name no bucket of backups")
        aws, bucket = self._this().aws(), place.bucket

        def fetch(wanted: Order, to: Path) -> None:
            aws.fetch(bucket, wanted.key, wanted.sha256, to)

        backup.restore(database, self._shop(WORK), fetch, order)

    def look(self, database: Database) -> None:
        """Do what is due with the open database: for a thread that rests while any job of the pair runs.

        Admits the wanted user, and on the leader begins the nightly backup, of which only the first seconds are spent
        here. Raises `H2Error`.
        """
        state = self._state()
        if state.phase is not Phase.IN or not state.run:
            return
        if self._admitting.due(state.run):
            with self._wire(database) as session:
                self._admitting.look(session, state.run)
        place = self._this().settings.settings.backup
        if place is not None and self._leads(state) and self._settled(state) and self._due(place):
            self._back_up(database, place, state.epoch)

    def _leads(self, state: State) -> bool:
        return state.seen is not None and state.seen.leader == state.rules.me and state.member and state.gate

    def _settled(self, state: State) -> bool:
        """Return whether no copying is to be expected: it would wait, and clients with it, for the backup."""
        if not state.lone or state.rules.alone:
            return True
        if self._lone_epoch != state.epoch:
            self._lone_epoch, self._lone_since = state.epoch, time.monotonic()
        return time.monotonic() - self._lone_since >= LONE

    def _due(self, place: Backup) -> bool:
        busy = self._sending is not None and self._sending.is_alive()
        return not busy and time.time() >= self._not_before and backup.due(time.time(), self._last.at(), place.hour)

    def _back_up(self, database: Database, place: Backup, epoch: int) -> None:
        self._not_before = time.time() + AGAIN
        shop, taken = self._shop(".backup"), Taken(time.time(), epoch, self._this().settings.cluster)
        try:
            copy = backup.snapshot(database, shop)
        except (H2Error, Failure) as fault:
            log.error("the nightly backup failed: %s", fault)  # noqa: TRY400 - the sentence is the message
            return
        arguments = (copy, shop, place, taken)
        self._sending = threading.Thread(target=self._send, args=arguments, name="backup", daemon=True)
        self._sending.start()

    def _send(self, copy: Offline, shop: Workshop, place: Backup, taken: Taken) -> None:
        try:
            backup.send(copy, shop, client("s3", self._this().settings.region), place, taken)
            self._last.note()
        except (H2Error, Failure) as fault:
            log.error("the nightly backup failed: %s", fault)  # noqa: TRY400 - the sentence is the message
        except Exception:
            log.exception("the nightly backup failed")

    def _wire(self, database: Database) -> Wire:
        return Wire(database.pair.local, database.pair.name, _users(self._this())["admin"])

    def _shop(self, folder: str) -> Workshop:
        return workshop(self._this(), folder, self._owner)


def wanted_file(this: Host) -> Path:
    """Return the file of the user that the application is to use."""
    return this.paths.etc / WANTED


def workshop(this: Host, folder: str, owner: str) -> Workshop:
    """Return where databases of `this` node are made: `folder` inside the server's base folder."""
    users, tools = _users(this), Tools(this.paths.h2_jar, this.paths.run)
    place, name = this.paths.databases / folder, this.pair.name
    return Workshop(tools, place, name, users["admin"], users["application"], owner)


def grant(database: Database, users: Mapping[str, Credentials]) -> None:
    """Make both users of the application, with their rights on each schema that there is; raises `H2Error`."""
    with Wire(database.pair.local, database.pair.name, users["admin"]) as session:
        schemas = [quoted(str(name)) for (name,) in session.query(SCHEMAS)]
        session.execute(*rotation.users(users["application"], schemas), "CHECKPOINT SYNC")


def migrate(this: Host, database: Database, owner: str) -> None:
    """Let the application, another one than before, bring its schema up to date as administrator on this node alone.

    For a node whose peer is absent by the settings and whose application is stopped: nobody else uses the database. A
    backup is made before, if the settings have a place for it. Raises `Failure`, `H2Error`.
    """
    place, users = this.settings.settings.backup, _users(this)
    if place is not None:
        shop = workshop(this, ".before-schema", owner)  # the gate process may be at its nightly one
        copy = backup.snapshot(database, shop)
        backup.send(copy, shop, client("s3", this.settings.region), place, Taken(time.time(), 0, this.settings.cluster))
    with Wire(database.pair.local, database.pair.name, users["admin"]) as session:
        session.execute("SET CLUSTER ''")  # H2 makes no identity columns in a database that is clustered
    address, port = database.pair.local
    this.application().make_schema(text.url(f"{address}:{port}", database.pair.name))
    grant(database, users)


def _users(this: Host) -> Mapping[str, Credentials]:
    return host.load_credentials(this.paths)

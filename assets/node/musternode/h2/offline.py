"""A database outside any server: H2's tools, one at a time, alone open its file."""

import contextlib
import logging
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional, Sequence

from ..aws import Credentials
from ..failure import Failure
from . import text
from .faults import H2Error
from .session import Session
from .tools import Tools, first_error

WRONG_USER = "Wrong user name or password"
"""What H2 says of a user that is none or has another password (res/_messages_en.prop, 28000)."""
USERS = "SELECT NAME FROM INFORMATION_SCHEMA.USERS"
SCHEMAS = (
    "SELECT CAST(SCHEMA_NAME AS VARCHAR) FROM INFORMATION_SCHEMA.SCHEMATA "
    "WHERE SCHEMA_NAME NOT IN ('INFORMATION_SCHEMA', 'PUBLIC', 'MUSTER')"
)
IDENTITY = (
    "SELECT TABLE_SCHEMA || '.' || TABLE_NAME || '.' || COLUMN_NAME FROM INFORMATION_SCHEMA.COLUMNS WHERE {} "
    "AND TABLE_SCHEMA <> 'INFORMATION_SCHEMA' ORDER BY 1"
)
MODEST = 10
"""Niceness of a tool for which nobody waits."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Offline:
    """Database `name` with its files in `folder`, which no server has open."""

    tools: Tools
    folder: Path
    name: str

    @property
    def file(self) -> Path:
        """The database's one file."""
        return self.folder / f"{self.name}.mv.db"

    @property
    def url(self) -> str:
        """The URL that opens the file, whichever cluster it says it belongs to: the list is emptied by it."""
        return f"jdbc:h2:file:{self.folder / self.name};CLUSTER=''"

    def run_script(self, script: Path, admin: Credentials) -> None:
        """Make the database by the statements in `script` (UTF-8), as the administrator `admin`; raises `H2Error`."""
        self._tool("org.h2.tools.RunScript", admin, ["-script", str(script), "-options", "CHARSET", "'UTF-8'"])

    def dump(self, to: Path, admin: Credentials) -> None:
        """Write all of the database into `to` as compressed statements that any version of H2 reads; raises `H2Error`.

        Runs at low priority: nobody waits for it.
        """
        options = ["-options", "COMPRESSION", "GZIP", "CHARSET", "'UTF-8'"]
        self._tool("org.h2.tools.Script", admin, ["-script", str(to), *options], modest=True)

    def open(self, users: Sequence[Credentials]) -> Session:
        """Return a session of the first of `users` that the database knows; raises `H2Error`, `Failure` for none."""
        for user in users:
            session = self._session(user)
            if session is not None:
                return session
        names = ", ".join(sorted({user.username for user in users}))
        raise Failure(f"none of the administrators that are tried ({names}) gets in with its password")

    def _session(self, user: Credentials) -> Optional[Session]:
        try:
            return Session(self.tools, f"{self.url};IFEXISTS=TRUE", user)
        except H2Error as fault:
            if WRONG_USER in str(fault):
                return None
            raise

    def _tool(self, main: str, user: Credentials, arguments: Sequence[str], *, modest: bool = False) -> None:
        given = ["-url", self.url, "-user", user.username, "-password", user.password, *arguments]
        with self.tools.started(main, given) as tool:
            if modest:
                _lower(tool.process.pid)
            said = tool.to_the_end(_never)
        if tool.status != 0:
            raise H2Error(first_error(said))


def take_over(session: Session, admin: Credentials, statements: Sequence[str]) -> None:
    """Make `admin` the one administrator who can log in, run `statements`, and make the settings fit for a pair.

    Whoever else the database knew keeps name and rights, but gets a password that nobody knows: an administrator of
    before could otherwise run code through the gate. `DB_CLOSE_DELAY` would keep the file open when it is to be copied.
    """
    name, password = text.user(admin.username), text.literal(admin.password)
    session.execute(
        f"CREATE USER IF NOT EXISTS {name} PASSWORD {password} ADMIN",
        f"ALTER USER {name} SET PASSWORD {password}",
        f"ALTER USER {name} ADMIN TRUE",
        "SET CLUSTER ''",
        "SET DB_CLOSE_DELAY 0",
    )
    for other in session.query(USERS):
        if other != admin.username.upper():
            session.execute(f"ALTER USER {quoted(other)} SET PASSWORD {text.literal(secrets.token_hex(32))}")
            log.info("the database's user %s is locked: nobody knows its password now", other)
    session.execute(*statements)


def schemas(session: Session) -> List[str]:
    """Return the SQL names of the schemas that are neither H2's, nor Muster's, nor PUBLIC."""
    return [quoted(name) for name in session.query(SCHEMAS)]


def identities(session: Session) -> List[str]:
    """Return the identity columns as `SCHEMA.TABLE.COLUMN`, by the information schema of H2 1.4 or of 2.x."""
    try:
        return session.query(IDENTITY.format("SEQUENCE_NAME IS NOT NULL"))
    except H2Error:
        return session.query(IDENTITY.format("IS_IDENTITY = 'YES'"))


def quoted(name: str) -> str:
    """Return `name`, as the information schema has it, as an SQL name; raises `Failure` if it cannot be sent."""
    if not (name.isascii() and name.isprintable()):
        raise Failure(f"the name {name!r} in the database is not plain ASCII; rename it before the database is brought")
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _lower(pid: int) -> None:
    """Let a tool wait for everybody else; its threads are yet to begin, and inherit it."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, MODEST)
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/oom_score_adj").write_text("500")


def _never() -> Optional[str]:
    return None

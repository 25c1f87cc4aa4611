"""The database that all servers share, as the product's files name it, by the kind of its address."""

import re
from dataclasses import dataclass, field
from typing import Tuple

from ..failure import Failure
from .settings import Database

NAME, JNDI = "WSO2_SHARED_DB", "jdbc/WSO2SharedDB"
"""As WSO2's guides call the source, and where the product looks it up."""

_KIND = re.compile(r"jdbc:([a-z0-9]+):")
_DRIVERS = {
    "mysql": ("com.mysql.cj.jdbc.Driver", "com.mysql.jdbc.Driver"),
    "mariadb": ("org.mariadb.jdbc.Driver",),
    "postgresql": ("org.postgresql.Driver",),
    "sqlserver": ("com.microsoft.sqlserver.jdbc.SQLServerDriver",),
    "oracle": ("oracle.jdbc.OracleDriver", "oracle.jdbc.driver.OracleDriver"),
}
"""The usual classes by kind, the newer one first: which of them there is, its `.jar` says."""


@dataclass(frozen=True)
class Shared:
    """A database at `url` with the account by which the class `driver` logs in."""

    url: str
    driver: str
    username: str
    password: str = field(repr=False)

    @property
    def query(self) -> str:
        """Return what is asked to see whether a connection still lives."""
        return "SELECT 1 FROM DUAL" if _kind(self.url) == "oracle" else "SELECT 1"


def drivers(database: Database) -> Tuple[str, ...]:
    """Return the classes of which one speaks with the database, the best first; raises `Failure` if none is known."""
    known = (database.driver,) if database.driver else _DRIVERS.get(_kind(database.url), ())
    if not known:
        raise Failure("settings.database: no driver is known for its address; say one in wso2as.database.driver")
    return known


def _kind(url: str) -> str:
    found = _KIND.match(url)
    return found.group(1) if found else ""

"""Fields of an Axon.ivy cluster that are its alone: the system database, the shared folder, the licence."""

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, Final

from muster.checking import checked, matching
from muster.fields import Block

DEFAULT_PORTS: Final = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306, "sqlserver": 1433, "oracle:thin": 1521}
"""By the kind of a database's address: where it answers if the address does not say."""

_KINDS: Final = "|".join(DEFAULT_PORTS)
_REST: Final = r"[A-Za-z0-9:/?&=;,._@()%+~*-]{1,400}"
_PORT: Final = r"(?::|[(,]PORT=|;port(?:Number)?=)([0-9]+)(?=[/:;,?)]|$)"
_HOSTS: Final = r"//([^/?;]*)(?!.*;port(?:Number)?=)"
_BETWEEN_HOSTS: Final = r",(?![^(]*\))"
_KEPT_OUT: Final = r"(password|passwd|pwd)=|:(thin:)?[^:/@?;]+/[^@]+@|//[^/?;]*@"

_EXAMPLE: Final = "jdbc:postgresql://db.example.org:5432/ivy"
URL: Final = f"the address of a PostgreSQL, MySQL, MariaDB, SQL Server or Oracle database such as {_EXAMPLE}"
SECRET: Final = "the whole ARN of a secret: arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-SUFFIX"  # noqa: S105 - says the form
DRIVER: Final = "the name of a Java class such as org.postgresql.Driver"
SHARED: Final = "`efs` for a file system of the cluster's own, an EFS id, or the folder that your own image mounts"
LICENCE: Final = "the path of the licence (.lic), whose name has only letters, digits and . _ -"

FILE_SYSTEM: Final = r"fs-([0-9a-f]{8}|[0-9a-f]{17})"
_FOLDER: Final = r"(/[A-Za-z0-9._-]+){2,}"


def _url_fault(value: str) -> str | None:
    if len(value) > 500:
        return "which is too long"
    if re.search(_KEPT_OUT, value, re.IGNORECASE):
        return "in which a password may stand (its user has it in database.secret)"
    if not re.fullmatch(rf"jdbc:({_KINDS}):{_REST}", value, re.ASCII):
        return "which is not such"
    if re.search(r"[/@=](localhost|127\.[0-9.]+)([:/;,?)]|$)", value, re.IGNORECASE):
        return "which each node would look for on itself"
    return None if all(1 <= port <= 65535 for port in ports_of(value)) else "whose port is none"


def _shared_fault(value: str) -> str | None:
    if value == "efs" or re.fullmatch(FILE_SYSTEM, value, re.ASCII):
        return None
    if not re.fullmatch(_FOLDER, value, re.ASCII) or len(value) > 100:
        return "which is not such"
    return "which holds . or .." if {".", ".."} & set(value.split("/")) else None


def ports_of(url: str) -> frozenset[int]:
    """Return the ports at which the database of the address `url` answers."""
    said = frozenset(int(each) for each in re.findall(_PORT, url, re.IGNORECASE | re.ASCII))
    if said and not _a_host_without_port(url):
        return said
    return said | {port for kind, port in DEFAULT_PORTS.items() if url.startswith(f"jdbc:{kind}:")}


def _a_host_without_port(url: str) -> bool:
    """Return whether one of the hosts that `url` lists says no port, and nothing says it for all."""
    hosts = re.search(_HOSTS, url, re.IGNORECASE)
    listed = re.split(_BETWEEN_HOSTS, hosts[1]) if hosts else []
    return not all(re.search(_PORT, each, re.IGNORECASE | re.ASCII) for each in listed)


class SystemDatabase(Block):
    """The database that all engines share. It is yours: Muster neither makes nor saves it."""

    no_fields: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("user", "username", "password"), "user and password stand in your own secret (axonivy.database.secret)"
    )

    url: Annotated[str, checked(_url_fault, URL, pattern=rf"^jdbc:({_KINDS}):{_REST}$")]
    """Where the database is, as Java has it, without user and password."""
    driver: Annotated[str, matching(r"[A-Za-z_]\w{0,62}(\.[A-Za-z_]\w{0,62}){1,9}", DRIVER)] | None = None
    """The driver's class. By default the engine takes its own for the address."""
    secret: Annotated[
        str,
        matching(
            r"arn:aws(-cn|-us-gov)?:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@-]{1,505}-[A-Za-z0-9]{6}",
            SECRET,
        ),
    ]
    """The secret with the database's user: `{"username": ..., "password": ...}`."""


SharedFolder = Annotated[
    str, checked(_shared_fault, SHARED, pattern=rf"^(efs|{FILE_SYSTEM}|{_FOLDER})$", maxLength=100)
]

LicenceFile = Annotated[str, matching(r"(.*/)?[A-Za-z0-9][A-Za-z0-9._-]{0,95}\.lic", LICENCE)]

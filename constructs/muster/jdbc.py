"""Addresses of databases as Java has them, by their form: nothing is looked up."""

import re
from typing import Annotated, Final

from muster.checking import Check, checked, matching

DEFAULT_PORTS: Final = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306, "sqlserver": 1433, "oracle:thin": 1521}
"""By the kind of a database's address: where it answers if the address does not say."""

_KINDS: Final = "|".join(DEFAULT_PORTS)
_REST: Final = r"[A-Za-z0-9:/?&=;,._@()%+~*-]{1,400}"
_PORT: Final = r"(?::|[(,]PORT=|;port(?:Number)?=)([0-9]+)(?=[/:;,?)]|$)"
_HOSTS: Final = r"//([^/?;]*)(?!.*;port(?:Number)?=)"
_BETWEEN_HOSTS: Final = r",(?![^(]*\))"
_KEPT_OUT: Final = r"(password|passwd|pwd)=|:(thin:)?[^:/@?;]+/[^@]+@|//[^/?;]*@"

DRIVER: Final = "the name of a Java class such as org.postgresql.Driver"
Driver = Annotated[str, matching(r"[A-Za-z_]\w{0,62}(\.[A-Za-z_]\w{0,62}){1,9}", DRIVER)]


def jdbc_url(example: str) -> Check:
    """Return the check of a database's address such as `example`; its user stands in `database.secret` beside it."""
    want = f"the address of a PostgreSQL, MySQL, MariaDB, SQL Server or Oracle database such as {example}"
    return checked(_fault, want, pattern=rf"^jdbc:({_KINDS}):{_REST}$")


def _fault(value: str) -> str | None:
    if len(value) > 500:
        return "which is too long"
    if re.search(_KEPT_OUT, value, re.IGNORECASE):
        return "in which a password may stand (its user has it in database.secret)"
    if not re.fullmatch(rf"jdbc:({_KINDS}):{_REST}", value, re.ASCII):
        return "which is not such"
    if re.search(r"[/@=](localhost|127\.[0-9.]+)([:/;,?)]|$)", value, re.IGNORECASE):
        return "which each node would look for on itself"
    return None if all(1 <= port <= 65535 for port in ports_of(value)) else "whose port is none"


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

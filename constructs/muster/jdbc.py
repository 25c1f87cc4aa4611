"""Addresses of databases as Java has them, by their form: nothing is looked up."""

import re
from typing import Annotated, Final

from muster.checking import Check, checked, matching
from muster.reached import ITSELF, host_fault

DEFAULT_PORTS: Final = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306, "sqlserver": 1433, "oracle:thin": 1521}
"""By the kind of a database's address: where it answers if the address does not say."""

_KINDS: Final = "|".join(DEFAULT_PORTS)
_REST: Final = r"[A-Za-z0-9:/?&=;,._@()%+~*-]{1,400}"
_PORT: Final = r"(?::|[(,]PORT=|;port(?:Number)?=)([0-9]+)(?=[/:;,?)]|$)"
_HOSTS: Final = r"//([^/?;]*)(?!.*;port(?:Number)?=)"
_BETWEEN_HOSTS: Final = r",(?![^(]*\))"
_KEPT_OUT: Final = r"(password|passwd|pwd|secret|token)=|:(thin:)?[^:/@?;]+/[^@]+@|//[^/?;]*@"
_USER: Final = r"[?&;(,](user|userName|uid)="
_AUTHORITY: Final = r"//([^/?;]*)"
_NAMED: Final = r"[(,]HOST=([^),;]*)"
_SERVER_NAME: Final = r";(?:serverName|server)=([^;]*)"
_OF_ORACLE: Final = r":thin:@([^:/?(@]+)[:/]"

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
    if re.search(_USER, value, re.IGNORECASE):
        return "in which a user stands (database.secret has it)"
    if not re.fullmatch(rf"jdbc:({_KINDS}):{_REST}", value, re.ASCII):
        return "which is not such"
    if any(not 1 <= port <= 65535 for port in ports_of(value)) or _has_no_number(value):
        return "whose port is none"
    return next((fault for host in hosts_of(value) if (fault := host_fault(host) if host else ITSELF)), None)


def ports_of(url: str) -> frozenset[int]:
    """Return the ports at which the database of the address `url` answers."""
    said = frozenset(int(each) for each in re.findall(_PORT, url, re.IGNORECASE | re.ASCII))
    if said and not _a_host_without_port(url):
        return said
    return said | {port for kind, port in DEFAULT_PORTS.items() if url.startswith(f"jdbc:{kind}:")}


def hosts_of(url: str) -> tuple[str, ...]:
    """Return the hosts on which the database of `url` answers; empty text stands for one that the address leaves out.

    There a driver takes the machine itself (pgjdbc, Connector/J, the driver for SQL Server). None for a name that
    Oracle's driver looks up in a file.
    """
    if server := re.search(_SERVER_NAME, url, re.IGNORECASE):
        return (server[1],)
    if listed := _listed(url):
        return tuple(host for each in listed for host in _hosts_in(each))
    if ":oracle:" not in url:
        return ("",)
    plain = re.search(_OF_ORACLE, url, re.IGNORECASE)
    return tuple(plain[1].split(",")) if plain else tuple(re.findall(_NAMED, url, re.IGNORECASE))


def _listed(url: str) -> list[str]:
    """Return what stands between `//` and the path, host by host with what is said of each."""
    found = re.search(_AUTHORITY, url)
    return re.split(_BETWEEN_HOSTS, found[1]) if found else []


def _hosts_in(listed: str) -> list[str]:
    return (re.findall(_NAMED, listed, re.IGNORECASE) or [""]) if "(" in listed else [listed.partition(":")[0]]


def _has_no_number(url: str) -> bool:
    """Return whether behind a host's colon stands something else than a port."""
    return any(":" in each and not re.fullmatch(r"[^:]*:[0-9]{1,5}", each) for each in _listed(url) if "(" not in each)


def _a_host_without_port(url: str) -> bool:
    """Return whether one of the hosts that `url` lists says no port, and nothing says it for all."""
    hosts = re.search(_HOSTS, url, re.IGNORECASE)
    listed = re.split(_BETWEEN_HOSTS, hosts[1]) if hosts else []
    return not all(re.search(_PORT, each, re.IGNORECASE | re.ASCII) for each in listed)

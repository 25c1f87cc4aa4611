"""Fields of a cluster of WSO2 Application Server that are its alone."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from muster.aws_ids import SecretArn
from muster.checking import Check, checked, matching, not_wanted, one_of, refused, shown, whole_number
from muster.fields import Block, Truth
from muster.jdbc import Driver, jdbc_url
from muster.products.made_database import ENGINES, EngineName
from muster.reached import host_fault

LONGEST_TIMEOUT: Final = 4000
"""Seconds; Elastic Load Balancing, "Connection idle timeout": 1 to 4000."""

_SECONDS: Final = f"whole seconds from 1 to {LONGEST_TIMEOUT}"
_DEFAULT_PORTS: Final = {"svn": 3690, "http": 80, "https": 443}
_URL: Final = r"(svn|https?)://([A-Za-z0-9.-]{1,253})(:[0-9]{1,5})?((?:/[A-Za-z0-9._~-]+)*)/?"

URL: Final = "the address of a Subversion repository such as https://svn.example.org/repos/as or svn://10.0.3.7/as"


def _timeout(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise not_wanted(value, _SECONDS)
    if value == 0:
        what = f"got 0, by which nothing ever times out, and no balancer does that, want {_SECONDS}"
        raise refused(f"{what}; the nearest is {LONGEST_TIMEOUT}")
    if value > LONGEST_TIMEOUT:
        raise refused(f"got {value}, want {_SECONDS} (http.socket.timeout is in milliseconds: its 6000 are 6 s)")
    return value


SocketTimeout = Annotated[int, Check(_SECONDS, _timeout, {"minimum": 1, "maximum": LONGEST_TIMEOUT})]


def _tenants(value: Any) -> str:
    if value == "*":
        return "*"
    raise refused(f"got {shown(value)}, but every node of a group serves all tenants, want '*' (or no tenant_range)")


TenantRange = Annotated[Literal["*"], Check("'*'", _tenants, {"enum": ["*"]})]


def _url_fault(value: str) -> str | None:
    if "@" in value:
        return "in which a user or a password may stand (artifacts.commit_secret and checkout_secret have them)"
    found = re.fullmatch(_URL, value, re.ASCII)
    if found is None or len(value) > 300 or {".", ".."} & set(found[4].split("/")):
        return "which is not such"
    host, port = found[2], found[3]
    if fault := host_fault(host):
        return fault
    return None if port is None or 1 <= int(port[1:]) <= 65535 else "whose port is none"


def host_of(url: str) -> str:
    """Return the host of the repository of the address `url`."""
    return url.partition("://")[2].partition("/")[0].partition(":")[0]


def port_of(url: str) -> int:
    """Return the port at which the repository of the address `url` answers."""
    kind, _, rest = url.partition("://")
    said = rest.partition("/")[0].partition(":")[2]
    return int(said) if said else _DEFAULT_PORTS[kind]


class ProxyPorts(Block):
    """The balancer's ports, which the servers write into their links and redirects."""

    http: Annotated[int, whole_number(1, 65535, "a port from 1 to 65535")] = 80
    """The port of plain HTTP, which sends everybody to `https`."""
    https: Annotated[int, whole_number(1, 65535, "a port from 1 to 65535")] = 443
    """The port of HTTPS, on which users and administrators come."""


class Artifacts(Block):
    """A Subversion repository that is there already. It is yours: Muster neither makes nor saves it."""

    no_fields: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("user", "username", "password"), "the accounts stand in your own secrets (commit_secret, checkout_secret)"
    )

    url: Annotated[str, checked(_url_fault, URL, pattern=rf"^{_URL}$", maxLength=300)]
    """Where the repository is, or a folder in it. By plain http, passwords cross the network in the clear."""
    commit_secret: SecretArn
    """The secret with the account that writes, which one management node has: `{"username": ..., "password": ...}`."""
    checkout_secret: SecretArn
    """The secret with the account that may only read, which all other nodes have."""


class Wso2Database(Block):
    """The database of registry and users that all servers share: one that is there (`url`), or of RDS (`engine`)."""

    no_fields: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("user", "username", "password"), "they stand in a secret: yours (wso2as.database.secret), or one that is made"
    )

    url: Annotated[str, jdbc_url("jdbc:mysql://db.example.org:3306/wso2")] | None = None
    """Where your database is, as Java has it, without user and password."""
    secret: SecretArn | None = None
    """The secret with its user: `{"username": ..., "password": ...}`."""
    engine: Annotated[EngineName, one_of(*ENGINES)] | None = None
    """The engine of a database that is made with the cluster, in the same VPC, reached by nodes alone."""
    instance_class: Annotated[
        str,
        matching(r"db\.[a-z0-9]{2,6}\.([0-9]{0,2}x?large|micro|small|medium)", "an RDS class such as db.t4g.medium"),
        Field(alias="class"),
    ] = "db.t4g.medium"
    """What a database that is made runs on."""
    storage: Annotated[int, whole_number(20, 65536, "whole GiB from 20 to 65536")] = 20
    """The size in GiB of a database that is made, which can grow later but not shrink."""
    multi_az: Truth = True
    """Whether a database that is made has a stand-by in another zone, which takes over by itself."""
    driver: Driver | None = None
    """The driver's class, whose .jar your archive brings. The default is the usual one for the database."""

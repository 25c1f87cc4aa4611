"""Types of the cluster file's fields: each refuses what is not allowed with `got X, want Y`."""

import re
from collections.abc import Callable
from difflib import get_close_matches
from ipaddress import IPv4Network
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

LONGEST_SHOWN: Final = 60
"""Characters of a wrong value that a message repeats."""


class Block(BaseModel):
    """A mapping of the cluster file: unknown fields are refused, no value is converted, nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def shown(value: object) -> str:
    """Return `value` as a message repeats it: one line, printable, cut after `LONGEST_SHOWN` characters."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = ascii(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."


def closest(value: object, allowed: list[str]) -> str:
    """Return ` (did you mean 'x'?)` for the nearest of `allowed`, or nothing. What is allowed already is a number."""
    near = get_close_matches(str(value), allowed, n=1)
    if near == [value]:  # the right number, as text
        return " (write it without quotes)"
    return f" (did you mean '{near[0]}'?)" if near else ""


def refused(what: str) -> PydanticCustomError:
    """Return the error that a validator raises, with `what` as its whole text."""
    return PydanticCustomError("refused", "{what}", {"what": what})


def not_wanted(value: object, want: str) -> PydanticCustomError:
    """Return the error `got VALUE, want WANT`."""
    return refused(f"got {shown(value)}, want {want}")


def checked(check: Callable[[str], str | None], want: str) -> BeforeValidator:
    """Return a validator of text: `check` gives a reason of its own for a refusal, or None."""

    def validate(value: Any) -> str:
        if not isinstance(value, str):
            raise not_wanted(value, want)
        if reason := check(value):
            raise refused(f"got {shown(value)}, {reason}, want {want}")
        return value

    return BeforeValidator(validate)


def matching(pattern: str, want: str) -> BeforeValidator:
    """Return a validator of text that `pattern` matches as a whole."""
    whole = re.compile(pattern)

    def validate(value: Any) -> str:
        if isinstance(value, str) and whole.fullmatch(value):
            return value
        raise not_wanted(value, want)

    return BeforeValidator(validate)


def whole_number(low: int, high: int, want: str) -> BeforeValidator:
    """Return a validator of a whole number in `low`..`high`, both included."""

    def validate(value: Any) -> int:
        if type(value) is int and low <= value <= high:
            return value
        raise not_wanted(value, want)

    return BeforeValidator(validate)


def one_of(*allowed: str | int) -> BeforeValidator:
    """Return a validator of a choice."""
    names = [str(each) for each in allowed]

    def validate(value: Any) -> Any:
        if any(value == each and type(value) is type(each) for each in allowed):
            return value
        raise refused(f"got {shown(value)}{closest(value, names)}, want {' or '.join(names)}")

    return BeforeValidator(validate)


def _cidr_fault(value: str) -> str | None:
    try:
        network = IPv4Network(value, strict=False)
    except ValueError:
        return "which is not an IPv4 network"
    if "/" not in value or str(network) != value:
        return f"whose network is {network}"
    if not 16 <= network.prefixlen <= 22:
        return "which is too large" if network.prefixlen < 16 else "which is too small"
    if not any(network.subnet_of(IPv4Network(private)) for private in _PRIVATE):
        return "which is not private"
    if network.overlaps(_DOCKER):
        return f"which overlaps {_DOCKER}, where AWS services and Docker keep their own networks"
    return None


def _home_fault(value: str) -> str | None:
    if not re.fullmatch(r"(/[A-Za-z0-9._-]+){2,}", value) or len(value) > 100:
        return "which is not such a path"
    if {".", ".."} & set(value.split("/")):
        return "which holds . or .."
    if any(f"{value}/".startswith(f"{taken}/") for taken in _TAKEN):
        return "which belongs to the system or to Muster"
    return None


def _url_path_fault(value: str) -> str | None:
    if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+|/", value) or len(value) > 128:
        return "which is not such a path"
    return "which holds . or .." if {".", ".."} & set(value.split("/")) else None


def _cookie_fault(value: str) -> str | None:
    if value.upper().startswith("AWSALB"):
        return "which the balancer keeps for itself"
    # RFC 6265: a cookie's name is a token of RFC 2616
    return None if re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}", value) else "which is not a cookie's name"


_PRIVATE: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
_DOCKER: Final = IPv4Network("172.17.0.0/16")
_TAKEN: Final = (
    *("/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/proc", "/root", "/run", "/sbin", "/sys", "/tmp"),  # noqa: S108 - names, not files
    *("/usr/bin", "/usr/lib", "/usr/lib64", "/usr/sbin", "/usr/share", "/var/run", "/var/tmp"),  # noqa: S108
    *("/opt/muster", "/var/lib/muster", "/var/lib/cloud", "/var/lib/systemd"),
)

PORT: Final = "a port from 1024 to 65535 (the services run without root)"
Port = Annotated[int, Field(description=PORT), whole_number(1024, 65535, PORT)]

CIDR: Final = "a private IPv4 network from /16 to /22 such as 10.64.0.0/20"
Cidr = Annotated[str, Field(description=CIDR), checked(_cidr_fault, CIDR)]

HOME: Final = "a path of at least two plain folder names such as /opt/as400gateway"
Home = Annotated[str, Field(description=HOME), checked(_home_fault, HOME)]

URL_PATH: Final = "a path such as /actuator/health, of letters, digits and . _ ~ - between single slashes"
UrlPath = Annotated[str, Field(description=URL_PATH), checked(_url_path_fault, URL_PATH)]

COOKIE: Final = "the name of the application's session cookie such as JSESSIONID, or `balancer` for the balancer's own"
Cookie = Annotated[str, Field(description=COOKIE), checked(_cookie_fault, COOKIE)]

HOURS: Final = "whole hours from 1 to 168 (7 days)"
Hours = Annotated[int, Field(description=HOURS), whole_number(1, 168, HOURS)]

TIMEOUT: Final = "whole seconds from 60 to 43200 (12 hours)"
Timeout = Annotated[int, Field(description=TIMEOUT), whole_number(60, 43200, TIMEOUT)]

# `;` begins settings in an H2 URL, and settings can run SQL (INIT=RUNSCRIPT)
DATABASE_NAME: Final = "a letter followed by up to 62 letters, digits or _"
DatabaseName = Annotated[str, Field(description=DATABASE_NAME), matching(r"[A-Za-z][A-Za-z0-9_]{0,62}", DATABASE_NAME)]

CLUSTER_NAME: Final = "1 to 24 lower-case letters, digits and -, beginning with a letter and not ending with -"
ClusterName = Annotated[
    str, Field(description=CLUSTER_NAME), matching(r"[a-z]([a-z0-9-]{0,22}[a-z0-9])?", CLUSTER_NAME)
]

NODE_NAME: Final = "1 to 15 lower-case letters, digits and -, beginning with a letter and not ending with -"
NodeName = Annotated[str, Field(description=NODE_NAME), matching(r"[a-z]([a-z0-9-]{0,13}[a-z0-9])?", NODE_NAME)]

OperatingSystem = Literal["amazon-linux-2023", "debian-12"]
Os = Annotated[
    OperatingSystem, Field(description="amazon-linux-2023 or debian-12"), one_of("amazon-linux-2023", "debian-12")
]

Scheme = Annotated[
    Literal["internal", "internet-facing"],
    Field(description="internal or internet-facing"),
    one_of("internal", "internet-facing"),
]

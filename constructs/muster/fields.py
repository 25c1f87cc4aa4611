"""Types of the cluster file's plain fields; those that AWS names stand in `aws_names`, networks in `addresses`."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict

from muster.checking import checked, list_of, matching, one_of, true_or_false, whole_number
from muster.reached import address_fault, calls_itself


class Block(BaseModel):
    """A mapping of the cluster file: unknown fields are refused, no value is converted, nothing changes later.

    The text under each field is its meaning, in the JSON schema and in the file that `muster init` writes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)

    no_fields: ClassVar[Mapping[str, str]] = {}
    """What a user may look for here in vain, and in words why, or where it stands."""


def default_of_the_product(schema: dict[str, Any]) -> None:
    """Leave a field's default out of the JSON Schema, which is one for all products."""
    schema.pop("default", None)


def _home_fault(value: str) -> str | None:
    if not re.fullmatch(r"(/[A-Za-z0-9._-]+){2,}", value) or len(value) > 100:
        return "which is not such a path"
    if {".", ".."} & set(value.split("/")):
        return "which holds . or .."
    return folder_fault(value)


def folder_fault(value: str) -> str | None:
    """Return why nothing of a product's may lie in the folder `value`, or None.

    What is below is the system's or Muster's, or would be: the product's user gets all of a folder.
    """
    taken = any(f"{value}/".startswith(f"{each}/") or f"{each}/".startswith(f"{value}/") for each in _TAKEN)
    return "which belongs to the system or to Muster" if taken else None


def path_fault(value: str) -> str | None:
    """Return why no file of this machine can have the path `value`, or None: Linux takes names of 255 bytes."""
    if not value.isprintable():
        return "which is not printable"
    names = value.encode("utf-8", errors="replace").split(b"/")
    return "which is too long" if len(value) > 1000 or max(map(len, names)) > 255 else None


def _url_path_fault(value: str) -> str | None:
    if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+|/", value) or len(value) > 128:
        return "which is not such a path"
    return "which holds . or .." if {".", ".."} & set(value.split("/")) else None


def _cookie_fault(value: str) -> str | None:
    if value.upper().startswith("AWSALB"):
        return "which the balancer keeps for itself"
    if value.lower() == "balancer" != value:
        return "which differs from `balancer` by case alone"
    # RFC 6265: a cookie's name is a token of RFC 2616
    return None if re.fullmatch(_COOKIE_NAME, value) else "which is not a cookie's name"


def _host_fault(value: str) -> str | None:
    labels = value.split(".")
    if len(value) > 128:  # what a host-header condition of a listener rule takes
        return "which is longer than 128 characters"
    if not all(re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", label) for label in labels):
        return "which is not a host name"
    if calls_itself(value):
        return "by which every machine calls itself"
    if len(labels) < 2:
        return "which has no dot"
    # Elastic Load Balancing: "You can include only alphabetical characters after the final period"
    return None if labels[-1].isalpha() else "whose last part has more than letters"


def _tag_key_fault(value: str) -> str | None:
    """Judge a tag's key by what all of EC2, IAM, Elastic Load Balancing and the metadata service take."""
    if not re.fullmatch(r"[A-Za-z0-9+=._:@-]{1,128}", value) or value in {".", "..", "_index"}:
        return "which is not such a key"
    if value.lower().startswith("aws:"):
        return "which AWS keeps for itself"
    taken = value.lower() == "name" or value.lower().startswith("muster:")
    return "which Muster sets itself" if taken else None


def _tag_value_fault(value: str) -> str | None:
    if not value:
        return "which is empty, as alarms take no tag without a value"
    if len(value) > 256:
        return "which is too long"
    if value.lower().startswith("aws:"):
        return "which AWS keeps for itself"
    # IAM: [\p{L}\p{Z}\p{N}_.:/=+\-@]*; the cluster's roles carry the tags too
    fitting = all(unicodedata.category(each)[0] in "LZN" or each in "_.:/=+-@" for each in value)
    return None if fitting else "which has another character"


def _certificates_fault(value: str) -> str | None:
    return path_fault(value) or (None if re.fullmatch(_CERTIFICATES, value, re.ASCII) else "whose name is not such")


def _node_fault(value: str) -> str | None:
    if not re.fullmatch(_NODE_NAME, value, re.ASCII):
        return ""
    return "by which every machine calls itself" if calls_itself(value) else None


def _email_fault(value: str) -> str | None:
    local, _, domain = value.rpartition("@")
    # RFC 5321: atoms with single dots between them, at most 64 characters; labels do not begin or end with a hyphen
    fitting = len(local) <= 64 and re.fullmatch(rf"{_ATOM}(\.{_ATOM})*", local, re.ASCII)
    return None if fitting and re.fullmatch(rf"({_LABEL}\.){{1,4}}[A-Za-z]{{2,24}}", domain, re.ASCII) else ""


def _proxy_fault(value: str) -> str | None:
    if "/" in value or "@" in value or ":" in value:
        return "which is more than a host"
    if re.fullmatch(r"\d+(\.\d+){3}", value):
        return address_fault(value)
    return _host_fault(value)


_CERTIFICATES: Final = r"(.*/)?[A-Za-z0-9][A-Za-z0-9._-]{0,95}\.(pem|crt)"
_COOKIE_NAME: Final = r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}"
_TAKEN: Final = (
    *("/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/proc", "/root", "/run", "/sbin", "/sys", "/tmp"),  # noqa: S108 - names, not files
    *("/usr/bin", "/usr/include", "/usr/lib", "/usr/lib64", "/usr/libexec", "/usr/sbin", "/usr/share", "/usr/src"),
    *("/usr/local/bin", "/usr/local/lib", "/usr/local/sbin"),
    *("/var/cache", "/var/lock", "/var/log/journal", "/var/mail", "/var/run", "/var/spool", "/var/tmp"),  # noqa: S108
    *("/var/lib/amazon", "/var/lib/apt", "/var/lib/cloud", "/var/lib/dnf", "/var/lib/dpkg", "/var/lib/rpm"),
    *("/opt/amazon", "/opt/aws", "/opt/muster", "/var/lib/muster", "/var/lib/systemd"),
)

Truth = Annotated[bool, true_or_false()]

Port = Annotated[int, whole_number(1024, 65535, "a port from 1024 to 65535 (the services run without root)")]

MOST_OUTSIDE: Final = 20
"""Each is a rule of the nodes' security group, which takes 60 for each direction (Amazon VPC quotas)."""

OutsidePorts = Annotated[
    tuple[Annotated[int, whole_number(1, 65535, "a port from 1 to 65535")], ...],
    list_of(f"a list of 1 to {MOST_OUTSIDE} TCP ports such as [61616]", MOST_OUTSIDE),
]
"""Ports of others outside of the cluster, which may be below 1024."""

HOME: Final = "a path of at least two plain folder names such as /opt/as400gateway"
Home = Annotated[str, checked(_home_fault, HOME, pattern=r"^(/[A-Za-z0-9._-]+){2,}$", maxLength=100)]

URL_PATH: Final = "a path such as /actuator/health, of letters, digits and . _ ~ - between single slashes"
UrlPath = Annotated[str, checked(_url_path_fault, URL_PATH, pattern=r"^(?:(/[A-Za-z0-9._~-]+)+|/)$", maxLength=128)]

COOKIE: Final = "the name of the application's session cookie such as JSESSIONID, or `balancer` for the balancer's own"
Cookie = Annotated[str, checked(_cookie_fault, COOKIE, pattern=f"^(?![Aa][Ww][Ss][Aa][Ll][Bb]){_COOKIE_NAME}$")]

Hours = Annotated[int, whole_number(1, 168, "whole hours from 1 to 168 (7 days)")]

Timeout = Annotated[int, whole_number(60, 43200, "whole seconds from 60 to 43200 (12 hours)")]

Volume = Annotated[int, whole_number(8, 16384, "whole GiB from 8 to 16384")]

# `;` begins settings in an H2 URL, and settings can run SQL (INIT=RUNSCRIPT)
DatabaseName = Annotated[
    str, matching(r"[A-Za-z][A-Za-z0-9_]{0,62}", "a letter followed by up to 62 letters, digits or _")
]

CLUSTER_NAME: Final = "1 to 24 lower-case letters, digits and -, beginning with a letter and not ending with -"
ClusterName = Annotated[str, matching(r"[a-z]([a-z0-9-]{0,22}[a-z0-9])?", CLUSTER_NAME)]

NODE_NAME: Final = "1 to 15 lower-case letters, digits and -, beginning with a letter and not ending with -"
_NODE_NAME: Final = r"[a-z]([a-z0-9-]{0,13}[a-z0-9])?"
NodeName = Annotated[str, checked(_node_fault, NODE_NAME, pattern=rf"^(?!localhost[46]?$){_NODE_NAME}$")]

HOST: Final = "a host name in lower case such as gateway.example.org, of at most 128 characters"
HostName = Annotated[
    str, checked(_host_fault, HOST, pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]+$", maxLength=128)
]

PROXY: Final = "the proxy's host alone: a name such as proxy.example.org, or an IPv4 address"
ProxyHost = Annotated[str, checked(_proxy_fault, PROXY, pattern=r"^[a-z0-9.-]+$", maxLength=128)]

# it stands in XML, in TOML and in log lines
DOMAIN_NAME: Final = "a letter followed by up to 62 letters, digits and . _ -"
DomainName = Annotated[str, matching(r"[A-Za-z][A-Za-z0-9._-]{0,62}", DOMAIN_NAME)]

CERTIFICATES: Final = "the path of a .pem or .crt whose name has only letters, digits and . _ -"
CertificatesFile = Annotated[str, checked(_certificates_fault, CERTIFICATES, pattern=rf"^{_CERTIFICATES}$")]

EMAIL: Final = "an address such as operations@example.org"
_ATOM: Final = r"[A-Za-z0-9_%+-]+"
_LABEL: Final = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
Email = Annotated[
    str, checked(_email_fault, EMAIL, pattern=rf"^{_ATOM}(\.{_ATOM})*@({_LABEL}\.){{1,4}}[A-Za-z]{{2,24}}$")
]

TAG_KEY: Final = "1 to 128 letters, digits and + - = . _ : @ (what the metadata service and IAM both take)"
TagKey = Annotated[
    str,
    checked(
        _tag_key_fault,
        TAG_KEY,
        pattern=r"^(?![Aa][Ww][Ss]:|[Mm]uster:|(Name|_index|\.|\.\.)$)[A-Za-z0-9+=._:@-]{1,128}$",
    ),
]

TAG_VALUE: Final = "text of 1 to 256 letters, digits, spaces and _ . : / = + - @ (numbers in quotes)"
TagValue = Annotated[str, checked(_tag_value_fault, TAG_VALUE, minLength=1, maxLength=256)]

OperatingSystem = Literal["amazon-linux-2023", "debian-12"]
Os = Annotated[OperatingSystem, one_of("amazon-linux-2023", "debian-12")]
Group = Literal["mgt", "worker"]
GroupField = Annotated[Group, one_of("mgt", "worker")]
"""Of a product whose nodes are not all alike: what a node is for, management or users' requests."""

Scheme = Annotated[Literal["internal", "internet-facing"], one_of("internal", "internet-facing")]
Protection = Annotated[Literal["on", "lifted", "off"], one_of("on", "lifted", "off")]

# CloudWatch Logs, PutRetentionPolicy: retentionInDays
_DAYS: Final = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
Retention = Annotated[int, one_of(*_DAYS, want=f"one of CloudWatch's numbers of days: {', '.join(map(str, _DAYS))}")]

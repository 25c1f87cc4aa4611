"""What repository/conf/carbon.xml must say, and what the product reads there: carbon-kernel's ServerConfiguration."""

from dataclasses import dataclass, field
from typing import Dict
from xml.etree import ElementTree as ET

from . import page

NAME = "repository/conf/carbon.xml"
PORTS, SYNCHRONIZER, URL = "Ports", "DeploymentSynchronizer", "SvnUrl"
DEPLOYMENT, INTERVAL = "Axis2Config", "DeploymentUpdateInterval"


@dataclass(frozen=True)
class Wanted:
    """One node's carbon.xml: ports moved by `offset`, users at `host`, administrators at `management`.

    Artifacts are checked out of `url` by the account `user`, and what changes here is sent there if the node `commits`.
    Each tenant has a folder of its own behind `url` with `append`; without it only one tenant can have artifacts.

    Every `interval` seconds a node looks whether there is something to commit or to deploy. Of the product's own 15 an
    artifact has to wait for two, one where it is committed and one where it is served (CarbonDeploymentSchedulerTask).
    """

    offset: int
    host: str
    management: str
    commits: bool
    url: str
    user: str
    password: str = field(repr=False)
    append: bool
    interval: int = 5


def keys(wanted: Wanted) -> Dict[str, str]:
    """Return what the product is to read, by its keys."""
    inside = {f"{SYNCHRONIZER}.{name}": value for name, value in synchronizer(wanted).items()}
    return {**hosts(wanted), f"{PORTS}.Offset": str(wanted.offset), **inside}


def hosts(wanted: Wanted) -> Dict[str, str]:
    """Return the elements with names of hosts."""
    return {"HostName": wanted.host, "MgtHostName": wanted.management}


def synchronizer(wanted: Wanted) -> Dict[str, str]:
    """Return the elements of the synchronizer in the order of the product's own file."""
    return {
        "Enabled": "true",
        "AutoCommit": _word(wanted.commits),
        "AutoCheckout": "true",
        "RepositoryType": "svn",
        URL: wanted.url,
        "SvnUser": wanted.user,
        "SvnPassword": wanted.password,
        "SvnUrlAppendTenantId": _word(wanted.append),
    }


def _word(true: bool) -> str:
    return "true" if true else "false"


def check(expected: Dict[str, str]) -> None:
    """Raise `Failure`, which shows no value, if the product would read one otherwise than it stands."""
    page.check(NAME, expected)


def values(text: bytes) -> Dict[str, str]:
    """Return what the well-formed UTF-8 `text`, which declares no document type, says: text by key.

    A key is the names of the elements below the root, without their namespaces, joined by dots. The first one with text
    counts, whatever follows; blanks around it are part of it. System properties are left as they stand, `${...}`.
    """
    found: Dict[str, str] = {}
    parser = ET.XMLParser(encoding="utf-8")  # noqa: S314 - the caller refuses document types
    _read(ET.fromstring(text, parser), "", found)  # noqa: S314
    return found


def _read(parent: ET.Element, before: str, found: Dict[str, str]) -> None:
    for child in parent:
        key = before + child.tag.rpartition("}")[2]
        text = (child.text or "") + "".join(inner.tail or "" for inner in child)
        if text.strip():
            found.setdefault(key, text)
        _read(child, f"{key}.", found)

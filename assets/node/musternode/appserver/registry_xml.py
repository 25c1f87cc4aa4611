"""repository/conf/registry.xml edited in place: configuration and governance are in the shared database.

What is one server's alone (`/_system/local`) stays in its own. How it is read: carbon-kernel's
RegistryConfigurationProcessor; what WSO2 wants there, and that workers only read: its clustering guide's "Mounting the
registry".
"""

import re
from dataclasses import dataclass
from typing import Dict, List
from xml.etree import ElementTree as ET

from ..failure import Failure
from ..markup.elements import Element
from ..markup.encoded import Edit
from . import page
from .page import Page, said
from .shared_database import JNDI

FILE = "repository/conf/registry.xml"
DATABASE, INSTANCE = "sharedregistry", "instanceid"
"""As WSO2's guides call them."""
PATHS = ("/_system/config", "/_system/governance")

_URL = "https://localhost:9443/registry"
"""The product wants one and never asks there, as the instance has a database."""


@dataclass(frozen=True)
class Registry:
    """The shared registry as one server knows it: by whom its copies are told apart, and whether it only reads."""

    cache: str
    read_only: bool


def patched(content: bytes, wanted: Registry) -> bytes:
    """Return the file `content` with the shared registry as `wanted`, and unchanged if it says that already.

    Raises `Failure` with one sentence if the file cannot be edited safely, or leads elsewhere by a mount of your own.
    """
    page.check(FILE, {"cacheId": wanted.cache})
    values = _values(wanted)
    return page.patched(content, FILE, lambda text: _edits(text, values), lambda root: _says(root, values))


def _values(wanted: Registry) -> Dict[str, str]:
    return {
        "id": INSTANCE,
        "dbConfig": DATABASE,
        "readOnly": "true" if wanted.read_only else "false",
        "enableCache": "true",
        "registryRoot": "/",
        "cacheId": wanted.cache,
    }


def _edits(text: bytes, values: Dict[str, str]) -> List[Edit]:
    file = Page(text, FILE, "wso2registry")
    own = file.all("dbConfig")
    if not own:
        raise Failure(f"{FILE}: there is no <dbConfig> in it; put the product's own back in the artifact")
    if any(each.text.strip() == DATABASE for each in file.all("currentDBConfig")):
        raise Failure(f"{FILE}: {DATABASE} is its <currentDBConfig>, which is a server's own; call that otherwise")
    return [*_database(file, own), *_instance(file, own[-1], values), *_mounts(file, own[-1])]


def _database(file: Page, own: List[Element]) -> List[Edit]:
    same = [each for each in own if each.attributes.get("name") == DATABASE]
    standing = file.only(same, f'<dbConfig name="{DATABASE}">')
    if standing:
        return file.changes.holding(standing, {"dataSource": JNDI}, "dbConfig")
    return file.changes.added(own[-1], _block(file, "dbConfig", f'name="{DATABASE}"', {"dataSource": JNDI}))


def _instance(file: Page, last: Element, values: Dict[str, str]) -> List[Edit]:
    same = [each for each in file.all("remoteInstance") if said(each, "id") == INSTANCE]
    standing = file.only(same, f"<remoteInstance> {INSTANCE}")
    if not standing:
        place = _behind(file, "remoteInstance", last)
        return file.changes.added(place, _block(file, "remoteInstance", f'url="{_URL}"', values))
    if standing.called("username") or standing.called("password"):
        raise Failure(f"{FILE} line {standing.line}: {INSTANCE} is another server; call it otherwise in the artifact")
    return file.changes.holding(standing, values, "remoteInstance")


def _mounts(file: Page, last: Element) -> List[Edit]:
    edits: List[Edit] = []
    place = _behind(file, "mount", _behind(file, "remoteInstance", last))
    for path in PATHS:
        wanted = {"instanceId": INSTANCE, "targetPath": path}
        same = [each for each in file.all("mount") if each.attributes.get("path") == path]
        standing = file.only(same, f"<mount> of {path}")
        if not standing:
            edits += file.changes.added(place, _block(file, "mount", f'path="{path}" overwrite="true"', wanted))
            continue
        if {name: said(standing, name) for name in wanted} != wanted:
            raise Failure(f"{FILE} line {standing.line}: its <mount> of {path} leads elsewhere; remove it there")
        edits += file.changes.holding(standing, wanted, "mount")
        edits += file.changes.attribute(standing, "overwrite", "true", behind="path")
    return edits


def _behind(file: Page, tag: str, last: Element) -> Element:
    """Return behind what a new element `tag` belongs: the last one, or its last example in a comment, or `last`."""
    example = re.compile(rf"\s*<?{tag}\s")
    found = [*(each for each in file.top.comments if example.match(each.text)), *file.all(tag)]
    return max([*found, last], key=lambda each: each.start)


def _block(file: Page, tag: str, attributes: str, values: Dict[str, str]) -> List[bytes]:
    inside = [b"    " + file.changes.element(name, value) for name, value in values.items()]
    return [b"", f"<{tag} {attributes}>".encode(), *inside, f"</{tag}>".encode()]


def _says(root: ET.Element, values: Dict[str, str]) -> bool:
    databases = [each for each in root.findall("dbConfig") if each.get("name") == DATABASE]
    instances = [each for each in root.findall("remoteInstance") if (each.findtext("id") or "").strip() == INSTANCE]
    mounts = {each.get("path"): each for each in root.findall("mount")}
    led = [_texts(mounts[path]) for path in PATHS if path in mounts and mounts[path].get("overwrite") == "true"]
    return (
        [each.findtext("dataSource") for each in databases] == [JNDI]
        and [_texts(each) for each in instances] == [values]
        and led == [{"instanceId": INSTANCE, "targetPath": path} for path in PATHS]
    )


def _texts(element: ET.Element) -> Dict[str, str]:
    return {each.tag: "".join(each.itertext()) for each in element if isinstance(each.tag, str)}

"""repository/conf/datasources/master-datasources.xml edited in place: one source more, the shared database.

The product's own source stays: what is one server's alone is in it. How it is read: carbon-kernel's DataSourceManager
and RDBMSDataSourceReader.
"""

from typing import Dict, List
from xml.etree import ElementTree as ET

from ..failure import Failure
from ..markup.elements import Element
from ..markup.encoded import Edit
from . import page
from .page import Page, said
from .shared_database import JNDI, NAME, Shared

FILE = "repository/conf/datasources/master-datasources.xml"

_OWN = "jdbc/WSO2CarbonDB"
_POOL = {"maxActive": "50", "maxWait": "60000", "testOnBorrow": "true", "validationInterval": "30000"}
"""As the product's own source has them, in milliseconds."""
_ELSEWHERE = ("dataSourceClassName", "dataSourceProps")


def patched(content: bytes, wanted: Shared) -> bytes:
    """Return the file `content` with the source of the database `wanted`, and unchanged if it has that already.

    Raises `Failure` with one sentence, which shows no value, if the file cannot be edited safely.
    """
    values = _values(wanted)
    page.check(FILE, values)
    return page.patched(content, FILE, lambda text: _edits(text, values), lambda root: _says(root, values))


def _values(wanted: Shared) -> Dict[str, str]:
    return {
        "url": wanted.url,
        "username": wanted.username,
        "password": wanted.password,
        "driverClassName": wanted.driver,
        "validationQuery": wanted.query,
    }


def _edits(text: bytes, values: Dict[str, str]) -> List[Edit]:
    file = Page(text, FILE, "datasources-configuration")
    parent = file.needed(file.all("datasources"), "<datasources>")
    sources = parent.called("datasource")
    other = next((one for one in sources if _jndi(one) == JNDI and said(one, "name") != NAME), None)
    if other:
        raise Failure(f"{FILE} line {other.line}: another <datasource> is at {JNDI}; call it otherwise in the artifact")
    standing = file.only([one for one in sources if said(one, "name") == NAME], f"<datasource> {NAME}")
    if standing:
        return _held(file, standing, values)
    lines = _lines(file, {**values, **_POOL, **_commits(sources)})
    return file.changes.added(sources[-1], lines) if sources else file.changes.inside(parent, lines)


def _held(file: Page, source: Element, values: Dict[str, str]) -> List[Edit]:
    """Return what makes the source that stands there say the values; its pool stays as it is."""
    place = file.needed(source.called("jndiConfig"), f"<jndiConfig> of {NAME}")
    kind = file.needed(source.called("definition"), f"<definition> of {NAME}")
    inner = file.needed(kind.called("configuration"), f"<configuration> of {NAME}")
    if kind.attributes.get("type") != "RDBMS" or any(inner.called(name) for name in _ELSEWHERE):
        raise Failure(f"{FILE} line {kind.line}: {NAME} is no source by address and driver; remove it in the artifact")
    named = file.changes.holding(place, {"name": JNDI}, "jndiConfig")
    return [*named, *file.changes.holding(inner, values, "configuration")]


def _lines(file: Page, values: Dict[str, str]) -> List[bytes]:
    inside = [b" " * 12 + file.changes.element(name, value) for name, value in values.items()]
    return [
        b"<datasource>",
        b"    " + file.changes.element("name", NAME),
        b"    <description>Registry and users of all servers</description>",
        b"    <jndiConfig>",
        b"        " + file.changes.element("name", JNDI),
        b"    </jndiConfig>",
        b'    <definition type="RDBMS">',
        b"        <configuration>",
        *inside,
        b"        </configuration>",
        b"    </definition>",
        b"</datasource>",
    ]


def _commits(sources: List[Element]) -> Dict[str, str]:
    """Return who ends a transaction, as the product's own source has it: kernels differ, each knows its own."""
    name = "defaultAutoCommit"
    own = (inner for one in sources if _jndi(one) == _OWN for inner in _configurations(one))
    word = next((said(inner, name) for inner in own), "")
    return {name: word} if word else {}


def _jndi(source: Element) -> str:
    return next((said(place, "name") for place in source.called("jndiConfig")), "")


def _configurations(source: Element) -> List[Element]:
    return [inner for kind in source.called("definition") for inner in kind.called("configuration")]


def _says(root: ET.Element, values: Dict[str, str]) -> bool:
    sources = [one for one in root.findall("datasources/datasource") if (one.findtext("name") or "").strip() == NAME]
    found = [
        {each.tag: "".join(each.itertext()) for each in inner if each.tag in values}
        for one in sources
        for inner in one.findall("definition/configuration")
    ]
    return found == [values] and [each.text for each in sources[0].findall("jndiConfig/name")] == [JNDI]

"""repository/conf/user-mgt.xml edited in place: users and permissions are in the shared database.

How it is read: carbon-kernel's RealmConfigXMLProcessor, of which the realm's own configuration counts.
"""

from typing import List
from xml.etree import ElementTree as ET

from ..failure import Failure
from ..markup.encoded import Edit
from . import page
from .page import Page
from .shared_database import JNDI

FILE = "repository/conf/user-mgt.xml"

_OWN = "jdbc/WSO2CarbonDB"
_PROPERTY = "dataSource"


def patched(content: bytes) -> bytes:
    """Return the file `content` whose realm is in the shared database, and unchanged if it is already.

    Raises `Failure` with one sentence if the file cannot be edited safely, or says another database of your own.
    """
    return page.patched(content, FILE, _edits, _says)


def _edits(text: bytes) -> List[Edit]:
    file = Page(text, FILE, "UserManager")
    realm = file.needed(file.all("Realm"), "<Realm>")
    inner = file.needed(realm.called("Configuration"), "<Configuration> of its <Realm>")
    named = [each for each in inner.called("Property") if each.attributes.get("name") == _PROPERTY]
    one = file.needed(named, f'<Property name="{_PROPERTY}"> of its realm')
    if one.text.strip() not in (_OWN, JNDI):
        raise Failure(
            f"{FILE} line {one.line}: users are in a database of your own, not in {_OWN}; "
            f"put that there in the artifact, or leave wso2as.database out"
        )
    return file.changes.set(one, JNDI, _PROPERTY)


def _says(root: ET.Element) -> bool:
    found = root.findall(f"Realm/Configuration/Property[@name='{_PROPERTY}']")
    return ["".join(each.itertext()) for each in found] == [JNDI]

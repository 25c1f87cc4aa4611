"""repository/conf/axis2/axis2.xml edited in place: what a member tells others of itself, its group above all.

How it is read: carbon-kernel's MemberUtils.getLocalMember. The rest of the clustering is `carbon.axis2`'s: the two may
be applied in either order.
"""

from typing import Dict, List

from ..carbon.axis2 import NAME
from ..failure import Failure
from ..markup import elements, encoded
from ..markup.changes import Changes
from ..markup.elements import Element
from ..markup.encoded import Edit
from ..markup.escapes import escaped

_PARAMETER = b'<parameter name="properties">'
_CLOSED = b"</parameter>"


def wanted(group: str) -> Dict[str, str]:
    """Return the properties of a member of `group`; the product puts in its own host and port."""
    return {
        "backendServerURL": "https://${hostName}:${httpsPort}/services/",
        "mgtConsoleURL": "https://${hostName}:${httpsPort}/",
        "subDomain": group,
    }


def patched(content: bytes, group: str) -> bytes:
    """Return the file `content` with the member in the sub-domain `group`, and unchanged if it says that already.

    Other properties stay. Raises `Failure` with one sentence if the file cannot be edited safely.
    """
    after = _edited(content, group)
    if _edited(after, group) != after:
        raise Failure(f"{NAME}: its properties are written in a way that cannot be edited; take the product's own file")
    return after


def _edited(content: bytes, group: str) -> bytes:
    source = encoded.read(content, NAME)
    changes, cluster = Changes(source.text, NAME), _cluster(source.text)
    same = [each for each in cluster.called("parameter") if each.attributes.get("name") == "properties"]
    parameter = elements.only(same, "the parameter properties", NAME)
    if parameter:
        return source.spliced(_set(changes, parameter, group))
    lines = [_PARAMETER, *(b"    " + line for line in _lines(wanted(group))), _CLOSED]
    others = cluster.called("parameter")
    return source.spliced(changes.added(others[-1], lines) if others else changes.inside(cluster, lines))


def _cluster(text: bytes) -> Element:
    """Return the clustering that is in force; raises `Failure` if there is none or more than one."""
    found = elements.find(text, NAME, "clustering")
    one = elements.only(found.elements, "<clustering>", NAME)
    if found.root != "axisconfig" or not one:
        raise Failure(f"{NAME}: there is no <clustering> in its <axisconfig>; put the product's own back")
    return one


def _set(changes: Changes, parameter: Element, group: str) -> List[Edit]:
    """Return what sets the properties that are there, and adds those that are missing behind the last one."""
    edits: List[Edit] = []
    missing = wanted(group)
    children = parameter.called("property")
    for name, value in wanted(group).items():
        same = [each for each in children if each.attributes.get("name") == name]
        one = elements.only(same, f"the property {name}", NAME)
        if one:
            edits += changes.attribute(one, "value", value, behind="name")
            del missing[name]
    lines = _lines(missing)
    return [*edits, *(changes.added(children[-1], lines) if children else changes.inside(parameter, lines))]


def _lines(properties: Dict[str, str]) -> List[bytes]:
    return [
        b'<property name="' + escaped(name, name, NAME) + b'" value="' + escaped(value, name, NAME) + b'"/>'
        for name, value in properties.items()
    ]

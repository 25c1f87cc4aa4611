"""repository/conf/axis2/axis2.xml edited in place: the clustering is set, every other byte stays, comments too.

How it is read: Axis2's ClusterBuilder (the first `members` counts, and of `wka` alone).
"""

import re
from typing import Dict, List, Mapping, Optional, Tuple

from ..failure import Failure
from ..markup import elements, encoded
from ..markup.elements import Element
from ..markup.encoded import Edit
from ..markup.lines import Lines
from .clustering import Address, Clustering, parameters
from .settings import WKA

NAME = "repository/conf/axis2/axis2.xml"

_ATTRIBUTE = re.compile(rb"([^\s\"'=<>/]+)\s*=\s*(\"[^\"]*\"|'[^']*')")
_NO_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}
_ESCAPES.update({control: f"&#{ord(control)};" for control in "\t\n\r"})
_STEP = b"    "


def patched(content: bytes, wanted: Clustering) -> bytes:
    """Return the file `content` with the clustering `wanted`, and unchanged if it says that already.

    Raises `Failure` with one sentence if the file cannot be edited safely.
    """
    after = _edited(content, wanted)
    if _edited(after, wanted) != after:
        raise Failure(
            f"{NAME}: its <clustering> is written in a way that cannot be edited; take the product's own file"
        )
    return after


def _edited(content: bytes, wanted: Clustering) -> bytes:
    source = encoded.read(content, NAME)
    cluster = _cluster(source.text)
    return source.spliced(_Edits(source.text, cluster, wanted).all())


def _cluster(text: bytes) -> Element:
    """Return the one clustering element; raises `Failure` if there is none or more."""
    found = elements.find(text, NAME, "clustering")
    if found.root != "axisconfig":
        raise Failure(
            f"{NAME} line {found.root_line}: <{found.root}> where <axisconfig> belongs; take the product's file"
        )
    one = elements.only(found.elements, "<clustering>", NAME)
    if one:
        return one
    if found.commented:
        raise Failure(f"{NAME} line {found.commented}: <clustering> is commented out; remove the comment's marks")
    raise Failure(f"{NAME}: there is no <clustering> in its <axisconfig>; put the product's own back in the artifact")


class _Edits:
    """What is to change in `text` so that its clustering says what is wanted; none if it does."""

    def __init__(self, text: bytes, cluster: Element, wanted: Clustering) -> None:
        self._text, self._cluster, self._wanted = text, cluster, wanted
        self._values = parameters(wanted)
        self._lines = Lines(text)
        self._standing = self._named()
        self._list = elements.only(cluster.called("members"), "<members>", NAME) if wanted.membership == WKA else None

    def all(self) -> List[Edit]:
        """Return the edits; they do not overlap."""
        return [*self._attributes(), *self._set(), *self._new(), *self._stale(), *self._members()]

    def _named(self) -> Dict[str, Element]:
        """Return the elements of the wanted parameters that are there, in their order in the file."""
        own = [each for each in self._cluster.called("parameter") if each.attributes.get("name") in self._values]
        names = dict.fromkeys(each.attributes["name"] for each in own)
        same = {name: [each for each in own if each.attributes["name"] == name] for name in names}
        single = {name: elements.only(found, f"the parameter {name}", NAME) for name, found in same.items()}
        return {name: element for name, element in single.items() if element}

    def _attributes(self) -> List[Edit]:
        values = {"class": self._wanted.agent, "enable": "true"}
        place = self._cluster.start + len(b"<clustering")
        found = {
            match.group(1).decode(): match for match in _ATTRIBUTE.finditer(self._text, place, self._cluster.inner)
        }
        edits: List[Edit] = []
        for name, value in values.items():
            if name not in self._cluster.attributes:
                edits.append((place, place, b" " + name.encode() + b'="' + _escaped(name, value) + b'"'))
            elif self._cluster.attributes[name] != value:
                start, end = found[name].span(2)
                edits.append((start + 1, end - 1, _escaped(name, value)))
        return edits

    def _set(self) -> List[Edit]:
        edits = (self._value(element, self._values[name]) for name, element in self._standing.items())
        return [edit for edit in edits if edit]

    def _value(self, element: Element, value: str) -> Optional[Edit]:
        """Return the edit that makes a parameter say `value`: its tag and the comments in it stay.

        An alias of the secure vault must go, which would be read in place of the value.
        """
        name = element.attributes["name"]
        aliased = any(each.endswith("secretAlias") for each in element.attributes)
        if element.text == value and not element.children and not aliased:
            return None
        new = _escaped(name, value) + b"".join(self._text[start:end] for start, end in element.comments)
        if not element.alone and not aliased:
            return element.inner, element.close, new
        tag = self._text[element.start : element.inner - 2].rstrip() + b">"
        if aliased:
            tag = b'<parameter name="' + _escaped(name, name) + b'">'
        return element.start, element.end, tag + new + b"</parameter>"

    def _new(self) -> List[Edit]:
        """Return the edit that adds what is missing, right behind the last of the wanted parameters."""
        lines = [_parameter(name, value) for name, value in self._values.items() if name not in self._standing]
        if self._wanted.membership == WKA and not self._list:
            lines += _members(self._wanted.members)
        if not lines:
            return []
        if not self._standing:
            return [self._filled(self._cluster, lines)]
        last = list(self._standing.values())[-1]
        end = self._lines.behind(last)
        return [(end, end, self._lines.block(self._lines.indent(last), lines))]

    def _stale(self) -> List[Edit]:
        stale = self._wanted.stale
        return [
            self._lines.removal(each)
            for each in self._cluster.called("parameter")
            if each.attributes.get("name") in stale
        ]

    def _members(self) -> List[Edit]:
        members = self._list
        if not members or _addresses(members) == [(host, str(port)) for host, port in self._wanted.members]:
            return []
        lines = [line for member in self._wanted.members for line in _member(member)]
        return [self._filled(members, lines), *(self._lines.removal(each) for each in members.called("member"))]

    def _filled(self, element: Element, lines: List[bytes]) -> Edit:
        """Return the edit that puts `lines` at the head of an element's inside."""
        own = self._lines.indent(element)
        inside = self._lines.indent(element.children[0]) if element.children else own + _STEP
        block = self._lines.block(inside, lines)
        if element.alone:
            closed = self._lines.newline + own + b"</" + element.name.encode() + b">"
            return element.inner - 2, element.inner, b">" + block + closed
        closed = b"" if element.inner < element.close else self._lines.newline + own
        return element.inner, element.inner, block + closed


def _addresses(members: Element) -> List[Tuple[str, str]]:
    texts = [
        tuple("".join(part.text for part in member.called(name)[:1]).strip() for name in ("hostName", "port"))
        for member in members.called("member")
    ]
    return [(host, port) for host, port in texts]


def _parameter(name: str, value: str) -> bytes:
    return b'<parameter name="' + _escaped(name, name) + b'">' + _escaped(name, value) + b"</parameter>"


def _member(address: Address) -> List[bytes]:
    host, port = _escaped("members", address[0]), str(address[1]).encode()
    inside = [b"<hostName>" + host + b"</hostName>", b"<port>" + port + b"</port>"]
    return [b"<member>", *(_STEP + line for line in inside), b"</member>"]


def _members(addresses: Tuple[Address, ...]) -> List[bytes]:
    inside = [_STEP + line for address in addresses for line in _member(address)]
    return [b"<members>", *inside, b"</members>"]


def _escaped(name: str, value: str, escapes: Mapping[str, str] = _ESCAPES) -> bytes:
    """Return `value` as text of an element or attribute; raises `Failure` if XML has no way to say it."""
    if _NO_XML.search(value):
        raise Failure(f"{NAME}: the value of {name} holds a character that XML cannot hold; choose another value")
    return "".join(escapes.get(character, character) for character in value).encode("utf-8")

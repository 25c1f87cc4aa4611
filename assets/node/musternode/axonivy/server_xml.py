"""conf/server.xml of a Tomcat edited in place: route and HTTP connectors are set, AJP goes, every other byte stays.

An engine has no such file, its stand-in of the rehearsal does.
"""

import re
from typing import List, Sequence

from ..failure import Failure
from ..markup import elements, encoded
from ..markup.elements import Element
from ..markup.encoded import Edit
from ..markup.lines import Lines

NAME = "conf/server.xml"
_ATTRIBUTE = re.compile(rb"\s([^\s\"'=<>/]+)\s*=\s*(\"[^\"]*\"|'[^']*')")


def patched(content: bytes, route: str, connectors: Sequence[int]) -> bytes:
    """Return the file `content` with the route and one plain HTTP connector for each of `connectors`.

    A connector that stands keeps its other attributes, a new one has those of the first. What is said already leaves
    the file unchanged. Raises `Failure` with one sentence if it cannot be edited safely.
    """
    after = _edited(content, route, connectors)
    if _edited(after, route, connectors) != after:
        raise Failure(f"{NAME}: it is written in a way that cannot be edited; take the form of Tomcat's own file")
    return after


def _edited(content: bytes, route: str, connectors: Sequence[int]) -> bytes:
    source = encoded.read(content, NAME)
    service = _service(source.text)
    engine = elements.only(service.called("Engine"), "<Engine>", NAME)
    if engine is None:
        raise Failure(f"{NAME} line {service.line}: there is no <Engine> in its <Service>; take Tomcat's own file")
    edits = [*_attribute(source.text, engine, "jvmRoute", route), *_Connectors(source.text, service, connectors).all()]
    return source.spliced(edits)


def _service(text: bytes) -> Element:
    found = elements.find(text, NAME, "Service")
    if found.root != "Server":
        raise Failure(f"{NAME} line {found.root_line}: <{found.root}> where <Server> belongs; take Tomcat's own file")
    service = elements.only(found.elements, "<Service>", NAME)
    if service is None:
        raise Failure(f"{NAME}: there is no <Service> in its <Server>; take Tomcat's own file")
    return service


class _Connectors:
    """What is to change in `text` so that its plain HTTP connectors have the ports that are wanted, in their order."""

    def __init__(self, text: bytes, service: Element, wanted: Sequence[int]) -> None:
        self._text, self._lines = text, Lines(text)
        found = service.called("Connector")
        self._ajp = [each for each in found if "ajp" in each.attributes.get("protocol", "").lower()]
        self._plain = [each for each in found if each not in self._ajp and not _encrypted(each)]
        if not self._plain:
            raise Failure(f"{NAME} line {service.line}: no <Connector> for plain HTTP is there; add one to the file")
        taken = {each.attributes.get("port") for each in found if _encrypted(each)}
        for port in map(str, wanted):
            if port in taken:
                raise Failure(f"{NAME}: port {port} belongs to the connector for TLS; choose another one")
        kept = {str(port): each for port in wanted for each in reversed(self._plain) if _port(each) == str(port)}
        self._spare = [each for each in self._plain if each not in kept.values()]
        self._missing = [str(port) for port in wanted if str(port) not in kept]

    def all(self) -> List[Edit]:
        """Return the edits; they do not overlap."""
        moved = list(zip(self._spare, self._missing))
        gone = [*self._ajp, *self._spare[len(moved) :]]
        edits = [edit for each, port in moved for edit in _attribute(self._text, each, "port", port)]
        return [*edits, *self._new(self._missing[len(moved) :]), *map(self._lines.removal, gone)]

    def _new(self, ports: Sequence[str]) -> List[Edit]:
        """Return the edit that puts a copy of the first connector for each of `ports` behind the last one."""
        if not ports:
            return []
        first, last = self._plain[0], self._plain[-1]
        copies = [self._copy(first, port) for port in ports]
        return [(last.end, last.end, self._lines.block(self._lines.indent(first), copies))]

    def _copy(self, element: Element, port: str) -> bytes:
        text = self._text[element.start : element.end]
        for start, end, new in _attribute(self._text, element, "port", port):
            text = text[: start - element.start] + new + text[end - element.start :]
        return text


def _encrypted(connector: Element) -> bool:
    said = connector.attributes
    return said.get("SSLEnabled", "").lower() == "true" or said.get("scheme") == "https"


def _port(connector: Element) -> str:
    return connector.attributes.get("port", "")


def _attribute(text: bytes, element: Element, name: str, value: str) -> List[Edit]:
    """Return the edits, one or none, that let the attribute `name` say `value`, which XML needs no escapes for."""
    if element.attributes.get(name) == value:
        return []
    begin = element.start + 1 + len(element.name)
    for found in _ATTRIBUTE.finditer(text, begin, element.inner):
        if found.group(1).decode() == name:
            return [(found.start(2) + 1, found.end(2) - 1, value.encode("ascii"))]
    return [(begin, begin, f' {name}="{value}"'.encode("ascii"))]

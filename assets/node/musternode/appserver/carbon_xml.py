"""repository/conf/carbon.xml edited in place: offset of ports, host names, deployment synchronizer; all else stays."""

import re
from typing import Dict, List, Optional

from ..failure import Failure
from ..markup import elements, encoded, top
from ..markup.changes import Changes
from ..markup.elements import Element
from ..markup.encoded import Edit
from .server_configuration import (
    DEPLOYMENT,
    INTERVAL,
    NAME,
    PORTS,
    SYNCHRONIZER,
    URL,
    Wanted,
    check,
    hosts,
    keys,
    synchronizer,
    values,
)

_BEFORE = {"HostName": ("Version", "ServerKey", "Name"), "MgtHostName": ("HostName", "Version", "ServerKey", "Name")}
"""Behind which elements others stand in the product's own file, the nearest first."""


def patched(content: bytes, wanted: Wanted) -> bytes:
    """Return the file `content` with what is `wanted`, and unchanged if it says that already.

    Raises `Failure` with one sentence if the file cannot be edited safely.
    """
    expected = keys(wanted)
    check(expected)
    after = _edited(content, wanted)
    read = values(encoded.read(after, NAME).text)
    misread = next((f"its {key}" for key, value in expected.items() if read.get(key) != value), "")
    if misread or _edited(after, wanted) != after:
        raise Failure(f"{NAME}: {misread or 'it'} is written in a way that cannot be edited; take the product's own")
    return after


def _edited(content: bytes, wanted: Wanted) -> bytes:
    source = encoded.read(content, NAME)
    return source.spliced(_Page(source.text).edits(wanted))


class _Page:
    """The file's elements right below its root."""

    def __init__(self, text: bytes) -> None:
        self._text, self._changes, self._top = text, Changes(text, NAME), top.read(text, NAME)
        if self._top.name != "Server":
            line, name = self._top.line, self._top.name
            raise Failure(f"{NAME} line {line}: <{name}> where <Server> belongs; take the product's file")

    def edits(self, wanted: Wanted) -> List[Edit]:
        """Return what makes the file say what is wanted; the edits do not overlap."""
        named = [edit for name, value in hosts(wanted).items() for edit in self._host(name, value)]
        ports, deployment = self._only(PORTS), self._only(DEPLOYMENT)
        if not ports:
            raise Failure(f"{NAME}: there is no <{PORTS}> in its <Server>; put the product's own back in the artifact")
        moved = self._changes.holding(ports, {"Offset": str(wanted.offset)}, PORTS)
        pace = {INTERVAL: str(wanted.interval)}
        paced = self._changes.holding(deployment, pace, DEPLOYMENT) if deployment else []
        return [*named, *moved, *paced, *self._synchronized(synchronizer(wanted), ports)]

    def _host(self, name: str, value: str) -> List[Edit]:
        standing = self._only(name)
        if standing:
            return self._changes.set(standing, value, name)
        neighbours = (next(reversed(self._all(each)), self._remark(each)) for each in _BEFORE[name])
        place = self._remark(name) or next((each for each in neighbours if each), None)
        return self._new(place, [self._changes.element(name, value)])

    def _synchronized(self, wanted: Dict[str, str], ports: Element) -> List[Edit]:
        standing = self._only(SYNCHRONIZER)
        if standing:
            return self._changes.holding(standing, wanted, SYNCHRONIZER)
        inside = [b"    " + self._changes.element(name, value) for name, value in wanted.items()]
        tag = SYNCHRONIZER.encode()
        place = self._remark(SYNCHRONIZER, URL) or self._remark(SYNCHRONIZER) or ports
        return self._new(place, [b"<" + tag + b">", *inside, b"</" + tag + b">"])

    def _new(self, place: Optional[Element], lines: List[bytes]) -> List[Edit]:
        """Return what adds `lines` behind `place`, or else at the head of the file's inside."""
        if place:
            return self._changes.added(place, lines)
        start = self._top.inner
        return [(start, start, self._changes.block(b"    ", lines))]

    def _remark(self, name: str, inside: str = "") -> Optional[Element]:
        """Return the first comment that is the element `name` put out of force, with one called `inside` in it."""
        element = re.compile(rf"\s*<?{name}\s*>.*</{inside or name}\b.*", re.DOTALL)
        return next((each for each in self._top.comments if element.match(each.text)), None)

    def _all(self, name: str) -> List[Element]:
        return elements.find(self._text, NAME, self._top.named(name)).elements

    def _only(self, name: str) -> Optional[Element]:
        return elements.only(self._all(name), f"<{name}>", NAME)

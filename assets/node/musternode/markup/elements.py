"""The elements of one XML file below a path, with the places where they stand in its text; by expat."""

import re
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Tuple
from xml.parsers import expat

from ..failure import Failure

_TAG = re.compile(rb"<[^\"'>]*(?:(?:\"[^\"]*\"|'[^']*')[^\"'>]*)*>")
_ADVICE = "correct it in the artifact"


@dataclass
class Element:
    """An element from `start` to `end`; its inside goes from `inner` to `close`. All are bytes of the UTF-8 text."""

    name: str
    attributes: Mapping[str, str]
    line: int
    start: int
    inner: int
    close: int = 0
    end: int = 0
    parts: List[str] = field(default_factory=list)
    children: List["Element"] = field(default_factory=list)
    comments: List[Tuple[int, int]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Its own characters, without those of its children."""
        return "".join(self.parts)

    @property
    def alone(self) -> bool:
        """Whether it is written as one empty-element tag."""
        return self.inner == self.end

    def called(self, name: str) -> List["Element"]:
        """Return its own children called `name`."""
        return [child for child in self.children if child.name == name]


@dataclass
class Found:
    """What was looked for: elements, and the first line of a comment that holds one, 0 if there is none."""

    root: str = ""
    root_line: int = 0
    elements: List[Element] = field(default_factory=list)
    commented: int = 0


def find(text: bytes, name: str, wanted: str) -> Found:
    """Return the elements `wanted` that stand right below the root of the UTF-8 `text`; names are without a namespace.

    Raises `Failure`, which calls the file `name`, if it is not well-formed or declares a document type: entities could
    bring in other files, or grow without end.
    """
    reading = _Reading(text, name, wanted)
    try:
        reading.parser.Parse(text, True)
    except expat.ExpatError as fault:
        what = expat.ErrorString(fault.code)
        raise Failure(f"{name} line {fault.lineno}: not well-formed XML ({what}); {_ADVICE}") from None
    return reading.found


class _Reading:
    """One pass over a file; keeps what is below `wanted` alone."""

    def __init__(self, text: bytes, name: str, wanted: str) -> None:
        self.found = Found()
        self._text, self._name, self._wanted = text, name, wanted
        self._depth = 0
        self._open: List[Element] = []
        # the text is UTF-8 whatever its declaration says
        self.parser = parser = expat.ParserCreate("utf-8", " ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.CommentHandler = self._comment
        parser.StartDoctypeDeclHandler = self._doctype

    def _start(self, name: str, attributes: Dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 1:
            self.found.root, self.found.root_line = name, self.parser.CurrentLineNumber
        if not self._open and not (self._depth == 2 and name == self._wanted):
            return
        start = self.parser.CurrentByteIndex
        tag = _TAG.match(self._text, start)
        element = Element(name, attributes, self.parser.CurrentLineNumber, start, tag.end() if tag else start)
        (self._open[-1].children if self._open else self.found.elements).append(element)
        self._open.append(element)

    def _end(self, _name: str) -> None:
        self._depth -= 1
        if self._open:
            element = self._open.pop()
            if self._text[element.inner - 2 : element.inner] == b"/>":
                element.close = element.end = element.inner
            else:
                element.close = self.parser.CurrentByteIndex
                element.end = self._text.index(b">", element.close) + 1

    def _characters(self, text: str) -> None:
        if self._open:
            self._open[-1].parts.append(text)

    def _comment(self, text: str) -> None:
        if self._open:
            start = self.parser.CurrentByteIndex
            self._open[-1].comments.append((start, self._text.index(b"-->", start) + 3))
        elif f"<{self._wanted}" in text and not self.found.commented:
            self.found.commented = self.parser.CurrentLineNumber

    def _doctype(self, *_declared: Any) -> None:
        line = self.parser.CurrentLineNumber
        raise Failure(f"{self._name} line {line}: a DOCTYPE declaration, which is not read; remove it in the artifact")


def only(found: List[Element], what: str, name: str) -> Optional[Element]:
    """Return the one of `found` or None; raises `Failure`, which calls it `what`, if there are more."""
    if len(found) > 1:
        lines = " and ".join(str(element.line) for element in found[:2])
        raise Failure(f"{name} lines {lines}: {what} stands twice; remove one of them in the artifact")
    return found[0] if found else None

"""The root of one XML file: its name, where its inside begins, and the comments right below it; by expat."""

import re
from dataclasses import dataclass, field
from typing import Any, List
from xml.parsers import expat

from .elements import Element, find

_TAG = re.compile(rb"<[^\"'>]*(?:(?:\"[^\"]*\"|'[^']*')[^\"'>]*)*>")


@dataclass
class Top:
    """A root `name` (in `namespace`, or "") whose inside begins at `inner`; each comment is an element of no inside."""

    namespace: str = ""
    name: str = ""
    line: int = 0
    inner: int = 0
    comments: List[Element] = field(default_factory=list)

    def named(self, name: str) -> str:
        """Return the `name` of a child in the root's namespace as `Element.name` has it."""
        return f"{self.namespace} {name}" if self.namespace else name


def read(text: bytes, name: str) -> Top:
    """Return the root of the UTF-8 `text`; raises `Failure`, which calls the file `name`, as `elements.find` does."""
    found = find(text, name, "")
    namespace, _, root = found.root.rpartition(" ")
    top = Top(namespace, root, found.root_line)
    _Reading(text, top).parser.Parse(text, True)
    return top


class _Reading:
    """One pass over a well-formed file."""

    def __init__(self, text: bytes, top: Top) -> None:
        self._text, self._top, self._depth = text, top, 0
        self.parser = parser = expat.ParserCreate("utf-8")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CommentHandler = self._comment

    def _start(self, *_element: Any) -> None:
        self._depth += 1
        if self._depth == 1:
            start = self.parser.CurrentByteIndex
            tag = _TAG.match(self._text, start)
            self._top.inner = tag.end() if tag else start

    def _end(self, _name: str) -> None:
        self._depth -= 1

    def _comment(self, text: str) -> None:
        if self._depth == 1:
            start = self.parser.CurrentByteIndex
            end = self._text.index(b"-->", start) + 3
            line = self.parser.CurrentLineNumber
            self._top.comments.append(Element("", {}, line, start, end, end, end, [text]))

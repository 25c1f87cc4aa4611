"""The text of one gateway-config.xml, and how its lines are changed so that all others stay."""

import re
from typing import Dict, List, Mapping, Sequence

from ..markup.elements import Element
from ..markup.encoded import Edit
from ..markup.lines import Lines
from .uris import resolved

NAME = "conf/gateway-config.xml"

_TAG_NAME = re.compile(rb"<([^\s/>]+)")


class Page(Lines):
    """A file's UTF-8 `text`, whose own elements are in `namespace`; its methods return the edits that change it.

    New elements are written without a prefix, and values without escapes: no value may need one.
    """

    def __init__(self, text: bytes, namespace: str) -> None:
        super().__init__(text)
        self._namespace = namespace

    def named(self, name: str) -> str:
        """Return `name` as `Element.name` has it."""
        return f"{self._namespace} {name}"

    def called(self, parent: Element, *names: str) -> List[Element]:
        """Return the children of `parent` called one of `names`, in their order in the file."""
        wanted = {self.named(name) for name in names}
        return [child for child in parent.children if child.name in wanted]

    def values(self, parent: Element, properties: Mapping[str, str]) -> Dict[str, str]:
        """Return the text of each child of `parent` by its name, with properties resolved; the later one counts."""
        own = [(child, child.name.rpartition(" ")) for child in parent.children]
        return {name: resolved(child.text, properties) for child, (space, _, name) in own if space == self._namespace}

    def prefixed(self, element: Element) -> bool:
        """Return whether the element is written with a prefix."""
        return b":" in self._tag_name(element)

    def set(self, element: Element, value: str) -> List[Edit]:
        """Return what makes the element's text `value`; its tag and the comments in it stay."""
        if element.text == value and not element.children:
            return []
        new = value.encode("utf-8") + b"".join(self.text[start:end] for start, end in element.comments)
        if not element.alone:
            return [(element.inner, element.close, new)]
        tag = self.text[element.start : element.inner - 2].rstrip() + b">"
        return [(element.start, element.end, tag + new + b"</" + self._tag_name(element) + b">")]

    def added(self, element: Element, lines: Sequence[str]) -> List[Edit]:
        """Return what adds `lines` behind the element and the comments that end its line."""
        place = self.behind(element)
        return [(place, place, self._block(self.indent(element), lines))] if lines else []

    def inside(self, parent: Element, lines: Sequence[str], step: bytes) -> List[Edit]:
        """Return what adds `lines` at the head of the inside of `parent`; `step` is how much deeper they stand."""
        if not lines:
            return []
        own = self.indent(parent)
        block = self._block(own + (self.step(parent) if parent.children else step), lines)
        if parent.alone:
            closed = self.newline + own + b"</" + self._tag_name(parent) + b">"
            return [(parent.inner - 2, parent.inner, b">" + block + closed)]
        closed = b"" if self.broken(parent) else self.newline + own
        return [(parent.inner, parent.inner, block + closed)]

    def step(self, parent: Element) -> bytes:
        """Return how much deeper the first child of `parent` stands than its parent."""
        outer, inner = self.indent(parent), self.indent(parent.children[0]) if parent.children else b""
        return inner[len(outer) :] if inner.startswith(outer) and inner != outer else b"  "

    def _block(self, indent: bytes, lines: Sequence[str]) -> bytes:
        return self.block(indent, [line.encode("utf-8") for line in lines])

    def _tag_name(self, element: Element) -> bytes:
        found = _TAG_NAME.match(self.text, element.start)
        return found.group(1) if found else element.name.encode("utf-8")

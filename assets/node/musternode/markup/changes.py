"""The edits by which elements of one XML file say what is wanted, while their tags, comments and layout stay."""

import re
from typing import List, Mapping, Optional, Sequence

from .elements import Element, only
from .encoded import Edit
from .escapes import escaped
from .lines import Lines

_TAG_NAME = re.compile(rb"<([^\s/>]+)")
_ATTRIBUTE = re.compile(rb"(\s+)([^\s\"'=<>/]+)\s*=\s*(\"[^\"]*\"|'[^']*')")
_LAYOUT = re.compile(rb"(?:\r\n|\n|\r)?[ \t]*\Z")
_STEP = b"    "


class Changes(Lines):
    """The file `name`, whose UTF-8 `text` they change; a value that XML cannot say raises `Failure`.

    New elements are written without a prefix.
    """

    def __init__(self, text: bytes, name: str) -> None:
        super().__init__(text)
        self.name = name

    def element(self, name: str, value: str) -> bytes:
        """Return a line with the element `name` that says `value`."""
        tag = name.encode("utf-8")
        return b"<" + tag + b">" + escaped(value, name, self.name) + b"</" + tag + b">"

    def set(self, element: Element, value: str, what: str) -> List[Edit]:
        """Return what makes the text of the element, `what` in a message, `value`; the comments in it stay.

        An alias of the secure vault must go, which would be read in place of the value.
        """
        tag = self.text[element.start : element.inner]
        plain = _ATTRIBUTE.sub(lambda found: b"" if found.group(2).endswith(b"secretAlias") else found.group(), tag)
        if (element.text, plain) == (value, tag) and not element.children:
            return []
        new = escaped(value, what, self.name) + b"".join(self.text[start:end] for start, end in element.comments)
        if element.alone:
            whole = plain[:-2].rstrip() + b">" + new + b"</" + self._tag_name(element) + b">"
            return [(element.start, element.end, whole)]
        changed = [(element.start, element.inner, plain)] if plain != tag else []
        return [*changed, (element.inner, element.close, new)]

    def attribute(self, element: Element, name: str, value: str, behind: str) -> List[Edit]:
        """Return what makes the attribute `name` say `value`; a new one stands as `behind` does, right behind it."""
        if element.attributes.get(name) == value:
            return []
        new = escaped(value, name, self.name)
        found = {match.group(2): match for match in _ATTRIBUTE.finditer(self.text, element.start, element.inner)}
        own, before = found.get(name.encode("utf-8")), found.get(behind.encode("utf-8"))
        if own:
            return [(own.start(3) + 1, own.end(3) - 1, new)]
        layout = _LAYOUT.search(before.group(1)) if before else None
        end = before.end() if before else element.start + 1 + len(self._tag_name(element))
        return [(end, end, (layout.group() if layout else b" ") + name.encode("utf-8") + b'="' + new + b'"')]

    def holding(self, parent: Element, wanted: Mapping[str, str], what: str) -> List[Edit]:
        """Return what makes `parent`, `what` in a message, hold each element `wanted` once, with its text.

        Those that it has stay in their places; a new one stands behind that which comes before it in `wanted`.
        """
        edits: List[Edit] = []
        last: Optional[Element] = None
        missing: List[bytes] = []
        for name, value in wanted.items():
            same = parent.called(f"{parent.name.rpartition(' ')[0]} {name}".strip())
            child = only(same, f"<{name}> of its <{what}>", self.name)
            if not child:
                missing.append(self.element(name, value))
                continue
            edits += [*self._put(parent, last, missing), *self.set(child, value, name)]
            last, missing = child, []
        return [*edits, *self._put(parent, last, missing)]

    def added(self, element: Element, lines: Sequence[bytes]) -> List[Edit]:
        """Return what adds `lines` behind the element and the comments that end its line, indented as it is."""
        place = self.behind(element)
        return [(place, place, self.block(self.indent(element), lines))] if lines else []

    def inside(self, parent: Element, lines: Sequence[bytes]) -> List[Edit]:
        """Return what adds `lines` at the head of the inside of `parent`."""
        if not lines:
            return []
        own = self.indent(parent)
        block = self.block(self.indent(parent.children[0]) if parent.children else own + _STEP, lines)
        if parent.alone:
            closed = self.newline + own + b"</" + self._tag_name(parent) + b">"
            return [(parent.inner - 2, parent.inner, b">" + block + closed)]
        closed = b"" if self.broken(parent) else self.newline + own
        return [(parent.inner, parent.inner, block + closed)]

    def _put(self, parent: Element, last: Optional[Element], lines: Sequence[bytes]) -> List[Edit]:
        return self.added(last, lines) if last else self.inside(parent, lines)

    def _tag_name(self, element: Element) -> bytes:
        found = _TAG_NAME.match(self.text, element.start)
        return found.group(1) if found else element.name.encode("utf-8")

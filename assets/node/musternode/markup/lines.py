"""The lines of one XML file's UTF-8 text: where they begin, how they are indented, and edits that keep them so."""

import re
from typing import Sequence

from .elements import Element
from .encoded import Edit

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BLANK = re.compile(rb"[ \t]*")
_REMARKS = re.compile(rb"(?:[ \t]*<!--(?:(?!-->)[^\r\n])*-->)*")
_REST = re.compile(rb"[ \t]*(?:\r\n|\n|\r)")


class Lines:
    """A file's `text`; `newline` is how its lines end."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        found = _LINE_END.search(text)
        self.newline = found.group() if found else b"\n"

    def begin(self, place: int) -> int:
        """Return where the line of `place` begins."""
        return 1 + max(self.text.rfind(end, 0, place) for end in (b"\n", b"\r"))

    def indent(self, element: Element) -> bytes:
        """Return the blanks with which the line of the element begins."""
        found = _BLANK.match(self.text, self.begin(element.start), element.start)
        return found.group() if found else b""

    def broken(self, element: Element) -> bool:
        """Return whether a line ends inside the element."""
        return bool(_LINE_END.search(self.text, element.inner, element.close))

    def removal(self, element: Element) -> Edit:
        """Return the edit that removes the element, with its line if nothing else stands there."""
        start, rest = self.begin(element.start), _REST.match(self.text, element.end)
        if rest and not self.text[start : element.start].strip(b" \t"):
            return start, rest.end(), b""
        return element.start, element.end, b""

    def behind(self, element: Element) -> int:
        """Return where a line can be added behind the element: after the comments that end its own, if they do."""
        remarks = _REMARKS.match(self.text, element.end)
        return remarks.end() if remarks and _REST.match(self.text, remarks.end()) else element.end

    def block(self, indent: bytes, lines: Sequence[bytes]) -> bytes:
        """Return `lines` as text that begins new lines with this indent; empty ones have none."""
        return b"".join(self.newline + (indent + line if line else b"") for line in lines)

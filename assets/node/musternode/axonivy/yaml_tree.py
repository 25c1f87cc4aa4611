"""The maps of one YAML file with the places where they stand in its text: a strict subset, read without a library."""

import re
from dataclasses import dataclass, field
from typing import List, Optional, Tuple

from . import yaml_line
from .yaml_line import Unsafe

LONGEST = 4096
"""Characters of a line that is looked at; those of a text block are not."""
SCALAR, TEXT, MAP, LIST, NULL = "a value", "a text over several lines", "a map", "a list", "nothing"
_STRANGE = re.compile("[^\t\n\r -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|\r(?!\n)|\ufeff")


@dataclass
class Entry:
    """A `key` and its value; `name` is all keys that lead to it, joined by points. Numbers are places in the text.

    The key stands on the line that begins at `start`, `indent` characters in. The value goes from `begin` to `end`; a
    map has its own `entries`. The whole ends at `over`, a beginning of a line.
    """

    name: str
    key: str
    line: int
    start: int
    indent: int
    kind: str
    begin: int
    end: int
    over: int
    entries: List["Entry"] = field(default_factory=list)


class Fault(Exception):  # noqa: N818 - it becomes the sentence of a Failure
    """The line of the first thing that is not of the subset, and what it is."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"line {line}: {why}")


def entries(text: str) -> List[Entry]:
    """Return the keys of the file `text`, which is a map or empty; raises `Fault`."""
    strange = _STRANGE.search(text)
    if strange:
        raise Fault(1 + text[: strange.start()].count("\n"), f"the character {strange.group()!r}; remove it")
    return _Reading(text).all()


class _Reading:
    """One pass over the lines of a file."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._ends: List[int] = []
        place = 0
        for number, line in enumerate(self._lines):
            place += len(line) + 1
            self._ends.append(min(place, len(text)))
            self._lines[number] = line[:-1] if line.endswith("\r") else line
        self._at = 0

    def all(self) -> List[Entry]:
        try:
            return self._whole()
        except Unsafe as fault:
            raise Fault(self._at + 1, str(fault)) from None
        except RecursionError:
            raise Fault(self._at + 1, "maps or lists that are nested too deeply") from None

    def _whole(self) -> List[Entry]:
        indent = self._next()
        if indent == 0 and re.fullmatch(r"---( +#.*| *)", self._lines[self._at]):
            self._at += 1
            indent = self._next()
        if indent is None:
            return []
        found = self._map("", indent)
        if self._next() is not None:
            raise Unsafe("a line that is indented less than the first one")
        return found

    def _next(self) -> Optional[int]:
        """Go on to the next line with content and return its indentation, None at the end of the file."""
        while self._at < len(self._lines):
            line = self._lines[self._at]
            bare = line.lstrip(" ")
            if bare and not bare.startswith("#"):
                if "\t" in line:
                    raise Unsafe("a tab", "use blanks")
                if len(line) > LONGEST:
                    raise Unsafe(f"more than {LONGEST} characters", "write it as a text block")
                return len(line) - len(bare)
            if line.strip() == "" and "\t" in line:
                raise Unsafe("a tab", "use blanks")
            self._at += 1
        return None

    def _map(self, path: str, column: int) -> List[Entry]:
        """Read the map whose first key stands on this line at `column`."""
        found: List[Entry] = []
        indent: Optional[int] = column
        while indent == column:
            found.append(self._entry(path, column))
            indent = self._next()
        if indent is not None and indent > column:
            raise Unsafe("an indentation that fits nothing above")
        return found

    def _entry(self, path: str, column: int) -> Entry:
        line, number = self._lines[self._at], self._at
        key = yaml_line.key(line, column)
        if key is None:
            raise Unsafe("no key where one belongs")
        start = self._ends[number - 1] if number else 0
        entry = Entry(f"{path}{key[0]}", key[0], number + 1, start, column, NULL, start + key[1], start + key[1], 0)
        value = yaml_line.value(line, key[1])
        self._at += 1
        if value is None:
            self._below(entry, column)
        else:
            entry.kind = TEXT if value.text else SCALAR
            entry.begin, entry.end = start + value.start, start + value.end
            if value.text:
                entry.end = self._text_end(column)
        entry.over = entry.over or self._ends[self._at - 1]
        return entry

    def _below(self, entry: Entry, column: int) -> None:
        """Read what stands below a key without a value on its line."""
        after = self._at
        indent = self._next()
        if indent is None or indent < column or (indent == column and not self._dash(indent)):
            entry.over = self._ends[after - 1]
            return
        entry.begin = self._ends[self._at - 1]
        if self._dash(indent):
            entry.kind = LIST
            entry.over = self._list(indent)
        else:
            entry.kind = MAP
            entry.entries = self._map(f"{entry.name}.", indent)
            entry.over = entry.entries[-1].over
        entry.end = entry.over

    def _dash(self, column: int) -> bool:
        line = self._lines[self._at]
        return line.startswith("- ", column) or line[column:] == "-"

    def _list(self, column: int) -> int:
        """Read a list and return where it is over."""
        over = 0
        indent: Optional[int] = column
        while indent == column and self._dash(column):
            over = self._item(column)
            indent = self._next()
        if indent is not None and indent > column:
            raise Unsafe("an indentation that fits nothing above")
        return over

    def _item(self, column: int) -> int:
        line = self._lines[self._at]
        inner = len(line) - len(line[column + 1 :].lstrip(" "))
        if inner < len(line) and line[inner] != "#":
            return self._node(inner)
        self._at += 1
        after = self._at
        indent = self._next()
        return self._node(indent) if indent is not None and indent > column else self._ends[after - 1]

    def _node(self, column: int) -> int:
        """Read the value of an item of a list, which begins on this line at `column`; return where it is over."""
        if self._dash(column):
            return self._list(column)
        line = self._lines[self._at]
        if line[column] not in "[{" and yaml_line.key(line, column):
            return self._map("", column)[-1].over
        value = yaml_line.value(line, column)
        self._at += 1
        if value and value.text:
            return self._text_end(column - 1)
        return self._ends[self._at - 1]

    def _text_end(self, column: int) -> int:
        """Go behind a text block whose key or dash stands at `column`; return where it is over."""
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if line.strip(" ") and len(line) - len(line.lstrip(" ")) <= column:
                break
            self._at += 1
        if self._at == len(self._lines) and self._lines[-1]:
            raise Unsafe("a text that ends without a line end", "add one")
        return self._ends[self._at - 1]


def flat(found: List[Entry]) -> List[Tuple[str, Entry]]:
    """Return all entries by their full names, outer ones first."""
    return [pair for entry in found for pair in ((entry.name, entry), *flat(entry.entries))]

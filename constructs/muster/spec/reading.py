"""YAML text to plain values with the line of each key: strict, YAML 1.2 core schema, no tags, anchors or aliases."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml import events as yaml_events
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

from muster.checking import LONGEST_SHOWN, printable, shown
from muster.spec.faults import Fault, Location, SpecError

LARGEST: Final = 256 * 1024
"""Bytes of a cluster file; real ones have about 1,000."""

DEEPEST: Final = 20
"""Levels of nesting; real files have four."""

_WANT: Final = "want a mapping of fields such as `name: as400`"


@dataclass
class Document:
    """Values of a cluster file, the line (from 1) of each key and list entry, and what the file may not hold."""

    path: str
    value: Any = None
    lines: dict[Location, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def line(self, location: Location) -> int | None:
        """Return the line of `location`, or of the nearest field around it that the file has."""
        around = (location[:length] for length in range(len(location), -1, -1))
        return next((self.lines[each] for each in around if each in self.lines), None)

    def fault(self, location: Location, what: str) -> Fault:
        """Return the fault `what` of the field at `location`."""
        return Fault(self.path, self.line(location), ".".join(part[:LONGEST_SHOWN] for part in location), what)


def read(path: Path) -> Document:
    """Return the values of the YAML file `path`.

    Raises `SpecError` for what is not YAML of one mapping; lesser faults (a key that stands twice, a tag, an alias)
    are left in the document's `faults`, so that the rest can be judged too.
    """
    name = str(path)
    text = _text(path, name)
    builder = _Builder(Document(name, lines={(): 1}))
    try:
        builder.build(YAML(typ="safe", pure=True).parse(text))
    except RecursionError:
        raise SpecError([Fault(name, None, "", f"is nested too deep, {_WANT}")]) from None
    except (YAMLError, ValueError, IndexError, AttributeError, TypeError) as error:
        # ruamel answers some broken text with errors that are not its own
        raise SpecError([*builder.document.faults, _syntax_fault(name, text, error)]) from None
    document = builder.document
    if not isinstance(document.value, dict):
        what = "is empty" if document.value is None else f"got {shown(document.value)}"
        raise SpecError([*document.faults, Fault(name, 1, "", f"{what}, {_WANT}")])
    return document


def _text(path: Path, name: str) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise SpecError([Fault(name, None, "", f"{reason}, want a readable cluster file")]) from None
    except ValueError:  # NUL in the name
        raise SpecError([Fault(ascii(name), None, "", "is not the name of a file")]) from None
    if len(data) > LARGEST:
        raise SpecError([Fault(name, None, "", f"is larger than {LARGEST // 1024} KiB, want a cluster file")])
    if data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        raise SpecError([Fault(name, 1, "", "begins with a byte order mark, want plain UTF-8")])
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SpecError([Fault(name, line, "", f"byte 0x{data[error.start]:02x} is not UTF-8, want UTF-8")]) from None


def _syntax_fault(name: str, text: str, error: Exception) -> Fault:
    if isinstance(error, ReaderError):
        line = text.count("\n", 0, error.position) + 1
        return Fault(name, line, "", f"holds the character U+{int(error.character):04X}, want printable text")
    if not isinstance(error, MarkedYAMLError):
        return Fault(name, None, "", "is not YAML, want a mapping of fields")
    mark = error.problem_mark or error.context_mark
    problem = error.problem or error.context or "syntax error"
    if "\\t" in problem:
        problem = "found a tab, want spaces"
    return Fault(name, mark.line + 1 if mark else None, "", f"is not YAML: {printable(problem)}")


class _Builder:
    """Builds a document out of parse events and notes each thing that a cluster file may not hold."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._events: Iterator[Any] = iter(())
        self._documents = 0

    def build(self, stream: Iterator[Any]) -> None:
        self._events = stream
        for event in stream:
            if isinstance(event, yaml_events.DocumentStartEvent):
                self._begin(event)

    def _begin(self, event: Any) -> None:
        self._documents += 1
        if event.version or event.tags:
            self._refuse((), event, "has a % directive, want none")
        if self._documents > 1:
            self._refuse((), event, "begins a second document, want one")
        value = self._node(next(self._events), ())
        if self._documents == 1:
            self.document.value = value

    def _refuse(self, location: Location, event: Any, what: str) -> None:
        fault = Fault(self.document.path, event.start_mark.line + 1, ".".join(location), what)
        self.document.faults.append(fault)

    def _node(self, event: Any, location: Location) -> Any:
        if isinstance(event, yaml_events.AliasEvent):
            self._refuse(location, event, f"uses the alias *{printable(event.anchor)}, want the value written out")
            return None
        if event.anchor is not None:
            self._refuse(location, event, f"sets the anchor &{printable(event.anchor)}, want the value written out")
        if event.tag is not None:
            self._refuse(location, event, f"has the tag {shown(str(event.tag))}, want a plain value")
        if isinstance(event, yaml_events.ScalarEvent):
            return _scalar(event)
        if len(location) >= DEEPEST:
            raise RecursionError
        collect = self._mapping if isinstance(event, yaml_events.MappingStartEvent) else self._sequence
        return collect(location)

    def _sequence(self, location: Location) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := next(self._events), yaml_events.SequenceEndEvent):
            here = (*location, str(len(values)))
            self.document.lines[here] = event.start_mark.line + 1
            values.append(self._node(event, here))
        return values

    def _mapping(self, location: Location) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml_events.MappingEndEvent):
            self._entry(event, location, values)
        return values

    def _entry(self, event: Any, location: Location, values: dict[str, Any]) -> None:
        if not isinstance(event, yaml_events.ScalarEvent) or event.tag or event.anchor:
            self._refuse(location, event, "has a key that is not plain text")
            self._node(event, (*location, "?"))
            self._node(next(self._events), (*location, "?"))
            return
        key = _key(event.value)
        here = (*location, key)
        line = event.start_mark.line + 1
        if key in values:
            self._refuse(here, event, f"stands twice, first in line {self.document.lines[here]}, want it once")
        else:
            self.document.lines[here] = line
        values[key] = self._node(next(self._events), here)


def _joined(text: str) -> str:
    """Return `text` with each letter that two escapes stand for, as JSON writes those beyond 16 bits (RFC 8259, 7)."""
    return re.sub("[\ud800-\udbff][\udc00-\udfff]", lambda pair: _letter(pair[0]), text)


def _letter(pair: str) -> str:
    return pair.encode("utf-16-le", "surrogatepass").decode("utf-16-le")


def _key(text: str) -> str:
    """Return a key as messages can show it; one that had to be changed for that is no field's name anyway."""
    plain = text and text.isascii() and text.isprintable() and text.strip() == text
    return text if plain else ascii(text)


def _scalar(event: Any) -> Any:
    """Return the value of a scalar by YAML 1.2's core schema, where `no`, `on` and `1:30` are text."""
    text = _joined(event.value)
    if not event.implicit[0]:
        return text
    if text in {"", "~", "null", "Null", "NULL"}:
        return None
    if text in {"true", "True", "TRUE", "false", "False", "FALSE"}:
        return text.lower() == "true"
    if re.fullmatch(r"[-+]?[0-9]{1,18}", text):
        return int(text)
    if re.fullmatch(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", text):
        return float(text)
    return text

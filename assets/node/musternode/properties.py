"""Java properties files edited in place: one value is spliced in, every other byte stays.

Grammar: `java.util.Properties.load`. Values are written for Spring Boot, which resolves `${...}` inside them.
"""

import re
from dataclasses import dataclass
from typing import Dict, List, Mapping

_NATURAL = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n|$)")
_KEY = re.compile(rb"((?:\\.|[^\\=: \t\f\r\n])*)[ \t\f]*[=:]?[ \t\f]*", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(\r\n|.))", re.DOTALL)
_SEPARATOR = re.compile(rb"^[#!]---[ \t]*\r?$", re.MULTILINE)
_CONTROL = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


@dataclass(frozen=True)
class Entry:
    """A key and where its raw value stands: bytes `start` to `end`, without the line's end."""

    key: str
    start: int
    end: int


def entries(content: bytes) -> List[Entry]:
    """Return all entries of `content` in their order, duplicates too."""
    found: List[Entry] = []
    place = 0
    while place < len(content):
        begin = place + _blank(content, place)
        natural = content[begin : begin + 1]
        end = _logical_end(content, place) if natural not in {b"#", b"!"} else _natural_end(content, place)
        if natural not in {b"#", b"!", b"\r", b"\n", b""}:
            found.append(_entry(content, begin, end))
        place = end
    return found


def load(content: bytes) -> Dict[str, str]:
    """Return what Java would read from `content`: the last of equal keys wins."""
    return {entry.key: _unescape(content[entry.start : entry.end]) for entry in entries(content)}


def put(content: bytes, values: Mapping[str, str]) -> bytes:
    """Return `content` with `values` in force and everything else as it was, byte for byte.

    A key that is there gets its value where it last stands; a new one is added at the end of the first document
    (Spring Boot parts documents by a line `#---`, and a later one may hold under a condition only).
    """
    for key, value in values.items():
        if load(content).get(key) != value:
            content = _put(content, key, escape(value))
    return content


def first_document_end(content: bytes) -> int:
    """Return where the first document ends: at the first separator that does not continue the line before it."""
    inside = [(entry.start, entry.end) for entry in entries(content)]
    for found in _SEPARATOR.finditer(content):
        if not any(start <= found.start() < end for start, end in inside):
            return found.start()
    return len(content)


def escape(value: str) -> bytes:
    """Return `value` as the raw text of a property."""
    units = value.encode("utf-16-be")
    codes = [units[place] << 8 | units[place + 1] for place in range(0, len(units), 2)]
    text = "".join(_escaped(code) for code in codes)
    # after a blank as separator, one of these would still be taken for the separator
    return ("\\" + text if text.startswith((" ", ":", "=")) else text).encode("ascii")


def literal(value: str) -> str:
    """Return `value` so that Spring's placeholder resolution yields it unchanged: `${` would begin a placeholder."""
    return value.replace("${", "${muster.dollar:$}{")


def _put(content: bytes, key: str, raw: bytes) -> bytes:
    same = [entry for entry in entries(content) if entry.key == key]
    if same:
        last = same[-1]
        gap = b"" if content[last.start - 1 : last.start] in {b"=", b":", b" ", b"\t", b"\f"} else b"="
        return content[: last.start] + gap + raw + content[last.end :]
    newline = b"\r\n" if b"\r\n" in content else b"\n"
    place = first_document_end(content)
    before = content[:place]
    joint = b"" if not before or before.endswith((b"\n", b"\r")) else newline
    if _continues(b"".join((before + joint).splitlines(keepends=True)[-1:])):
        joint += newline  # an empty line ends a line that asks to be continued
    return before + joint + key.encode("ascii") + b"=" + raw + newline + content[place:]


def _entry(content: bytes, begin: int, end: int) -> Entry:
    stop = end - len(_line_end(content[begin:end]))
    match = _KEY.match(content, begin, stop)
    start = match.end() if match else stop
    return Entry(_unescape(match.group(1)) if match else "", start, stop)


def _blank(content: bytes, place: int) -> int:
    match = re.compile(rb"[ \t\f]*").match(content, place)
    return len(match.group()) if match else 0


def _natural_end(content: bytes, place: int) -> int:
    match = _NATURAL.match(content, place)
    return match.end() if match else len(content)


def _logical_end(content: bytes, place: int) -> int:
    end = _natural_end(content, place)
    while end < len(content) and _continues(content[place:end]):
        place, end = end, _natural_end(content, end)
    return end


def _continues(line: bytes) -> bool:
    bare = line[: len(line) - len(_line_end(line))]
    return bare != line and (len(bare) - len(bare.rstrip(b"\\"))) % 2 == 1


def _line_end(line: bytes) -> bytes:
    return next((end for end in (b"\r\n", b"\n", b"\r") if line.endswith(end)), b"")


def _unescape(raw: bytes) -> str:
    joined = re.sub(r"(?<!\\)((?:\\\\)*)\\(?:\r\n|\r|\n|\Z)[ \t\f]*", r"\1", raw.decode("latin-1"))
    text = _ESCAPE.sub(lambda found: _plain(found.group(1), found.group(2)), joined)
    return text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace")


def _plain(code: str, character: str) -> str:
    return chr(int(code, 16)) if code else _CONTROL.get(character, character)


def _escaped(code: int) -> str:
    if code == ord("\\"):
        return "\\\\"
    if ord(" ") <= code <= ord("~"):
        return chr(code)
    return f"\\u{code:04x}"

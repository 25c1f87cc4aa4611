"""One line of YAML in a strict subset: a key, a value, a remark. What the subset lacks is refused by a sentence."""

import re
from dataclasses import dataclass
from typing import Optional, Tuple

_QUOTED = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'"
_KEY = re.compile(rf"({_QUOTED}|[^\s\"'#&*!|>%@`\[\]{{}},].*?) *:(?= |$)")
_VALUE = re.compile(_QUOTED)
_PLAIN = re.compile(r"(.*?)(?= +#| *$)")
_REST = re.compile(r" *(?: #.*)?$")
_HEADER = re.compile(r"[|>](?:[+-]?[1-9]?|[1-9][+-])(?= *$| +#)")
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|U00(?:0[0-9A-Fa-f]|10)[0-9A-Fa-f]{4}|[^uxU])")
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "/": "/", "0": "\0", "e": "\x1b", " ": " "}
_SAFE = re.compile(r"[A-Za-z_/][A-Za-z0-9_./-]*")
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


class Unsafe(Exception):  # noqa: N818 - it becomes the sentence of a Failure
    """Why a line is not of the subset, and what to do."""

    def __init__(self, why: str, fix: str = "write it in block form, as the product's reference does") -> None:
        super().__init__(f"{why}; {fix}")


@dataclass(frozen=True)
class Value:
    """A value from `start` to `end` of its line; a `text` goes on in the lines below."""

    start: int
    end: int
    text: bool = False


def key(line: str, place: int) -> Optional[Tuple[str, int]]:
    """Return the key that begins at `place` and where its colon ends, or None if there is none."""
    found = _KEY.match(line, place)
    if not found or line.startswith(("- ", "? ", "--- ", "... "), place):
        return None
    name = found.group(1)
    if name[0] in "\"'":
        if "\\" in name or "''" in name[1:-1]:
            raise Unsafe("a key with an escaped character")
        name = name[1:-1]
    elif name == "<<" or " #" in name:
        raise Unsafe(f"{name!r} where a key belongs")
    return name, found.end()


def value(line: str, place: int) -> Optional[Value]:
    """Return the value that begins at `place` or after blanks, None if there is none; raises `Unsafe`."""
    start = place + len(line[place:]) - len(line[place:].lstrip(" "))
    if start == len(line) or (line[start] == "#" and (start == 0 or line[start - 1] == " ")):
        return None
    end, text = _end(line, start)
    if not _REST.match(line, end):
        raise Unsafe("more behind a value")
    return Value(start, end, text)


def _end(line: str, start: int) -> Tuple[int, bool]:
    first = line[start]
    if first in "\"'":
        quoted = _VALUE.match(line, start)
        if not quoted:
            raise Unsafe("a quoted text that does not end on its line")
        return quoted.end(), False
    if first in "|>":
        header = _HEADER.match(line, start)
        if not header:
            raise Unsafe("a text block that is not understood")
        return header.end(), True
    if first in "[{":
        return _flow_end(line, start), False
    return _plain_end(line, start), False


def _plain_end(line: str, start: int) -> int:
    if line[start] in "&*!%@`,]}":
        raise Unsafe(f"a value that begins with {line[start]}")
    if line.startswith(("- ", "? ", ": "), start) or line[start:].rstrip() in ("-", "?", ":"):
        raise Unsafe(f"a value that begins with {line[start]}")
    plain = _PLAIN.match(line, start)
    end = plain.end() if plain else len(line)
    if ": " in line[start:end] or line[end - 1] == ":":
        raise Unsafe("a colon within a value", "put the value in quotes")
    return end


def _flow_end(line: str, start: int) -> int:
    """Return where the brackets that open at `start` are closed."""
    depth, place, fresh = 0, start, True
    while place < len(line):
        letter = line[place]
        if fresh and letter in "\"'":
            quoted = _VALUE.match(line, place)
            if not quoted:
                break
            place, fresh = quoted.end(), False
            continue
        if (fresh and letter in "&*!?|>%@`") or (letter == "#" and line[place - 1] == " "):
            break
        depth += (letter in "[{") - (letter in "]}")
        place += 1
        if depth == 0:
            return place
        fresh = letter in "[{,:" or (fresh and letter == " ")
    raise Unsafe("brackets that are not closed on their line, or hold more than plain values")


def read(raw: str) -> Optional[str]:
    """Return what the scalar `raw` says if every reader agrees on it, None otherwise."""
    if raw.startswith('"'):
        inner = raw[1:-1]
        known = all(each[0] in "uxU" or each in _LETTERS for each in _ESCAPE.findall(inner))
        return _ESCAPE.sub(_unescaped, inner) if known and not _ESCAPE.sub("", inner).count("\\") else None
    if raw.startswith("'"):
        return raw[1:-1].replace("''", "'")
    return raw if _SAFE.fullmatch(raw) and raw.lower() not in _WORDS else None


def _unescaped(escape: "re.Match[str]") -> str:
    said = escape.group(1)
    return chr(int(said[1:], 16)) if said[0] in "uxU" else _LETTERS[said]


def quoted(text: str) -> str:
    """Return `text` as a scalar in double quotes, which every reader takes for that very text."""
    parts = []
    for letter in text:
        if letter in '"\\':
            parts.append("\\" + letter)
        elif letter.isprintable():
            parts.append(letter)
        else:
            parts.append(f"\\u{ord(letter):04x}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08x}")
    return '"' + "".join(parts) + '"'

"""How a secret may stand in a text or a file: as it is, and in the encodings that programs put values into."""

import base64
import html
import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

SHORTEST = 8
"""Characters. A shorter value is found everywhere by chance, so that finding it proves nothing."""


@dataclass(frozen=True)
class Canary:
    """A value that may stand nowhere but where it is kept; `name` says whose it is and is no secret."""

    name: str
    value: str


def searchable(canary: Canary) -> bool:
    """Tell whether a value, or a line of it, is long enough to be known again."""
    return bool(_lines(canary.value))


def patterns(canary: Canary) -> frozenset[bytes]:
    """Return the bytes by which any form of the value is known; none has a line feed.

    A value of several lines (a key in PEM) is known by each line of it that is long enough.
    """
    return frozenset(form for line in _lines(canary.value) for form in (*_written(line), *_packed(line)))


def _lines(value: str) -> list[str]:
    return [line for line in value.splitlines() if len(line) >= SHORTEST]


def _written(line: str) -> Iterator[bytes]:
    """Yield the value in what people and programs write: URLs, JSON (in JSON), XML, shell, Java's properties."""
    json_text = json.dumps(line)[1:-1]
    spelled = [line, json_text, json.dumps(line, ensure_ascii=False)[1:-1], json.dumps(json_text)[1:-1]]
    spelled += [html.escape(line), html.escape(line, quote=False), html.escape(line).replace("&#x27;", "&apos;")]
    spelled += [shlex.quote(line).strip("'"), *_of_properties(line)]
    quoted = [quote(line, safe=""), quote(line), quote_plus(line)]
    lowered = [re.sub("%..", lambda found: found[0].lower(), each) for each in quoted]
    yield from (each.encode() for each in (*spelled, *quoted, *lowered))


def _of_properties(line: str) -> list[str]:
    """Return the value as Java's properties may have it: signs behind a backslash, what is not ASCII by its numbers."""
    escaped = [re.sub(f"([{signs}])", r"\\\1", line) for signs in ("=:#!\\\\", "\\\\")]
    lower = ["".join(each if each < "\x7f" else json.dumps(each)[1:-1] for each in text) for text in escaped]
    return [*lower, *(re.sub(r"\\u([0-9a-f]{4})", lambda found: f"\\u{found[1].upper()}", text) for text in lower)]


def _packed(line: str) -> Iterator[bytes]:
    """Yield the value in encodings of its bytes: base64 wherever it begins in what is encoded, hexadecimal, UTF-16."""
    raw = line.encode()
    for offset in range(3):
        known = _base64(raw, offset)
        yield from (known, known.replace(b"+", b"-").replace(b"/", b"_"))
    yield from (raw.hex().encode(), raw.hex().upper().encode())
    yield from (line.encode("utf-16-le"), line.encode("utf-16-be"))


def _base64(raw: bytes, offset: int) -> bytes:
    """Return the digits that the value alone decides where `offset` bytes (modulo 3) stand before it.

    A digit holds six bits: those at either end may have bits of the neighbours, and are left out.
    """
    digits = base64.b64encode(b"\0" * offset + raw)
    first = -(-offset * 8 // 6)
    return digits[first : (offset + len(raw)) * 8 // 6]

"""An XML file's text in its own encoding, spliced so that every byte outside the edits stays."""

import codecs
import re
from dataclasses import dataclass
from typing import List, Sequence, Tuple

from ..failure import Failure

MOST = 4 << 20
"""Bytes of a file that are looked at; the products' own have about 40,000."""
Edit = Tuple[int, int, bytes]
"""In the UTF-8 text: the bytes from one place up to another one become these."""

_DECLARED = re.compile(r"\s*<\?xml\s[^>]*?\bencoding\s*=\s*[\"']([A-Za-z][A-Za-z0-9._-]*)[\"']")
_KNOWN = re.compile(r"utf-8|ascii|iso8859-\d+|cp125\d")
_BEGINNINGS = (
    (codecs.BOM_UTF8, "utf-8", 3),
    (codecs.BOM_UTF16_LE, "utf-16-le", 2),
    (codecs.BOM_UTF16_BE, "utf-16-be", 2),
    (b"<\0", "utf-16-le", 0),
    (b"\0<", "utf-16-be", 0),
)
"""How a file begins, the codec that this means, and the length of a byte order mark."""


@dataclass(frozen=True)
class Encoded:
    """A file: its byte order mark, the codec of what follows, and that as `text` in UTF-8."""

    mark: bytes
    codec: str
    text: bytes

    def spliced(self, edits: Sequence[Edit]) -> bytes:
        """Return the file with `edits`, which do not overlap; what its encoding cannot say is written as `&#N;`."""
        parts: List[bytes] = [self.mark]
        place = 0
        for start, end, new in sorted(edits, key=lambda edit: edit[:2]):
            if start < place:
                raise ValueError("edits overlap")
            parts += [self._own(self.text[place:start]), self._own(new)]
            place = end
        return b"".join([*parts, self._own(self.text[place:])])

    def _own(self, part: bytes) -> bytes:
        return part.decode("utf-8").encode(self.codec, "xmlcharrefreplace")


def read(content: bytes, name: str) -> Encoded:
    """Return the file `content`; raises `Failure`, which calls it `name`, if it is too large or no text."""
    if len(content) > MOST:
        raise Failure(f"{name} has {len(content)} bytes, more than {MOST}; put a smaller one into the artifact")
    begins = ((codec, length) for start, codec, length in _BEGINNINGS if content.startswith(start))
    sniffed, length = next(begins, ("", 0))
    codec = _codec(content[length : length + 1000].decode(sniffed or "latin-1", "ignore"), sniffed, name)
    try:
        text = content[length:].decode(codec)
    except UnicodeDecodeError as fault:
        line = 1 + content[: length + fault.start].count(b"\n")
        raise Failure(f"{name} line {line}: bytes that are no {codec}; save it as UTF-8 in the artifact") from None
    if "\0" in text:
        line = 1 + text[: text.index("\0")].count("\n")
        raise Failure(f"{name} line {line}: a NUL character; save it as UTF-8 in the artifact")
    return Encoded(content[:length], codec, text.encode("utf-8"))


def _codec(head: str, sniffed: str, name: str) -> str:
    """Return the codec that the file's beginning and its declaration agree on."""
    declared = _DECLARED.match(head)
    if not declared:
        return sniffed or "utf-8"
    said = declared.group(1)
    try:
        codec = codecs.lookup(said).name
    except LookupError:
        codec = ""
    if sniffed and (codec == sniffed or (codec == "utf-16" and sniffed.startswith("utf-16"))):
        return sniffed
    if sniffed or not _KNOWN.fullmatch(codec):
        raise Failure(
            f"{name} line 1: says that it is in {said}, which it is not or which is unknown; save it as UTF-8"
        )
    return codec

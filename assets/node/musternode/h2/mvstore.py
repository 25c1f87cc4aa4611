"""The part of H2's file format 1, that of 1.4.199, that says where the newest data is.

Source: h2database 1.4.199, mvstore/{MVStore,Chunk,Page,DataUtils}.java. A file is blocks of 4096 bytes: two store
headers, then chunks, each a header, pages and a footer. The newest chunk holds the root of the map that knows all
others. What makes no sense is None; reading is bounded.
"""

import os
import struct
from typing import Dict, Iterator, NamedTuple, Optional, Tuple

BLOCK = 4096
_FOOTER = 128
_HEADER = 1024
_LONGEST = 1 << 24
"""Bytes of a page of the map of chunks that makes sense."""
_DEEPEST = 8
_CHAIN = 1 << 20
_NODE, _COMPRESSED = 1, 2


class Chunk(NamedTuple):
    """A chunk by its header; `place` and `blocks` count blocks, `root` is the position of the map's root page."""

    number: int
    place: int
    blocks: int
    version: int
    following: int
    root: int

    @property
    def end(self) -> int:
        """The file position where it ends."""
        return (self.place + self.blocks) * BLOCK


class Entry(NamedTuple):
    """A value of the map of chunks, and the file position of its text."""

    key: str
    value: str
    position: int


class MVFile:
    """An open file of H2's store, by its descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._file = descriptor

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return os.fstat(self._file).st_size

    def newest_by_header(self) -> Optional[Chunk]:
        """Return the chunk to which the store's header leads, or None if this is no file of format 1."""
        headers = [fields(os.pread(self._file, BLOCK, place)) for place in (0, BLOCK)]
        sound = [one for one in headers if one and one.get("format") == "1" and one.get("blockSize") == "1000"]
        if not sound:
            return None
        newest = max(sound, key=lambda one: number(one, "version"))
        found = self.chunk_at(number(newest, "block") or 2)
        for _ in range(_CHAIN):
            follower = None if found is None or not found.following else self.chunk_at(found.following)
            if found is None or follower is None or follower.number <= found.number:
                break
            found = follower
        return found

    def chunk_at(self, place: int) -> Optional[Chunk]:
        """Return the whole chunk that begins at block `place`."""
        line = os.pread(self._file, _HEADER, place * BLOCK).partition(b"\n")[0]
        if not line.startswith(b"chunk:"):
            return None
        header = split(line.decode("latin-1").strip())
        names = ("chunk", "block", "len", "version", "next", "root")
        found = Chunk(*(number(header, name) for name in names))
        footer = self._footer(found.end)
        return found if footer is not None and number(footer, "chunk") == found.number else None

    def chunk_before(self, end: int) -> Optional[Chunk]:
        """Return the whole chunk that ends at file position `end`."""
        footer = self._footer(end)
        found = None if footer is None else self.chunk_at(number(footer, "block"))
        return found if found is not None and found.end == end else None

    def entries(self, chunk: Chunk) -> Iterator[Entry]:
        """Yield what those pages of the map of chunks say that are in `chunk` itself."""
        return self._entries(chunk, chunk.root, _DEEPEST)

    def _footer(self, end: int) -> Optional[Dict[str, str]]:
        return fields(os.pread(self._file, _FOOTER, end - _FOOTER)) if _FOOTER <= end <= self.size else None

    def _entries(self, chunk: Chunk, page: int, depth: int) -> Iterator[Entry]:
        if page >> 38 != chunk.number or not depth:
            return
        start = chunk.place * BLOCK + ((page >> 6) & 0xFFFFFFFF)
        (length,) = struct.unpack(">i", os.pread(self._file, 4, start).ljust(4, b"\0"))
        if not 0 < length <= _LONGEST:
            return
        content = _Content(os.pread(self._file, length, start))
        keys, kind = content.page_head()
        if kind == _NODE:
            for child in content.children(keys):
                yield from self._entries(chunk, child, depth - 1)
        elif not kind & _COMPRESSED:
            names = [content.text()[0] for _ in range(keys)]
            for name in names:
                value, at = content.text()
                yield Entry(name, value, start + at)


class _Content:
    """A page; what reaches beyond its end is read as nothing."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 6  # after length and check

    def page_head(self) -> Tuple[int, int]:
        """Return the number of keys and the kind of the page."""
        self._varint()  # the map
        keys = self._varint()
        kind = self._content[self._at : self._at + 1]
        self._at += 1
        return min(keys, len(self._content)), kind[0] if kind else _COMPRESSED

    def children(self, keys: int) -> Tuple[int, ...]:
        """Return the positions of a node's children."""
        size = 8 * (keys + 1)
        part = self._content[self._at : self._at + size]
        return struct.unpack(f">{keys + 1}q", part) if len(part) == size else ()

    def text(self) -> Tuple[str, int]:
        """Return the next text and where it stands; texts of this map are ASCII."""
        length = self._varint()
        at, self._at = self._at, self._at + length
        return self._content[at : at + length].decode("latin-1"), at

    def _varint(self) -> int:
        value = 0
        for shift in range(0, 35, 7):
            byte = self._content[self._at] if self._at < len(self._content) else 0
            self._at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
        return value


def split(line: str) -> Dict[str, str]:
    """Return the fields of `name:value,name:value`; only the last may be quoted or empty."""
    return dict(part.partition(":")[::2] for part in line.split(",") if ":" in part)


def number(values: Dict[str, str], name: str) -> int:
    """Return a hexadecimal field, 0 if it is absent or none."""
    try:
        return int(values.get(name, "0"), 16)
    except ValueError:
        return 0


def fields(content: bytes) -> Optional[Dict[str, str]]:
    """Return the fields of a header or footer, or None unless its checksum is right."""
    text = content.strip(bytes(range(33)))
    body, mark, check = text.partition(b",fletcher:")
    if not mark or number({"f": check.decode("latin-1")}, "f") != fletcher(body):
        return None
    return split(body.decode("latin-1"))


def fletcher(content: bytes) -> int:
    """Return the Fletcher checksum of `content` (DataUtils.java, getFletcher32)."""
    first = second = 0xFFFF
    for at in range(0, len(content) & ~1, 720):
        part = content[at : min(at + 720, len(content) & ~1)]
        for word in struct.unpack(f">{len(part) // 2}H", part):
            first += word
            second += first
        first, second = (first & 0xFFFF) + (first >> 16), (second & 0xFFFF) + (second >> 16)
    if len(content) & 1:
        first += content[-1] << 8
        second += first
    first, second = (first & 0xFFFF) + (first >> 16), (second & 0xFFFF) + (second >> 16)
    return ((second << 16) | first) & 0xFFFFFFFF

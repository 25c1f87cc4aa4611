"""A database file after a crash of H2 1.4.199, mended so that H2 finds what it had written.

The fault: while H2 writes a chunk, other sessions free pages of that very chunk, and H2 notes it in the chunk's own
index, where the chunk's place stands as "not known yet" (mvstore/MVStore.java, storeNow and applyFreedSpace). A server
that ends in good order writes one more chunk, which puts it right. After a crash H2 takes the note for a sign of damage
and falls back, chunk by chunk, to one without it (readStoreHeader): all that was written since is gone, `CHECKPOINT
SYNC` or not. Under writers nearly every chunk has it. The chunk itself is whole: its header has its place, which is put
into the note here. H2's pages have no checksum of their content (mvstore/Page.java, read).
"""

import logging
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Dict, Iterator, Optional, Tuple

log = logging.getLogger(__name__)
BLOCK = 4096
FOOTER = 128
FORMAT = "1"
"""Format of the files of H2 1.4; later versions write no such note."""
_FIELD = re.compile(rb"([a-zA-Z]+):([0-9a-f]+)")
_FREE = re.compile(rb"(?:block:7fffffffffffffff|len:7fffffff|next:7fffffffffffffff|root:7fffffffffffffff)")
"""What stands for "not known yet": Long.MAX_VALUE, Integer.MAX_VALUE."""
Fields = Dict[str, str]


@dataclass(frozen=True)
class Chunk:
    """A chunk of the file: where it begins and how long it is, in bytes, and the fields of its header."""

    start: int
    length: int
    fields: Fields

    @property
    def id(self) -> int:
        """Its number."""
        return int(self.fields["chunk"], 16)

    @property
    def version(self) -> int:
        """The version of the database that it makes."""
        return int(self.fields["version"], 16)


def mend(file: Path) -> bool:
    """Put the place of the newest chunk into its own note, if the note lacks it; return whether that was so.

    Nobody may have `file` open. A file that is none of H2 1.4 is left as it is. Safe to repeat, and to break off: one
    write within one block. Raises `OSError`.
    """
    if not file.is_file():
        return False
    with file.open("r+b") as opened:
        found = _unfinished(opened)
        if found is None:
            return False
        newest, place, note = found
        opened.seek(place)
        opened.write(filled(note, newest.fields))
        opened.flush()
        os.fsync(opened.fileno())
    log.warning("the database file was mended: H2 would not have found its newest version, %d", newest.version)
    return True


def _unfinished(file: BinaryIO) -> Optional[Tuple[Chunk, int, bytes]]:
    """Return the newest chunk with place and text of its note, if the note lacks the chunk's place."""
    try:
        newest = _newest(file)
        note = None if newest is None else _note(file, newest)
    except (IndexError, ValueError):  # no file of H2's, or damaged in another way: for H2 to judge
        return None
    return None if newest is None or note is None else (newest, *note)


def filled(note: bytes, fields: Fields) -> bytes:
    """Return `note` with the place from the chunk's header `fields`, in as many characters as before."""

    def known(found: "re.Match[bytes]") -> bytes:
        name, value = found.group().split(b":")
        return name + b":" + fields.get(name.decode("ascii"), "0").encode("ascii").rjust(len(value), b"0")

    return _FREE.sub(known, note)


def _newest(file: BinaryIO) -> Optional[Chunk]:
    """Return the newest chunk as H2 looks for it: by the headers, by the file's end, by the chain of next chunks."""
    found = [each for each in (*_by_headers(file), _by_end(file)) if each is not None]
    if not found:
        return None
    newest = max(found, key=lambda each: each.version)
    while True:
        following = int(newest.fields.get("next", "0"), 16)
        chunk = _chunk(file, following) if following else None
        if chunk is None or chunk.id <= newest.id:
            return newest
        newest = chunk


def _by_headers(file: BinaryIO) -> Iterator[Optional[Chunk]]:
    for place in (0, BLOCK):
        fields = _fields(_read(file, place, BLOCK))
        if fields.get("format") == FORMAT and "block" in fields:
            yield _chunk(file, int(fields["block"], 16))


def _by_end(file: BinaryIO) -> Optional[Chunk]:
    if _fields(_read(file, 0, BLOCK)).get("format") != FORMAT:
        return None
    file.seek(0, os.SEEK_END)
    footer = _fields(_read(file, file.tell() - FOOTER, FOOTER))
    return _chunk(file, int(footer["block"], 16)) if "block" in footer else None


def _chunk(file: BinaryIO, block: int) -> Optional[Chunk]:
    """Return the chunk at `block` if header and footer agree."""
    fields = _fields(_read(file, block * BLOCK, 1024))
    if not {"chunk", "len", "version", "root"} <= set(fields):
        return None
    length = int(fields["len"], 16) * BLOCK
    footer = _fields(_read(file, block * BLOCK + length - FOOTER, FOOTER))
    same = footer.get("chunk") == fields["chunk"] and footer.get("version") == fields["version"]
    return Chunk(block * BLOCK, length, fields) if same else None


def _note(file: BinaryIO, chunk: Chunk) -> Optional[Tuple[int, bytes]]:
    """Return where in the file the chunk's note of itself stands, and its text, if the place is missing there."""
    content = _read(file, chunk.start, chunk.length)
    key = f"chunk.{chunk.id:x}".encode("ascii")
    position = int(chunk.fields["root"], 16)
    while position >> 38 == chunk.id:  # a page of another chunk is older than the note
        page = Page(content, (position >> 6) & 0xFFFFFFFF)
        if page.children:
            position = page.child(key)
            continue
        found = page.value(key)
        if found is None or not _FREE.search(content[found[0] : found[1]]):
            return None
        return chunk.start + found[0], content[found[0] : found[1]]
    return None


class Page:
    """A page of H2's index of chunks, whose keys and values are texts (mvstore/Page.java, type/StringDataType.java)."""

    def __init__(self, content: bytes, start: int) -> None:
        self._content, self._at = content, start + 6  # length and check value
        self._number()  # the index's own number
        count = self._number()
        leaf = content[self._at] & 1 == 0
        self._at += 1
        self.children = [] if leaf else [self._long() for _ in range(count + 1)]
        for _ in self.children:
            self._number()  # how many entries it has
        self._keys = [self._text() for _ in range(count)]
        self._values = [self._text() for _ in range(count)] if leaf else []

    def child(self, key: bytes) -> int:
        """Return the position of the page below that may have `key`."""
        return self.children[sum(self._content[begin:end] <= key for begin, end in self._keys)]

    def value(self, key: bytes) -> Optional[Tuple[int, int]]:
        """Return begin and end of the value of `key`, or None."""
        for (begin, end), value in zip(self._keys, self._values):
            if self._content[begin:end] == key:
                return value
        return None

    def _number(self) -> int:
        value = shift = 0
        while True:
            byte = self._content[self._at]
            self._at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def _long(self) -> int:
        self._at += 8
        return int.from_bytes(self._content[self._at - 8 : self._at], "big")

    def _text(self) -> Tuple[int, int]:
        length = self._number()
        begin, self._at = self._at, self._at + length
        return begin, self._at


def _fields(text: bytes) -> Fields:
    line = text.split(b"\n", 1)[0]
    return {name.decode("ascii"): value.decode("ascii") for name, value in _FIELD.findall(line)}


def _read(file: BinaryIO, place: int, length: int) -> bytes:
    if place < 0:
        return b""
    file.seek(place)
    return file.read(length)

"""What a killed H2 1.4.199 has written but would not find again, put right in its file before it starts.

Two faults of its store lose seconds of acknowledged writes, flushed or not (h2database 1.4.199, mvstore/MVStore.java):
a chunk stored while somebody writes may say of itself that it has no place yet (applyFreedSpace), and is passed over
after a crash like all others that do (readStoreHeader); and what a kill in the middle of a write leaves at the file's
end hides the whole chunk before it. Files of a later format are left alone.
"""

import os
from pathlib import Path
from typing import Optional

from .mvstore import BLOCK, Chunk, Entry, MVFile, split

_UNPLACED = {"block": "7fffffffffffffff", "len": "7fffffff", "next": "7fffffffffffffff", "root": "7fffffffffffffff"}
_TORN = 1 << 28
"""Bytes at the end of a file that one write may have left."""


def mend(file: Path) -> str:
    """Make H2 find the newest whole chunk of `file`, which nobody may have open; return what was done as a clause.

    Nothing that H2 would have found is taken away, and a whole file is only read. Lasts through a loss of power.
    Raises `OSError`.
    """
    if not file.is_file():
        return ""
    descriptor = os.open(file, os.O_RDWR)
    try:
        return _mend(descriptor)
    finally:
        os.close(descriptor)


def _mend(descriptor: int) -> str:
    store = MVFile(descriptor)
    known = store.newest_by_header()
    if known is None:
        return ""
    last = _last_whole(store)
    done = []
    if last is not None and last.version > known.version and last.end < store.size:
        done.append(f"cut {store.size - last.end} bytes of a write that did not end")
        os.ftruncate(descriptor, last.end)
    newest = last if last is not None and last.version > known.version else known
    entry = _own_entry(store, newest)
    if entry is not None and "block:" + _UNPLACED["block"] in entry.value:
        done.append(f"said where the newest chunk is, version {newest.version}")
        os.pwrite(descriptor, placed(entry.value, newest).encode("ascii"), entry.position)
    if done:
        os.fsync(descriptor)
    return " and ".join(done)


def _last_whole(store: MVFile) -> Optional[Chunk]:
    """Return the whole chunk nearest to the end of the file."""
    end = store.size // BLOCK * BLOCK
    for place in range(end, max(0, end - _TORN), -BLOCK):
        found = store.chunk_before(place)
        if found is not None:
            return found
    return None


def _own_entry(store: MVFile, chunk: Chunk) -> Optional[Entry]:
    key = f"chunk.{chunk.number:x}"
    return next((entry for entry in store.entries(chunk) if entry.key == key), None)


def placed(value: str, chunk: Chunk) -> str:
    """Return the entry `value` with the place of `chunk` in it, as many characters as before."""
    right = {"block": chunk.place, "len": chunk.blocks, "next": chunk.following, "root": chunk.root}
    written = {
        name: f"{right[name]:0{len(text)}x}" if text == _UNPLACED.get(name) else text
        for name, text in split(value).items()
    }
    return ",".join(f"{name}:{text}" for name, text in written.items())

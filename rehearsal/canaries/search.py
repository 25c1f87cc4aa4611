"""Finds canaries in bytes and in files; what is found is told by name, never by value."""

import contextlib
import gzip
import io
import os
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

from rehearsal.canaries.forms import Canary, patterns

DEEP = 4
"""Archives within archives that are opened: a jar in a jar in a zip in an object, and one more."""

_AT_ONCE = 400
"""Files that one grep is given."""
_LARGE, _PIECE = 1 << 28, 1 << 24
"""Bytes of a file that grep is not given, and of a piece of it."""


class Search:
    """What is searched for. Thread-safe."""

    def __init__(self, canaries: Iterable[Canary]) -> None:
        self.canaries = tuple(canaries)
        self.known: dict[bytes, str] = {}
        """The name of a canary by each pattern by which it is known."""
        for canary in self.canaries:
            for pattern in patterns(canary):
                self.known.setdefault(pattern, canary.name)

    @cached_property
    def _listed(self) -> bytes:
        return b"\n".join(self.known)

    def names_in(self, data: bytes) -> set[str]:
        """Return the names of the canaries in `data`."""
        return {name for pattern, name in self.known.items() if pattern in data}

    def names_within(self, data: bytes, depth: int = DEEP) -> set[str]:
        """Return the names of the canaries in `data`, and in what is packed in it."""
        found = self.names_in(data)
        if depth:
            for inner in unpacked(data):
                found |= self.names_within(inner, depth - 1)
        return found

    def names_in_files(self, files: Sequence[Path]) -> Iterator[tuple[Path, str]]:
        """Yield each file in which a canary stands, with its name, once; what has gone meanwhile holds none.

        By grep, which is told the patterns on its standard input: on a command line they would be found themselves.
        """
        if not self.known:
            return
        small = [file for file in files if _size(file) <= _LARGE]
        for start in range(0, len(small), _AT_ONCE):
            yield from self._grep(small[start : start + _AT_ONCE])
        for file in sorted({*files} - {*small}):
            yield from ((file, name) for name in sorted(self._in_pieces(file)))

    def _in_pieces(self, file: Path) -> set[str]:
        """Search a large file where it has data: grep would hold a file of holes as one line in memory."""
        longest, found, place = max(map(len, self.known)), set[str](), 0
        with contextlib.suppress(OSError), file.open("rb") as opened:  # ENXIO: no more data
            while True:
                opened.seek(os.lseek(opened.fileno(), place, os.SEEK_DATA))
                piece = opened.read(_PIECE + longest)
                found |= self.names_in(piece)
                place = opened.tell() - longest if len(piece) > _PIECE else opened.tell()
        return found

    def _grep(self, files: Sequence[Path]) -> Iterator[tuple[Path, str]]:
        argv = ["grep", "-a", "-l", "-Z", "-F", "-s", "-f", "-", "--", *map(str, files)]
        c = {**os.environ, "LC_ALL": "C"}
        done = subprocess.run(argv, input=self._listed, capture_output=True, check=False, env=c)
        if done.returncode not in (0, 1, 2):  # 2: a file could not be read, though others were
            raise OSError(f"grep ended with {done.returncode}")
        for path in (Path(os.fsdecode(name)) for name in filter(None, done.stdout.split(b"\0"))):
            with contextlib.suppress(FileNotFoundError):
                yield from ((path, found) for found in sorted(self.names_in(path.read_bytes())))


def _size(file: Path) -> int:
    with contextlib.suppress(OSError):
        return file.stat().st_size
    return 0


def unpacked(data: bytes) -> Iterator[bytes]:
    """Yield what is packed in `data`: the members of a zip or a tar, the text of a gzip; nothing of what is none."""
    try:
        if data[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                yield from (archive.read(each) for each in archive.infolist() if not each.is_dir())
        elif data[:2] == b"\x1f\x8b":
            yield gzip.decompress(data)
        elif data[257:262] == b"ustar":
            with tarfile.open(fileobj=io.BytesIO(data)) as tape:
                yield from (held.read() for each in tape if (held := tape.extractfile(each)))
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, tarfile.TarError, NotImplementedError, RuntimeError):
        return

"""What a user's file is before H2 sees it: compressed or not, of which version of H2."""

import contextlib
import gzip
import re
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO, Iterator, Optional, Tuple, cast

from ..failure import Failure

_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_FORMAT = re.compile(rb"[,:]format:(\d+)")
_MADE_BY = {1: "1.4", 2: "2.0 or 2.1", 3: "2.2 or newer"}
"""Versions by the format of the files that they make (mvstore/MVStore.java and FileStore.java, FORMAT_WRITE_MAX)."""


@contextlib.contextmanager
def opened(source: Path) -> Iterator[BinaryIO]:
    """Open the content of `source`, whatever its name says of its compression; raises `Failure` for a damaged one."""
    with source.open("rb") as raw:
        begin = raw.read(4)
    try:
        if begin[:2] == _GZIP:
            with gzip.open(source, "rb") as content:
                yield cast("BinaryIO", content)
        elif begin == _ZIP:
            with zipfile.ZipFile(source) as archive, archive.open(_only(archive)) as member:
                yield cast("BinaryIO", member)
        else:
            with source.open("rb") as plain:
                yield plain
    except (EOFError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error) as fault:
        raise Failure(f"it is damaged: {fault}") from None


def _only(archive: zipfile.ZipFile) -> str:
    names = [name for name in archive.namelist() if not name.endswith("/")]
    if len(names) != 1:
        raise Failure(f"the zip must hold one file, it holds {len(names)}")
    return names[0]


def fault_of(file: Path, version: str) -> Optional[str]:
    """Return why `file` is no database file that H2 of `version` opens, or None if it may be one.

    The first block says `H:2,block:..,format:N` in ASCII (mvstore/MVStore.java, writeStoreHeader).
    """
    with file.open("rb") as content:
        head = content.read(4096)
    if head.startswith(b"H2encrypt"):
        return "it is encrypted; make a dump of it by org.h2.tools.Script and bring that"
    if not head.startswith(b"H:2,"):
        return "it is no database file of H2 (.mv.db)"
    found = _FORMAT.search(head)
    form = int(found.group(1)) if found else 0
    if form in reads(version):
        return None
    made = _MADE_BY.get(form, "another version")
    return (
        f"it was made by H2 {made}, and the application brings H2 {version}, which cannot open it; make a dump of it "
        "by org.h2.tools.Script of the version that made it, and bring that"
    )


def reads(version: str) -> Tuple[int, ...]:
    """Return the formats of files that H2 of `version` opens for writing (FORMAT_READ_MIN, FORMAT_READ_MAX)."""
    if version.startswith("1."):
        return (1,)
    return (2,) if version.startswith(("2.0.", "2.1.")) else (3,)


def version_of(jar: Path) -> str:
    """Return the version in the manifest of H2's own `jar`; raises `Failure` if it names none."""
    with contextlib.suppress(OSError, KeyError, zipfile.BadZipFile), zipfile.ZipFile(jar) as archive:
        found = re.search(rb"(?m)^Implementation-Version: (\S+)", archive.read("META-INF/MANIFEST.MF"))
        if found:
            return found.group(1).decode("ascii", "replace")
    raise Failure(f"{jar} names no version of H2 in its manifest")

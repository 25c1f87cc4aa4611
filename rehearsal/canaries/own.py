"""Where secrets could leak to on this machine: logs, records and temporary files of the rehearsal itself.

Hosts' disks lie here too, as those of instances lie with AWS; they are looked at as what they are (`hosts`).
"""

import contextlib
import os
import stat
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from rehearsal.canaries.looked import Looked
from rehearsal.canaries.search import Search
from rehearsal.places import ENDED, RUN, WORK, cache

MOST: Final = 20_000
LARGEST: Final = 1 << 30
"""Files, and bytes in all, below one entry of the folder for temporary files: what has more is no rehearsal's."""


def looked(search: Search, since: float, more: Iterable[Path] = ()) -> Iterator[Looked]:
    """Look through what was written since `since` (seconds of the epoch), and the folders `more`."""
    consoles = [*(WORK / "hosts").glob("*/console.log"), *_below([ENDED], 0.0)]
    yield _place(search, "logs of the rehearsal", [*_files([RUN], 0.0), *consoles, cache() / "service-stderr.log"])
    yield _place(search, "records of runs", _files([cache() / "runs", *more], since))
    yield _temporary(search, Path(tempfile.gettempdir()), since)


def _place(search: Search, place: str, paths: Iterable[Path]) -> Looked:
    sizes = {path: size for path in paths if (size := _size(path)) is not None}
    found = tuple(f"{path} has {name}" for path, name in search.names_in_files(sorted(sizes)))
    return Looked(place, len(sizes), sum(sizes.values()), found, len(search.canaries))


def _temporary(search: Search, folder: Path, since: float) -> Looked:
    """Look through what may be the rehearsal's in a folder that others use, too; what is left out is told."""
    held, left = list[Path](), list[str]()
    for entry in _fresh(folder, since):
        files = list(islice(_below([entry], since), MOST + 1))
        if len(files) > MOST or sum(_size(each) or 0 for each in files) > LARGEST:
            left.append(entry.name)
        else:
            held += files
    told = f" but for {', '.join(sorted(left))}, of which there is too much" if left else ""
    return _place(search, f"temporary files{told}", held)


def _size(path: Path) -> int | None:
    """Return the size of a regular file; None of what is none, or gone: others of this machine have such files too."""
    with contextlib.suppress(OSError):
        found = path.stat()
        return found.st_size if stat.S_ISREG(found.st_mode) else None
    return None


def _fresh(folder: Path, since: float) -> Iterator[Path]:
    """Yield what this user made in a folder since then: a folder of before is somebody else's, by its time of birth."""
    entries = [entry.path for entry in os.scandir(folder) if _is_own(entry)]
    if not entries:
        return
    done = subprocess.run(["stat", "--printf=%W %n\\0", "--", *entries], capture_output=True, check=False)
    for line in filter(None, done.stdout.split(b"\0")):
        born, _, name = line.partition(b" ")
        if int(born) == 0 or int(born) + 1 > since:  # 0: the file system does not know
            yield Path(os.fsdecode(name))


def _is_own(entry: "os.DirEntry[str]") -> bool:
    with contextlib.suppress(OSError):
        return entry.stat(follow_symlinks=False).st_uid == os.geteuid()
    return False


def _files(folders: Iterable[Path], since: float) -> Iterator[Path]:
    return _below((folder for folder in folders if folder.exists()), since)


def _below(places: Iterable[Path], since: float) -> Iterator[Path]:
    """Yield the regular files at and below `places` that were written since then."""
    for place in places:
        with contextlib.suppress(OSError):
            found = place.lstat()
            if stat.S_ISDIR(found.st_mode):
                yield from _below(sorted(place.iterdir()), since)
            elif stat.S_ISREG(found.st_mode) and found.st_mtime >= since:
                yield place

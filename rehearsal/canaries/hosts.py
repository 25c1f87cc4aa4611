"""Where secrets could leak to on a node: processes, journal, logs, files that anybody may read, remains of crashes.

All of it is looked at from outside: nothing runs among the host's processes for it. Its journal is read by its own
journalctl, as one of an older systemd does not know what a newer one writes.
"""

import contextlib
import os
import re
import stat
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rehearsal.canaries.looked import Looked, look
from rehearsal.canaries.search import Search
from rehearsal.inventory import HostEntry
from rehearsal.places import WORK

JOURNALS = ("var/log/journal", "run/log/journal")
REMAINS = re.compile(r"core(\.\d+|\..*\.(lz4|xz|zst))?|hs_err.*|replay_pid.*|.*\.hprof|.*\.mdmp|javacore.*")
"""Names of what a process leaves that crashes: a core, or the reports and dumps of a JVM (java(1), -XX:ErrorFile).

What systemd-coredump keeps is packed, so that no search finds anything in it: it may not be there at all."""
_KERNELS_OWN = {"proc", "sysfs", "cgroup", "cgroup2", "devpts", "mqueue", "bpf", "autofs", "overlay", "devtmpfs"}
_OF_LOG = re.compile(r"/logs?/|\.log(\.|$)|\.out$")
_READ = 1 << 26
"""Bytes of a journal that are searched at a time."""


@dataclass(frozen=True)
class File:
    """A regular file of a host; `public`: whoever is on that host may read it."""

    path: Path
    size: int
    public: bool


def looked(search: Search, host: HostEntry) -> Iterator[Looked]:
    """Look through one host that runs. Raises `OSError` where something cannot be read."""
    node, held = host.node, list(files(host))
    yield look(search, f"processes of {node}", processes(host.leader_pid))
    yield look(search, f"journal of {node}", journal(host))
    yield _files(search, f"world-readable files of {node}", [each for each in held if each.public])
    yield _files(search, f"logs of {node}", [each for each in held if _OF_LOG.search(str(each.path))])
    yield _files(search, f"cores and dumps of {node}", [each for each in held if REMAINS.fullmatch(each.path.name)])


def _files(search: Search, place: str, held: Sequence[File]) -> Looked:
    found = search.names_in_files([each.path for each in held])
    told = tuple(f"{_inside(path)} has {name}" for path, name in found)
    return Looked(place, len(held), sum(each.size for each in held), told, len(search.canaries))


def _inside(path: Path) -> str:
    return re.sub(r"^.*?/(upper|root)/", "/", str(path))


def processes(leader: int) -> Iterator[tuple[str, bytes]]:
    """Yield arguments and environment of each process in the host of process 1 `leader`; one that ends is passed by."""
    space = (_of(leader) / "ns" / "pid").readlink()
    for each in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if each.name.isdigit() and (each / "ns/pid").readlink() == space:
                name = (each / "comm").read_text().strip()
                yield f"the arguments of {name}", (each / "cmdline").read_bytes()
                yield f"the environment of {name}", (each / "environ").read_bytes()


def journal(host: HostEntry) -> Iterator[tuple[str, bytes]]:
    """Yield the journal with all fields of each entry, in pieces that overlap."""
    for folder in JOURNALS:
        directory = _root(host) / folder
        if directory.is_dir():
            yield from (("the journal", piece) for piece in _exported(host.leader_pid, f"/{folder}"))


def _of(pid: int) -> Path:
    """Return what the kernel tells of a process (proc(5))."""
    return Path("/proc") / str(pid)


def _root(host: HostEntry) -> Path:
    """Return the host's own file system, as this machine sees it."""
    return _of(host.leader_pid) / "root"


def _exported(leader: int, directory: str) -> Iterator[bytes]:
    inside = ["nsenter", f"--target={leader}", "--mount", "--", "/usr/bin/journalctl"]
    argv = [*inside, f"--directory={directory}", "--output=export", "--all", "--no-pager", "--quiet"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as reader:
        assert reader.stdout is not None
        before = b""
        while piece := reader.stdout.read(_READ):
            yield before + piece
            before = piece[-4096:]
    if reader.returncode:
        raise OSError(f"journalctl ended with {reader.returncode} on {directory}")


def files(host: HostEntry) -> Iterator[File]:
    """Yield what the host has written: its layer over the image, and whatever else is mounted in it."""
    yield from _walk(WORK / "hosts" / host.instance / "upper", public=True)
    root = _root(host)
    for place in _mounts(host.leader_pid):
        above = (root / parent for parent in Path(place).relative_to("/").parents)
        with contextlib.suppress(OSError):  # unmounted meanwhile
            passable = all(each.stat().st_mode & stat.S_IXOTH for each in above)
            yield from _walk(root / place[1:], public=passable)


def _mounts(leader: int) -> list[str]:
    """Return where file systems with files are mounted in a host (proc(5), mountinfo)."""
    lines = [line.split() for line in (_of(leader) / "mountinfo").read_text().splitlines()]
    kinds = [(line[4], line[line.index("-") + 1]) for line in lines]
    return [place for place, kind in kinds if kind not in _KERNELS_OWN and not place.startswith(("/proc", "/sys"))]


def _walk(folder: Path, *, public: bool) -> Iterator[File]:
    """Yield all files below a folder of one file system; `public`: the folder can be come to by anybody."""
    try:
        there = folder.lstat()
        entries = list(os.scandir(folder)) if stat.S_ISDIR(there.st_mode) else []
    except OSError:
        return
    passable = public and bool(there.st_mode & stat.S_IXOTH)
    for entry in entries:
        with contextlib.suppress(OSError):
            found = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(found.st_mode) and found.st_dev == there.st_dev:
                yield from _walk(Path(entry.path), public=passable)
            elif stat.S_ISREG(found.st_mode):
                yield File(Path(entry.path), found.st_size, passable and bool(found.st_mode & stat.S_IROTH))

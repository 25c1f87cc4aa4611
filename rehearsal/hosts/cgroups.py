"""Control groups of a host: one folder in every hierarchy of this machine, so that hosts do not share systemd's own.

Works with cgroup v1 (one hierarchy per controller, and named ones), v2, and both at once.
"""

import contextlib
import itertools
import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

from rehearsal.places import CGROUP_PREFIX
from rehearsal.poll import poll

_LAUNCHER = 'until [ "$1" = -- ]; do echo $$ >"$1/cgroup.procs" || exit 125; shift; done; shift; exec "$@"'
_GONE_WITHIN = 10.0  # seconds for killed processes to leave
_FROZEN_WITHIN = 10.0  # seconds for all processes to be frozen
_ORDERS = 49  # to freeze, each 10 ms, until one to thaw begins it anew


def hierarchies(own: str, mounts: str) -> list[Path]:
    """Return this process's folder in each hierarchy, from the texts of /proc/self/cgroup and /proc/self/mountinfo.

    Formats: cgroups(7), proc(5). A hierarchy that is not mounted here is left out.
    """
    found: list[Path] = []
    for line in own.splitlines():
        _, controllers, path = line.split(":", 2)
        for root, point in _mounted(mounts, controllers):
            found.append(_below(point, root, path))
            break
    return found


def _mounted(mounts: str, controllers: str) -> Iterator[tuple[str, str]]:
    """Yield root and mount point of the hierarchy with these controllers; no controllers means version 2."""
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        kind, _, options = right.split(" ", 2)
        root, point = left.split(" ")[3:5]
        if not controllers and kind == "cgroup2":
            yield root, point
        if controllers and kind == "cgroup" and set(controllers.split(",")) <= set(options.split(",")):
            yield root, point


def _below(point: str, root: str, path: str) -> Path:
    """Return where `path` is under `point`; a bind of only a part of the hierarchy shows the rest of the path."""
    inside = path[len(root) :] if root != "/" and path.startswith(root) else path
    return Path(point) / inside.strip("/")


def own_hierarchies() -> list[Path]:
    """Return this process's own folder in each hierarchy."""
    return hierarchies(Path("/proc/self/cgroup").read_text(), Path("/proc/self/mountinfo").read_text())


class ControlGroups:
    """The control groups `muster-rehearsal-NAME`, one in each hierarchy, below those of this process."""

    def __init__(self, name: str) -> None:
        self.folders = [folder / f"{CGROUP_PREFIX}{name}" for folder in own_hierarchies()]

    def make(self) -> None:
        """Make the folders; ones that are there are no fault."""
        for folder in self.folders:
            folder.mkdir(exist_ok=True)
            _inherit_cpus(folder)

    def command(self, command: Sequence[str]) -> list[str]:
        """Return `command` so that it moves itself into these groups before it becomes the program asked for."""
        return ["sh", "-c", _LAUNCHER, "sh", *map(str, self.folders), "--", *command]

    def thaw(self) -> None:
        """Let a frozen host go on."""
        thaw(self.folders)

    def remove(self) -> None:
        """Kill what is still inside and remove the folders with all below them."""
        remove_all(self.folders)


def _inherit_cpus(folder: Path) -> None:
    """Fill in processors and memory: without them a v1 cpuset takes no process (cpuset(7))."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        file = folder / name
        if "/cpuset" in str(folder) and file.exists() and not file.read_text().strip():
            file.write_text((folder.parent / name).read_text())


def leftover_groups() -> list[Path]:
    """Return every control group of any rehearsal on this machine, in all hierarchies."""
    tops = {line.split(" ")[4] for line in _cgroup_mounts()}
    return [Path(top) / found for top in sorted(tops) for found in _search(Path(top))]


def _cgroup_mounts() -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [line for line in lines if line.partition(" - ")[2].startswith(("cgroup ", "cgroup2 "))]


def _search(top: Path) -> Iterator[Path]:
    for folder, below, _ in os.walk(top):
        ours = [name for name in below if name.startswith(CGROUP_PREFIX)]
        yield from (Path(folder) / name for name in ours)
        below[:] = [name for name in below if name not in ours]


def members(folders: Sequence[Path]) -> set[int]:
    """Return the process ids in these groups and all below them."""
    found: set[int] = set()
    for folder in folders:
        for group in _groups(folder):
            with contextlib.suppress(OSError):
                found |= {int(word) for word in (group / "cgroup.procs").read_text().split()}
    return found - {0}


def _groups(folder: Path) -> list[Path]:
    """Return a group and all below it, those above first; none if it is gone.

    Groups come and go with the services inside: `Path.rglob` fails on that.
    """
    return [Path(path) for path, _, _ in os.walk(folder)]


def remove_all(folders: Sequence[Path]) -> None:
    """Kill every process in these groups, thaw frozen ones so that they can die, and remove the folders."""
    thaw(folders)
    for pid in members(folders):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    poll(lambda: not members(folders), within=_GONE_WITHIN, every=0.05)
    for folder in folders:
        poll(lambda folder=folder: _removed(folder), within=_GONE_WITHIN, every=0.05)  # type: ignore[misc]


def freeze(folders: Sequence[Path]) -> None:
    """Return once every process in these groups of one host is frozen; raise `TimeoutError` if they cannot be.

    Kernel docs: freezer-subsystem, cgroup-v2.
    """
    if states := _with(folders, "freezer.state"):
        _freeze_v1(states[0])
    elif orders := _with(folders, "cgroup.freeze"):
        orders[0].write_text("1")
        events = orders[0].with_name("cgroup.events")
        poll(lambda: "frozen 1" in events.read_text(), within=_FROZEN_WITHIN, every=0.01)
    else:
        raise TimeoutError("this machine has no freezer of control groups")


def _with(folders: Sequence[Path], name: str) -> list[Path]:
    return [folder / name for folder in folders if (folder / name).exists()]


def _freeze_v1(state: Path) -> None:
    """Order it again, and now and then from the start: one order hangs if it meets a process that is being made.

    As runc 1.1 does (libcontainer/cgroups/fs/freezer.go). Seen here for 7 of 200 orders beside four busy shells.
    """
    orders = itertools.cycle([*["FROZEN"] * _ORDERS, "THAWED"])

    def frozen() -> bool:
        state.write_text(next(orders))
        return state.read_text().strip() == "FROZEN"

    poll(frozen, within=_FROZEN_WITHIN, every=0.01)


def thaw(folders: Sequence[Path]) -> None:
    """Let frozen processes go on: until then not even SIGKILL ends them."""
    for folder in folders:
        for name, thawed in (("freezer.state", "THAWED"), ("cgroup.freeze", "0")):
            for file in _with(_groups(folder), name):
                with contextlib.suppress(OSError):
                    file.write_text(thawed)


def _removed(folder: Path) -> bool:
    """Remove a group and those below; false while a process on its way out still holds one."""
    for path in reversed(_groups(folder)):
        with contextlib.suppress(OSError):
            path.rmdir()
    return not folder.exists()

"""One power cycle of a host: from systemd-nspawn's start to its end."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rehearsal.hosts.cgroups import ControlGroups
from rehearsal.last_words import last_line
from rehearsal.netns import NAMESPACES
from rehearsal.poll import NotYet, poll

REBOOT = 133
"""Exit code of systemd-nspawn with --keep-unit when the host asked for a reboot (nspawn.c, EXIT_FORCE_RESTART)."""

_SETTINGS = {
    "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network",  # or net.* sysctls are refused inside
    "SYSTEMD_NSPAWN_TMPFS_TMP": "0",  # /tmp is on disk, as in Debian's image
}

SHUT_DOWN = signal.SIGRTMIN + 4
"""systemd(1): starts poweroff.target."""

RESTART = signal.SIGRTMIN + 5
"""systemd(1): starts reboot.target."""

_LEADER_WITHIN = 20.0


class PowerError(Exception):
    """A host did not start; the text ends with the last line on its console."""


@dataclass(frozen=True)
class Machine:
    """What systemd-nspawn needs to know: the names, and where root file system and console log are."""

    name: str
    namespace: str
    root: Path
    console: Path


class Power:
    """A running systemd-nspawn. Its leader is the host's process 1."""

    def __init__(self, machine: Machine, groups: ControlGroups) -> None:
        """Start the host; returns at once, before its init runs."""
        self._console, self._groups = machine.console, groups
        environment = {"PATH": os.environ["PATH"], **_SETTINGS}
        with machine.console.open("ab") as console:
            self._process = subprocess.Popen(
                groups.command(_command(machine)),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )

    def leader(self) -> int:
        """Return the process id of the host's init, as soon as there is one. Raises `PowerError` if there never is."""
        try:
            return poll(self._find_leader, within=_LEADER_WITHIN, every=0.01)
        except TimeoutError:
            raise PowerError(f"the host did not start within {_LEADER_WITHIN:g} s: {self._last_words()}") from None

    def _find_leader(self) -> int:
        if self._process.poll() is not None:
            raise PowerError(f"systemd-nspawn ended with {self._process.returncode}: {self._last_words()}")
        for pid in _children(self._process.pid):
            if _is_init(pid):
                return pid
        raise NotYet("systemd-nspawn prepares the host")

    def _last_words(self) -> str:
        return last_line(self._console.read_text(errors="replace")) or "nothing on its console"

    def ended(self) -> int | None:
        """Return the exit code if the host is off, `REBOOT` if it wants to start again."""
        return self._process.poll()

    def ask(self, leader: int, wish: int) -> None:
        """Let the host's init have `SHUT_DOWN` or `RESTART`; a host that ended already is no fault."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(leader, wish)

    def cut(self, leader: int) -> None:
        """Take the power away: nothing in the host says a last word. A frozen host is thawed: it cannot die else."""
        self._groups.thaw()
        with contextlib.suppress(ProcessLookupError):
            os.kill(leader, signal.SIGKILL)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _command(machine: Machine) -> list[str]:
    return [
        "systemd-nspawn",
        "--quiet",
        f"--directory={machine.root}",
        f"--machine={machine.name}",
        f"--network-namespace-path={NAMESPACES / machine.namespace}",
        # A root on EC2 administers its own network; outside namespaces keep the security groups.
        "--capability=CAP_NET_ADMIN",
        "--boot",
        # Not `passive`: nobody reads that console, and a host that prints 64 KiB on it stops, process 1 included.
        "--console=read-only",
        "--register=no",
        "--keep-unit",
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
    ]


def _children(pid: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        yield from map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def _is_init(pid: int) -> bool:
    """Tell whether a process is number 1 in a namespace of its own (proc(5), NSpid)."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("NSpid:"):
                numbers = line.split()[1:]
                return len(numbers) > 1 and numbers[-1] == "1"
    return False

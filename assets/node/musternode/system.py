"""systemd and Unix users, behind one seam each."""

import grp
import pwd
from typing import List, Optional, Protocol

from .commands import run
from .failure import Failure


class Services(Protocol):
    """What musternode asks of the service manager."""

    def start(self, unit: str) -> None:
        """Start `unit` and return as soon as it is running; no word on whether it stays so."""

    def stop(self, unit: str) -> None:
        """Stop `unit` and return when it has ended."""

    def kill(self, unit: str) -> None:
        """Send SIGKILL to all processes of `unit`; it need not have ended yet."""

    def restart(self, unit: str) -> None:
        """Stop and start `unit`."""

    def running(self, unit: str) -> bool:
        """Return whether `unit` runs now."""

    def run_id(self, unit: str) -> str:
        """Return the id of this run of `unit`, another one for each start; empty if it has none."""

    def last_words(self, unit: str) -> str:
        """Return the last lines that `unit` said, for a sentence of cause."""


def _journal(*whose: str) -> List[str]:
    """Return the last lines of the journal that `whose` matches."""
    argv = ["journalctl", *whose, "--lines=40", "--output=cat", "--no-pager"]
    return run(argv, good=range(256)).stdout.splitlines()


class Systemd:
    """The service manager of this host."""

    def start(self, unit: str) -> None:
        """Start `unit`."""
        run(["systemctl", "reset-failed", unit], good=range(256))
        run(["systemctl", "start", unit], within=180)

    def stop(self, unit: str) -> None:
        """Stop `unit`."""
        run(["systemctl", "stop", unit], within=180)

    def kill(self, unit: str) -> None:
        """Send SIGKILL to all processes of `unit`; one that does not run is left alone."""
        run(["systemctl", "kill", "--kill-who=all", "--signal=SIGKILL", unit], good=range(256))

    def restart(self, unit: str) -> None:
        """Stop and start `unit`."""
        self.stop(unit)
        self.start(unit)

    def running(self, unit: str) -> bool:
        """Return whether `unit` is active."""
        return run(["systemctl", "is-active", unit], good=range(256)).stdout.strip() in {"active", "activating"}

    def run_id(self, unit: str) -> str:
        """Return systemd's invocation id of `unit`."""
        return run(["systemctl", "show", "--property=InvocationID", "--value", unit]).stdout.strip()

    def last_words(self, unit: str) -> str:
        """Return the last lines of `unit` in the journal; of a mount those of its program, if that said anything.

        After them the service manager says that the mount failed, which nobody needs to be told.
        """
        lines = _journal(f"_SYSTEMD_UNIT={unit}") if unit.endswith(".mount") else []
        lines = lines or _journal("--unit", unit)
        telling = [line for line in lines if any(sign in line for sign in ("ERROR", "Exception", "rror:", "[ALERT]"))]
        return (telling or lines or ["nothing in its journal"])[-1].strip()[:300]

    def reload(self) -> None:
        """Read changed unit files."""
        run(["systemctl", "daemon-reload"])

    def enable(self, unit: str) -> None:
        """Start `unit` at each boot from now on."""
        run(["systemctl", "enable", "--quiet", unit])


def ensure_user(name: str, home: str, number: Optional[int] = None) -> None:
    """Make the system user and group `name` without a login, unless they exist; both with `number`, if there is one.

    Raises `Failure`, also if they exist with another number.
    """
    try:
        pwd.getpwnam(name)
        grp.getgrnam(name)
    except KeyError:
        chosen = ["--user-group"]
        if number is not None:  # a group that comes with its user has another number (useradd(8))
            run(["groupadd", "--force", "--system", "--gid", str(number), name])
            chosen = ["--uid", str(number), "--gid", name]
        shell = "/usr/sbin/nologin"
        run(["useradd", "--system", *chosen, "--no-create-home", "--home-dir", home, "--shell", shell, name])
    try:
        found = {pwd.getpwnam(name).pw_uid, grp.getgrnam(name).gr_gid}
    except KeyError:
        raise Failure(f"the user {name} could not be made") from None
    if number is not None and found != {number}:
        raise Failure(
            f"user and group {name} have the numbers {', '.join(map(str, sorted(found)))} here and need {number}: "
            "nodes share files, which belong to numbers; free that number, and leave the user out of the image"
        )

"""Security updates of the distribution behind one seam: which there are, and how they are brought.

Debian: whatever its sources call `Debian-Security`, as unattended-upgrades selects by that label. Preferences for one
run keep everything else at the installed version, and let new packages come that an update needs
(apt_preferences(5): below 100 nothing takes the place of an installed version, which is of the archive `now`).

Amazon Linux 2023: each image knows the packages of its own release alone, so that without another one named there would
never be an update (User Guide, "Deterministic upgrades through versioned repositories").
"""

import time
from pathlib import Path
from typing import List, Sequence, Tuple

from .. import files
from ..commands import run
from ..failure import Failure
from ..packages import Runner, Sleep, environment, when_free

LABEL = "Debian-Security"
PREFERENCES = f"""\
Package: *
Pin: release l={LABEL}
Pin-Priority: 990

Package: *
Pin: release a=now
Pin-Priority: 100

Package: *
Pin: release *
Pin-Priority: 90
"""
AVAILABLE = 100
"""Status of `dnf check-update` that says: there are some (dnf(8))."""
WITHIN = 1800.0
"""Seconds for one command: a kernel makes its image of the first files anew."""
LOCKED = 600.0
"""Seconds for which another run of apt is waited for: there is nobody who waits for this one."""


class Updates:
    """The security updates of this host, whose system is `os_name`; `release` is that of Amazon Linux."""

    def __init__(
        self,
        os_name: str,
        release: str,
        preferences: Path,
        runner: Runner = run,
        sleep: Sleep = time.sleep,
    ) -> None:
        self._amazon, self._release = os_name == "amazon-linux-2023", release
        self._preferences, self._runner, self._sleep = preferences, runner, sleep

    def available(self) -> Tuple[str, ...]:
        """Return the packages that have one, sorted; the sources are asked anew. Raises `Failure`."""
        if self._amazon:
            asked = [*self._dnf(), "--quiet", "--refresh", "check-update", "--security"]
            return listed_dnf(self._said(asked, good=(0, AVAILABLE)))
        files.write(self._preferences, PREFERENCES.encode("ascii"))
        # without this an index that did not come counts for nothing, and no update for none being there
        self._said([*self._apt(), "--error-on=any", "--option=Acquire::Retries=3", "update"])
        labels = self._said([*self._apt(), "indextargets", "--format", "$(LABEL)", "Created-By: Packages"])
        if LABEL not in labels.split():
            raise Failure(f"no source of packages here is called {LABEL}: add Debian's security suite to the image's")
        return listed_apt(self._said([*self._apt(), "--simulate", *_UPGRADE]))

    def fetch(self) -> None:
        """Bring them onto this host without installing any. Raises `Failure`."""
        self._said(self._upgrade("--downloadonly" if self._amazon else "--download-only"))

    def install(self, names: Sequence[str]) -> None:
        """Install them; raises `Failure`, also if not one of `names` has another version then.

        What was fetched is removed in any case: it takes room on the root volume, and is of no use any more.
        """
        before = self._versions(names)
        try:
            self._said(self._upgrade())
        finally:
            self._said(
                [*self._dnf(), "clean", "packages"] if self._amazon else [*self._apt(), "clean"], good=range(256)
            )
        if self._versions(names) == before:
            raise Failure(f"none of the security updates was installed: {' '.join(names)[:200]}")

    def _upgrade(self, *more: str) -> List[str]:
        if self._amazon:
            return [*self._dnf(), "upgrade", "--security", *more]
        kept = ("--option=Dpkg::Options::=--force-confdef", "--option=Dpkg::Options::=--force-confold")
        return [*self._apt(), "--yes", *kept, *more, *_UPGRADE]

    def _dnf(self) -> List[str]:
        return ["dnf", "--assumeyes", f"--releasever={self._release}"]

    def _apt(self) -> List[str]:
        return [
            "apt-get",
            "--option=DPkg::Lock::Timeout=600",
            f"--option=Dir::Etc::Preferences={self._preferences}",
        ]

    def _versions(self, names: Sequence[str]) -> str:
        if self._amazon:
            return self._said(["rpm", "--query", *names], good=range(256))
        show = "--showformat=${Package} ${Version} ${db:Status-Abbrev}\n"
        return self._said(["dpkg-query", "--show", show, *names], good=(0, 1))

    def _said(self, argv: List[str], good: Sequence[int] = (0,)) -> str:
        """Return what `argv` says; it is run again while another run of apt keeps this one out."""
        return when_free(lambda: self._run(argv, good), within=LOCKED, sleep=self._sleep)

    def _run(self, argv: List[str], good: Sequence[int]) -> str:
        done = self._runner(argv, within=WITHIN, environment=environment(), good=good)
        return str(getattr(done, "stdout", ""))


_UPGRADE = ("upgrade", "--with-new-pkgs")
"""What never removes a package; a new kernel is a package of another name."""


def listed_apt(text: str) -> Tuple[str, ...]:
    """Return the packages that `apt-get --simulate upgrade` would install by its output `text`, sorted."""
    lines = (line.split() for line in text.splitlines())
    return tuple(sorted(words[1] for words in lines if len(words) > 1 and words[0] == "Inst"))


def listed_dnf(text: str) -> Tuple[str, ...]:
    """Return the packages in the output `text` of `dnf check-update`, sorted; what they make obsolete is no update.

    A line is `NAME.ARCHITECTURE VERSION REPOSITORY`. Into a pipe dnf writes columns as wide as they need to be, but
    breaks the longest lines where those are just too wide for 80 characters (`Output.calcColumns` of dnf 4.14); what
    goes on begins with a space.
    """
    found = set()
    for line in text.replace("\n ", " ").splitlines():
        if line.startswith("Obsoleting"):
            break
        words = line.split()
        if len(words) == 3 and "." in words[0]:
            found.add(words[0].rpartition(".")[0])
    return tuple(sorted(found))

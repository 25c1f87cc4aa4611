"""The distribution's packages behind one seam: dnf on Amazon Linux 2023, apt on Debian 12."""

import logging
import os
import time
from pathlib import Path
from typing import Callable, Dict, List, Mapping, Optional, Sequence, Set, Tuple, TypeVar

from .commands import run
from .failure import Failure

log = logging.getLogger(__name__)
Runner = Callable[..., object]
Sleep = Callable[[float], object]
T = TypeVar("T")
BUSY = "Unable to lock"
"""What apt-get says where another one holds the lock of the lists, or of the archives: for those it never waits, as
`DPkg::Lock::Timeout` has it do for dpkg's (apt 2.6.1)."""
LOCKED, EVERY = 120.0, 5.0
"""Seconds for which such a lock is waited for, as for dpkg's, and between two tries."""
CORRETTO = (8, 11, 17, 21)
"""Java versions that Amazon Linux 2023 has as Corretto (its release notes, 2023.12)."""
DEBIAN_JAVA = 17
"""The one Java version of Debian 12."""


def system(release: Path = Path("/etc/os-release")) -> str:
    """Return `amazon-linux-2023` or `debian-12`; raises `Failure` for any other system."""
    pairs = (line.split("=", 1) for line in release.read_text().splitlines() if "=" in line)
    facts: Dict[str, str] = {key: value.strip('"') for key, value in pairs}
    name = {"amzn": "amazon-linux", "debian": "debian"}.get(facts.get("ID", ""), facts.get("ID", "unknown"))
    found = f"{name}-{facts.get('VERSION_ID', '?')}"
    if found not in {"amazon-linux-2023", "debian-12"}:
        raise Failure(f"this system is {found}; a node runs on amazon-linux-2023 or debian-12")
    return found


def java_home(version: int, folder: Path = Path("/usr/lib/jvm")) -> Optional[Path]:
    """Return where Java `version` lies, or None if it is not there: the system's own, else one that the image brings.

    An image of one's own brings it as /usr/lib/jvm/muster-java-VERSION, a folder or a link to one.
    """
    short = "1.8.0" if version == 8 else str(version)
    own = (f"java-{short}-amazon-corretto*", f"java-{version}-openjdk*", f"muster-java-{version}")
    for pattern in own:
        for found in sorted(folder.glob(pattern)):
            for home in (found, found / "jre"):  # where Java 8 lies without its compiler
                if (home / "bin/java").is_file():
                    return home
    return None


def needed(os_name: str, java: int, *, brought: bool = False) -> Tuple[str, ...]:
    """Return the packages that a node needs, without Java if it is `brought`; raises `Failure` where there is none."""
    common = ("nftables", "python3-boto3", "e2fsprogs")
    if brought:
        return (*common, "iproute" if os_name == "amazon-linux-2023" else "iproute2")
    if os_name == "amazon-linux-2023":
        if java not in CORRETTO:
            known = ", ".join(map(str, CORRETTO))
            raise Failure(f"java: {java} is not to be had on amazon-linux-2023; it has {known}")
        version = "1.8.0" if java == 8 else str(java)
        return (f"java-{version}-amazon-corretto-headless", *common, "iproute")
    if java != DEBIAN_JAVA:
        raise Failure(
            f"java: {java} is not to be had on debian-12; it has {DEBIAN_JAVA}: set instance.java: {DEBIAN_JAVA}"
        )
    return (f"openjdk-{DEBIAN_JAVA}-jre-headless", *common, "iproute2")


def missing(os_name: str, names: Sequence[str], runner: Runner = run) -> Tuple[str, ...]:
    """Return those of `names` that are not installed, in their order."""
    present = _present_dnf(names, runner) if os_name == "amazon-linux-2023" else _present_apt(names, runner)
    return tuple(name for name in names if name not in present)


def install(os_name: str, names: Sequence[str], runner: Runner = run, sleep: Sleep = time.sleep) -> None:
    """Install `names`; nothing is asked of any mirror when `names` is empty. Raises `Failure` naming the command."""
    if not names:
        return
    for argv in install_commands(os_name, names):
        when_free(lambda argv=argv: runner(argv, within=600, environment=environment()), sleep=sleep)  # type: ignore[misc]


def when_free(act: Callable[[], T], *, within: float = LOCKED, sleep: Sleep = time.sleep) -> T:
    """Return what `act` does; it is done again, for `within` seconds, while another run of apt keeps this one out.

    Debian's own `apt-daily` reads the lists soon after a boot. Raises `Failure`, as `act` does.
    """
    try:
        return act()
    except Failure as fault:
        if BUSY not in str(fault) or within <= 0:
            raise
        log.info("another process uses the packages of this node: %s", fault)
    sleep(EVERY)
    return when_free(act, within=within - EVERY, sleep=sleep)


def install_commands(os_name: str, names: Sequence[str]) -> List[List[str]]:
    """Return the command lines that install `names`."""
    if os_name == "amazon-linux-2023":
        return [["dnf", "install", "--assumeyes", "--setopt=install_weak_deps=False", *names]]
    wait = "--option=DPkg::Lock::Timeout=120"
    return [
        ["apt-get", wait, "update"],
        ["apt-get", wait, "install", "--yes", "--no-install-recommends", *names],
    ]


def _present_dnf(names: Sequence[str], runner: Runner) -> Set[str]:
    done = runner(["rpm", "--query", "--queryformat", "%{NAME}\n", *names], good=range(256))
    return {line.strip() for line in str(getattr(done, "stdout", "")).splitlines()}


def _present_apt(names: Sequence[str], runner: Runner) -> Set[str]:
    show = "--showformat=${Package} ${db:Status-Abbrev}\n"
    done = runner(["dpkg-query", "--show", show, *names], good=(0, 1))
    lines = (line.split() for line in str(getattr(done, "stdout", "")).splitlines())
    return {words[0] for words in lines if words[1:] == ["ii"]}


def environment() -> Mapping[str, str]:
    """Return the environment in which package tools ask nobody anything, and speak English."""
    return {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}

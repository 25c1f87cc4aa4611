"""What a machine must be and have before it can rehearse."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rehearsal.hosts.command import CommandError, run_logged
from rehearsal.places import cache

PACKAGES: Mapping[str, str] = {
    "systemd-nspawn": "systemd-container",
    "nft": "nftables",
    "mmdebstrap": "mmdebstrap",
    "haproxy": "haproxy",
    "ip": "iproute2",
    "losetup": "util-linux",
    "mvn": "maven",
    "javac": "openjdk-17-jdk-headless",
}
"""The Debian package of each program that a rehearsal runs."""

EVERYWHERE = ("/usr/local/sbin", "/usr/sbin", "/sbin")
"""Where programs of root lie that are missing in some users' PATH."""


def unfit() -> str | None:
    """Return why this machine cannot rehearse, or None if it can once `missing` is installed."""
    if not sys.platform.startswith("linux"):
        return f"hosts need Linux; this is {sys.platform}"
    if not _debian_family():
        return "hosts need a Debian-family Linux (apt-get)"
    if os.geteuid() != 0:
        return "hosts need root: start it with sudo"
    return None


def missing(packages: Mapping[str, str] = PACKAGES) -> list[str]:
    """Return the Debian packages of the programs that are not found, sorted, each once."""
    path = os.pathsep.join([os.environ.get("PATH", ""), *EVERYWHERE])
    return sorted({package for program, package in packages.items() if shutil.which(program, path=path) is None})


def install(packages: Sequence[str], say: Callable[[str], None]) -> None:
    """Install Debian packages, naming them first and with a sign of life each 5 s. Raises `MachineError`."""
    say(f"installing what this machine lacks: {' '.join(packages)}")
    log = cache() / "apt-get.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    for command in (["apt-get", "--quiet", "update"], ["apt-get", "--quiet", "install", "--yes", *packages]):
        try:
            run_logged(
                command,
                title=" ".join(command[:3]),
                log=log,
                progress=say,
                environment={"DEBIAN_FRONTEND": "noninteractive"},
            )
        except CommandError as error:
            raise MachineError(str(error)) from None


class MachineError(Exception):
    """This machine could not be made ready; the text is for the user."""


def _debian_family() -> bool:
    release = Path("/etc/os-release")
    fields = (
        dict(line.split("=", 1) for line in release.read_text().splitlines() if "=" in line) if release.exists() else {}
    )
    family = f"{fields.get('ID', '')} {fields.get('ID_LIKE', '')}".replace('"', "").split()
    return bool({"debian", "ubuntu"} & set(family)) and shutil.which("apt-get") is not None

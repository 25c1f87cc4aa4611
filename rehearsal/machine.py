"""What a machine must be and have before it can rehearse."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

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


def install(packages: Sequence[str], say: Callable[[str], object]) -> None:
    """Install Debian packages, naming them first. Raises `MachineError` with apt's last words."""
    say(f"installing what this machine lacks: {' '.join(packages)}")
    for command in (["apt-get", "-qq", "update"], ["apt-get", "-qq", "install", "-y", *packages]):
        say(f"  {' '.join(command)}")
        done = subprocess.run(
            command,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            words = (done.stderr or done.stdout).strip().splitlines()
            raise MachineError(f"{' '.join(command)} failed: {words[-1] if words else done.returncode}")


class MachineError(Exception):
    """This machine could not be made ready; the text is for the user."""


def _debian_family() -> bool:
    release = Path("/etc/os-release")
    fields = (
        dict(line.split("=", 1) for line in release.read_text().splitlines() if "=" in line) if release.exists() else {}
    )
    family = f"{fields.get('ID', '')} {fields.get('ID_LIKE', '')}".replace('"', "").split()
    return bool({"debian", "ubuntu"} & set(family)) and shutil.which("apt-get") is not None

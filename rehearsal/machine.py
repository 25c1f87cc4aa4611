"""What a rehearsal needs of this machine: its kind, and Debian packages by the command that they bring."""

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rehearsal.doubles import maven
from rehearsal.hosts.command import CommandError, run_logged
from rehearsal.places import cache

PACKAGES = {
    "systemd-nspawn": "systemd-container",
    "nft": "nftables",
    "mmdebstrap": "mmdebstrap",
    "haproxy": "haproxy",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "losetup": "mount",
    "svn": "subversion",
    **maven.PACKAGES,
}
"""Debian packages by the command for which they are needed; the last ones build the doubles."""

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
"""With this the image's packages are verified; other distributions of the family do not have it by themselves."""

KEYRING_PACKAGE = "debian-archive-keyring"

_MORE_PATH = "/usr/local/sbin:/usr/sbin:/sbin"


class InstallError(Exception):
    """A package could not be installed; the text is apt's last line and where its log is."""


def unfit() -> str:
    """Return why this machine cannot rehearse, in a few words; empty if it can once `missing` is installed."""
    if sys.platform != "linux":
        return f"a rehearsal needs Linux, this is {sys.platform}"
    if os.geteuid() != 0:
        return "a rehearsal needs root (it makes network namespaces and boots hosts): run it with sudo"
    if shutil.which("apt-get") is None:
        return "a rehearsal needs a Debian-family Linux (apt-get is not here)"
    return ""


def missing() -> list[str]:
    """Return the Debian packages that a rehearsal needs and this machine lacks, sorted, each once."""
    path = f"{os.environ.get('PATH', '')}:{_MORE_PATH}"
    lacking = {package for command, package in PACKAGES.items() if shutil.which(command, path=path) is None}
    if not KEYRING.exists():
        lacking.add(KEYRING_PACKAGE)
    return sorted(lacking)


def install(packages: Sequence[str], progress: Callable[[str], None]) -> None:
    """Install Debian packages by apt-get, naming them first; `progress` hears at least each 5 s.

    Raises `InstallError`.
    """
    names = " ".join(packages)
    progress(f"installing what a rehearsal needs here: {names}")
    log = cache() / "apt-get.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        for arguments in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
            run_logged(
                ["apt-get", "--quiet", *arguments],
                title=f"apt-get {arguments[0]}",
                log=log,
                progress=progress,
                environment={"DEBIAN_FRONTEND": "noninteractive"},
            )
    except CommandError as error:
        raise InstallError(str(error)) from None

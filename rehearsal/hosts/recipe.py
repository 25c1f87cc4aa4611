"""What is in the image of a host: the packages, and the key by which a build of it is cached."""

import hashlib
import platform
from pathlib import Path

SUITE = "bookworm"

PACKAGES = (
    "awscli",
    "ca-certificates",
    "ca-certificates-java",
    "cloud-init",
    "curl",
    "dbus",
    "e2fsprogs",
    "haproxy",
    "iproute2",
    "netbase",
    "nftables",
    "openjdk-17-jre-headless",
    "openssl",
    "procps",
    "python3-boto3",
    "subversion",
    "systemd",
    "systemd-sysv",
)
"""What a Debian machine image brings (init, cloud-init, network tools), and what nodes install from Debian."""

LEFT_OUT = ("/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*")
"""Files that dpkg does not unpack: nothing at run time reads them."""


def packages_key() -> str:
    """Return 16 hex digits that change with the suite, the packages or the processor: the name of the package tar."""
    text = "\n".join((SUITE, platform.machine(), *PACKAGES, *LEFT_OUT))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def image_key(authority: bytes) -> str:
    """Return 16 hex digits that change with the packages, the preparation or the trusted authority (its PEM).

    The preparation is versioned by the text of its own sources, which no one can forget to raise.
    """
    preparation = [Path(__file__).with_name(name).read_bytes() for name in ("prepare.py", "mount_efs.py")]
    return hashlib.sha256(b"\n".join((packages_key().encode(), *preparation, authority))).hexdigest()[:16]

"""What systemd takes from the units of a node, as lines of their [Service] (systemd.exec(5), version 252).

A call of the kernel that is not allowed fails with EPERM: programs that only try it go on.
"""

from typing import Iterable, Tuple

EVERY = """\
NoNewPrivileges=yes
LimitCORE=0
LockPersonality=yes
RestrictRealtime=yes
RestrictNamespaces=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
"""
"""For every unit, also one that mounts. Core files hold secrets: none is written, by systemd-coredump neither."""

COMMON = f"""\
{EVERY}PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictSUIDSGID=yes
SystemCallFilter=@system-service
"""
"""For all but what mounts and what installs packages: each has a view of its own of the file system."""

_PLAIN = f"""\
{COMMON}CapabilityBoundingSet=
ProtectHostname=yes
ProtectProc=invisible
ProtectSystem=strict
RemoveIPC=yes
"""
HARDENED = f"""\
{_PLAIN}RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
SystemCallFilter=~@privileged
UMask=0077
"""
"""For a program of a user of its own. Java is one: it makes code, and sets its own limit of open files."""
NOT_JAVA = f"""\
{HARDENED}MemoryDenyWriteExecute=yes
SystemCallFilter=~@resources
"""
"""For a program of a user of its own that makes no code while it runs."""

NO_METADATA = "IPAddressDeny=169.254.169.254 fd00:ec2::254\n"
"""For what asks AWS nothing, and whose user the kernel's rules cannot name, as systemd makes it up (`guard`)."""
FRONT = f"""\
{_PLAIN}{NO_METADATA}RestrictAddressFamilies=AF_INET AF_UNIX
MemoryDenyWriteExecute=yes
PrivateUsers=yes
ProcSubset=pid
SystemCallFilter=~@privileged
UMask=0077
"""
"""For what passes bytes on and nothing else; it sets its own limit of open files."""

_PACKAGES = (
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETFCAP",
    "SETGID",
    "SETUID",
)
"""What packages and their scripts are installed by, and other users' programs started."""
_MEMBER = ("NET_ADMIN", "SYS_RESOURCE")
"""What the kernel's tables are written by, and a file system grown while it is in use (ext4, EXT4_IOC_RESIZE_FS)."""
_VOLUME = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "SYS_ADMIN", "SYS_RESOURCE")
_GATE = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "NET_ADMIN", "NET_BIND_SERVICE")


def _rights(names: Iterable[str]) -> str:
    return " ".join(f"CAP_{name}" for name in sorted(names))


GATE = f"""\
{COMMON}CapabilityBoundingSet={_rights(_GATE)}
ProtectHostname=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
"""
"""For what writes the kernel's tables and gives the database files to their user; systemd does all else for it."""

VOLUME = f"""\
{EVERY}CapabilityBoundingSet={_rights(_VOLUME)}
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_UNIX
RestrictSUIDSGID=yes
SystemCallFilter=@system-service @mount
"""
"""For what mounts for the whole host, and so may have no view of its own."""


def member(more: Tuple[str, ...] = ()) -> str:
    """Return the lines for the member, which installs packages and writes units; with `more` rights of the kernel.

    Packages write everywhere, bring programs that change their user, and run Java.
    """
    calls = "@system-service sethostname" if "SYS_ADMIN" in more else "@system-service"
    return f"""\
{EVERY}CapabilityBoundingSet={_rights((*_PACKAGES, *_MEMBER, *more))}
PrivateTmp=yes
ProtectControlGroups=yes
ProtectHome=read-only
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
SystemCallFilter={calls}
"""


OWN = ("-/srv", "-/var/log")
"""Places for folders that an image gives to a product's user; the rights of files decide there, as everywhere."""


def product(*places: object) -> str:
    """Return the lines for the product, whose Java and scripts are anybody's: it may write at `places`.

    Also where an image of one's own may have folders of its user (`OWN`). Native libraries of the product may ask the
    kernel for the node's addresses (AF_NETLINK), and set limits.
    """
    writable = "".join(f"ReadWritePaths={place}\n" for place in (*places, *OWN))
    return f"{_PLAIN}RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK\nUMask=0027\n{writable}"

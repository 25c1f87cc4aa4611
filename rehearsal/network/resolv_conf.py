"""The resolver of a namespace for programs started by `ip netns exec`, which puts these files over /etc."""

import contextlib
import shutil
from pathlib import Path

ROOT = Path("/etc/netns")
"""ip-netns(8): files of /etc/netns/NAME replace those of /etc for `ip netns exec NAME`."""


def write(namespace: str, resolver: str) -> None:
    """Let programs run in `namespace` ask `resolver`."""
    folder = ROOT / namespace
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "resolv.conf").write_text(f"nameserver {resolver}\n")


def remove(namespace: str) -> None:
    """Remove what `write` made, and the folder of them all with the last one."""
    shutil.rmtree(ROOT / namespace, ignore_errors=True)
    with contextlib.suppress(OSError):
        ROOT.rmdir()

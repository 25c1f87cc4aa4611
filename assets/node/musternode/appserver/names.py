"""The host names of the cluster, as this node knows them: lines of /etc/hosts between two marks.

A product calls itself by its host names and its own HTTPS port (the member's backendServerURL and mgtConsoleURL, and
links of the console), not by the balancer's. Nodes do not reach each other's HTTPS ports. So both names lead to the
node itself; only on a worker, which has no console, that of management leads to the committing node.
"""

from typing import Dict, List

from .. import files
from ..paths import Paths
from .host import Host
from .settings import MGT

BEGIN, END = b"# Muster: names of this cluster", b"# Muster: end"
_NEW = b"127.0.0.1 localhost\n"


def wanted(this: Host) -> Dict[str, str]:
    """Return the address of each name."""
    chosen, own = this.settings, this.node.address
    management = own if chosen.group(this.node.name) == MGT else chosen.committer.address
    return {chosen.settings.management: management, chosen.settings.host: own}


def patched(content: bytes, names: Dict[str, str]) -> bytes:
    """Return the hosts file `content` with exactly these names between the marks; other lines stay as they are.

    Without names there are no marks. Of several blocks the first one's place counts.
    """
    before, after = _around(content.splitlines(keepends=True))
    if not names:
        return b"".join(before + after)
    if before and not before[-1].endswith(b"\n"):
        before[-1] += b"\n"
    lines = [BEGIN, *(f"{address} {name}".encode("ascii") for name, address in names.items()), END]
    return b"".join([*before, *(line + b"\n" for line in lines), *after])


def _around(lines: List[bytes]) -> "tuple[List[bytes], List[bytes]]":
    """Return the lines before the first block and all others behind it; one without an end is its first line alone."""
    before: List[bytes] = []
    after: List[bytes] = []
    ends = [at for at, line in enumerate(lines) if line.strip() == END]
    at, kept = 0, before
    while at < len(lines):
        if lines[at].strip() == BEGIN:
            at, kept = next((end for end in ends if end > at), at), after
        elif lines[at].strip() != END:
            kept.append(lines[at])
        at += 1
    return before, after


def bring(paths: Paths, names: Dict[str, str]) -> bool:
    """Let this host know `names`; return whether it did not.

    What makes the file anew at a boot (cloud-init) is undone by the next call: before each start of the product.
    """
    hosts = paths.root / "etc/hosts"
    before = hosts.read_bytes() if hosts.is_file() else _NEW
    return files.write(hosts, patched(before, names))

"""The host's name: the engine makes its route of it, so that it is the node's own (docs/axonivy.md)."""

from pathlib import Path
from socket import gethostname, sethostname

from .. import files
from ..failure import Failure

_MARK = b" # muster"


def bring(root: Path, name: str, address: str) -> bool:
    """Let the host whose files are below `root` be called `name`, and know itself by it; return whether it was not.

    What makes /etc/hosts anew at a boot (cloud-init) is undone by the next call. Raises `Failure`.
    """
    hosts = root / "etc/hosts"
    before = hosts.read_bytes() if hosts.is_file() else b"127.0.0.1 localhost\n"
    kept = [line for line in before.splitlines(keepends=True) if not line.rstrip().endswith(_MARK)]
    files.write(hosts, f"{address} {name}".encode("ascii") + _MARK + b"\n" + b"".join(kept))
    files.write(root / "etc/hostname", f"{name}\n".encode("ascii"))
    if gethostname() == name:
        return False
    try:
        sethostname(name)
    except OSError as fault:
        raise Failure(f"the host could not be named {name}, of which its engine makes its route: {fault}") from None
    return True

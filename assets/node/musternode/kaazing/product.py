"""The product on a node: its distribution unpacked, and what is written into its configuration."""

import re
from pathlib import Path
from typing import Optional

from .. import files
from ..failure import Failure
from . import gateway_config
from .launch import SCRIPT
from .page import NAME
from .wanted import Wanted

_PLAIN = re.compile(r"[A-Za-z0-9._+-]+")


def gateway_home(folder: Path, name: str) -> Path:
    """Return the gateway's own home in the unpacked `folder` of the distribution called `name`; raises `Failure`."""
    found = [inner for inner in folder.iterdir() if inner.is_dir() and not inner.name.startswith((".", "__"))]
    if len(found) != 1 or not all((found[0] / place).is_file() for place in (NAME, SCRIPT)):
        raise Failure(
            f"{name} is no distribution of the Kaazing Gateway: it needs one folder with {NAME} and {SCRIPT} in it"
        )
    if not _PLAIN.fullmatch(found[0].name):
        raise Failure(f"the folder in {name} is called {found[0].name!r}; name it of letters, digits and . _ + - alone")
    return found[0]


def configure(home: Path, wanted: Wanted, group: str) -> bool:
    """Write what is `wanted` into the gateway's configuration; return whether that changed.

    Raises `Failure` that names the file.
    """
    file = home / NAME
    if not file.is_file() or file.is_symlink():
        raise Failure(f"{NAME} is no plain file; put the file itself into the artifact")
    return files.write(file, gateway_config.patched(file.read_bytes(), wanted), mode=0o640, group=group)


def websocket_path(home: Path, chosen: Optional[str]) -> str:
    """Return the path at which the gateway at `home` is asked for a WebSocket: the `chosen` one, or else the first.

    An accept takes what is below its path, too. Raises `Failure` that names file and field.
    """
    paths = gateway_config.websocket_paths((home / NAME).read_bytes())
    if not paths:
        raise Failure(
            f"{NAME}: no <service> accepts ws:// from users, and a gateway is ready once it opens a WebSocket; put one "
            "into the artifact, and name its path as kaazing.path if there are others"
        )
    if chosen is None:
        return paths[0]
    if not any(f"{chosen}/".startswith(f"{path.rstrip('/')}/") for path in paths):
        raise Failure(
            f"kaazing.path is {chosen}, where {NAME} accepts no ws:// from users; it does at {', '.join(paths)}"
        )
    return chosen

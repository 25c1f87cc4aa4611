"""The engine on a node: its archive unpacked, and what is written into its configuration."""

import re
from pathlib import Path
from typing import Callable

from .. import files
from ..failure import Failure
from . import ivy_yaml, jgroups, server_xml
from .document import Settings
from .host import USER
from .ivy_yaml import Login
from .layout import Layout

_PLAIN = re.compile(r"[A-Za-z0-9._+-]+")
_ENDING = ".lic"


def engine_home(folder: Path, name: str) -> Path:
    """Return the engine's own home in the unpacked `folder` of the archive `name`; raises `Failure`.

    The maker's own archive has no folder at its top, one that was packed anew may have one.
    """
    inner = (one for one in folder.iterdir() if one.is_dir() and not one.name.startswith((".", "__")))
    found = [one for one in (folder, *inner) if Layout(one).program.is_file() and Layout(one).configuration.is_dir()]
    if len(found) != 1:
        raise Failure(
            f"{name} is no archive of an Axon.ivy engine: it needs bin/AxonIvyEngine and the folder configuration, at "
            "its top or in one folder"
        )
    if not _PLAIN.fullmatch(found[0].name):
        raise Failure(f"the folder in {name} is called {found[0].name!r}; name it of letters, digits and . _ + - alone")
    return found[0]


def runs(path: Path) -> bool:
    """Return whether `path`, of an archive, must be executable: launchers have no ending."""
    return path.suffix == ".sh" or (path.parent.name == "bin" and not path.suffix)


def configure(home: Path, chosen: Settings, name: str, login: Login, licence: bytes) -> bool:
    """Write what the settings want of the node `name` into its engine's configuration; return whether that changed.

    Raises `Failure` that names the file.
    """
    place, own, era = Layout(home), chosen.engine(name), chosen.era
    values = ivy_yaml.wanted(own, login, chosen.settings.address)
    members = [member.address for member in chosen.present]
    talk = jgroups.rendered(era, chosen.member(name).address, members, chosen.ports.jgroups)
    changed = _edit(place.ivy_yaml, lambda old: ivy_yaml.patched(old, values))
    changed = _edit(place.jgroups, lambda _: talk) or changed
    if place.server_xml.is_file():
        changed = _edit(place.server_xml, lambda old: server_xml.patched(old, own.route, own.connectors[:1])) or changed
    return _license(place, licence) or changed


def _edit(file: Path, change: Callable[[bytes], bytes]) -> bool:
    if file.is_symlink():  # the folder is the engine's: it could have root read anything for it
        raise Failure(f"{file.name} is a link; put the file itself into the archive")
    return files.write(file, change(file.read_bytes() if file.is_file() else b""), mode=0o640, group=USER)


def _license(place: Layout, content: bytes) -> bool:
    """Let the engine have this licence and no other: of two it takes none or any."""
    others = [one for one in place.configuration.iterdir() if one.suffix.lower() == _ENDING and one != place.licence]
    for other in others:
        if other.is_dir() and not other.is_symlink():
            raise Failure(f"configuration/{other.name} is a folder, which the engine would take for a licence")
        other.unlink()
    return _edit(place.licence, lambda _: content) or bool(others)

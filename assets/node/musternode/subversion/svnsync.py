"""Runs svnsync, which takes a password in an argument or from a file, and is given the file."""

import hashlib
from dataclasses import dataclass
from typing import List, Set

from ..aws import Credentials
from ..commands import last_line
from ..failure import Failure
from . import repository, tools, url
from .accounts import MIRROR
from .conf import REALM
from .place import Place, own, write


@dataclass(frozen=True)
class Source:
    """The repository of another node, and the account by which it is read."""

    address: str
    port: int
    user: Credentials

    @property
    def url(self) -> str:
        """Its URL."""
        return url(self.address, self.port)


def marks(place: Place) -> Set[str]:
    """Return the names of the properties of revision 0, where svnsync keeps its marks. Raises `Failure`."""
    listed = tools.run(["svnlook", "proplist", "--revprop", "--revision", "0", str(place.repository)], place.owner)
    return set(listed.split())


def forget(place: Place) -> None:
    """Remove the marks, as of a repository that is no mirror any more; raises `Failure`."""
    for name in sorted(each for each in marks(place) if each.startswith("svn:sync-")):
        tools.run(["svnadmin", "delrevprop", str(place.repository), "--revision", "0", name], place.owner)


def run(place: Place, source: Source, command: str, *more: str) -> None:
    """Run svnsync; a lock is nobody's who still lives, since there is one mirroring at a time."""
    argv: List[str] = ["svnsync", command, "--quiet", "--non-interactive", "--steal-lock", *more]
    argv += ["--config-dir", str(place.cache), "--source-username", source.user.username, "--sync-username", MIRROR]
    try:
        tools.run([*argv, repository.uri(place.repository), source.url], place.owner, within=tools.WHOLE)
    except Failure as fault:
        raise Failure(f"{source.url} was not mirrored: {last_line(str(fault))}") from None


def remember(place: Place, source: Source) -> None:
    """Keep the source's password where svnsync looks for one: it takes none but in an argument.

    The file is that of svn_auth's plain cache, called by the hash of what the server says it is.
    """
    realm = f"<svn://{source.address}:{source.port}> {REALM}"
    folder = place.cache / "auth/svn.simple"
    for each in (folder.parent, folder):
        own(each, place.owner)
    held = {
        "passtype": "simple",
        "password": source.user.password,
        "svn:realmstring": realm,
        "username": source.user.username,
    }
    text = "".join(f"K {len(key)}\n{key}\nV {len(value)}\n{value}\n" for key, value in held.items()) + "END\n"
    name = hashlib.md5(realm.encode("ascii"), usedforsecurity=False).hexdigest()
    for old in folder.iterdir():
        if old.name != name:
            old.unlink()
    write(folder / name, text, place.owner)

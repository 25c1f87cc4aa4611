"""What differs between versions of the engine; the sources stand in docs/axonivy.md.

Where the documentation says two things of a version, the older way is taken: newer engines still know it.
"""

import re
from dataclasses import dataclass
from typing import Tuple

from ..failure import Failure

JSESSIONID, IVYSESSIONID = "JSESSIONID", "IVYSESSIONID"
FILES, APPLICATIONS, DATA = "Data.FilesDirectory", "Data.AppDirectory", "Data.Directory"


@dataclass(frozen=True)
class Era:
    """A range of versions that are configured alike, from `since` on.

    `shared` are the keys of the folders that all nodes share, `linked` the folders below the engine's home that they
    share and no known key names. `cookie` holds a session; `health` is a page that answers once the engine runs, and
    promises more only if it is `HEALTH`. `ajp` says that there is an AJP connector to switch off, `jgroups5` that
    jgroups.xml is read by JGroups 5 and not by 3 or 4, `base_url` that the public address is one key.
    """

    since: Tuple[int, ...]
    shared: Tuple[str, ...]
    linked: Tuple[str, ...] = ()
    cookie: str = JSESSIONID
    health: str = "/"
    ajp: bool = False
    jgroups5: bool = True
    base_url: bool = True


HEALTH = "/system/health"
"""Answers 200 while the engine runs and 503 otherwise, by whatever name or address it is asked."""
ERAS = (
    Era((8,), (FILES, APPLICATIONS), health="/ivy/", ajp=True, jgroups5=False, base_url=False),
    Era((9, 1), (FILES, APPLICATIONS), ajp=True, jgroups5=False, base_url=False),
    Era((9, 2), (FILES, APPLICATIONS), ajp=True, jgroups5=False),
    Era((9, 3), (FILES,), ajp=True),
    Era((11,), (FILES,)),
    Era((12,), (DATA,)),
    Era((12, 0, 7), (DATA,), health=HEALTH),
    Era((12, 0, 9), (DATA,), ("applications",), cookie=IVYSESSIONID, health=HEALTH),
)
"""Oldest first."""

_VERSION = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6}){0,3}")


def of(version: str) -> Era:
    """Return the era of `version`, such as `9.4` or `12.0.9`; raises `Failure` for one that is too old or is none."""
    if not _VERSION.fullmatch(version):
        raise Failure(f"version {version!r} is none of an engine; write it as in 12.0.9")
    numbers = tuple(int(part) for part in version.split("."))
    matching = [era for era in ERAS if era.since <= numbers]
    if not matching:
        raise Failure(
            f"version {version}: an engine before 8.0 keeps its ports in its system database, where a node cannot set "
            "them; take 8.0 or newer"
        )
    return matching[-1]

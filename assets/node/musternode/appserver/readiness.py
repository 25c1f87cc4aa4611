"""Whether this node is given users, or administrators: a command that answers the balancer.

Of two management nodes only the one that commits is. What was deployed on the other one would never reach a worker, and
be undone by the next artifact; so it is not given administrators when the committing node is down either, but once
`committer` names it.
"""

import http.client
from pathlib import Path
from typing import List, Sequence

from .. import files
from ..carbon.readiness import PATH, silent
from ..failure import Failure
from ..paths import Paths
from ..servers import readiness
from ..servers.readiness import WITHIN
from . import secure
from .settings import MGT, WORKER

LACKS = "the member does not see enough of its cluster"
UNTOLD = "the member has not said whether this node commits artifacts"


def answers(address: str, port: int, timeout: float = WITHIN) -> bool:
    """Return whether the product answers by HTTPS, with anything but a fault of its own, within `timeout` seconds.

    By HTTPS alone the balancer and the console reach it.
    """
    return 0 < secure.status(address, port, PATH, timeout) < http.client.INTERNAL_SERVER_ERROR


def tell(paths: Paths, reason: str) -> None:
    """Say why administrators are not to be led to this node, empty if they are."""
    _file(paths).parent.mkdir(parents=True, exist_ok=True)
    files.write(_file(paths), reason.encode())


def reasons(paths: Paths, port: int, group: str) -> List[str]:
    """Return why this node of `group` should be given nobody; empty if it should."""
    found = readiness.reasons(paths, "" if answers("127.0.0.1", port) else silent(port), LACKS)
    return found if group == WORKER else [*found, *filter(None, [_told(paths)])]


def _told(paths: Paths) -> str:
    try:
        return _file(paths).read_text()
    except FileNotFoundError:
        return UNTOLD


def _file(paths: Paths) -> Path:
    return paths.public / "artifacts"


def run(arguments: Sequence[str], paths: Paths) -> int:
    """Serve ADDRESS PORT HTTPS_PORT GROUP until the process ends; raises `Failure` on others."""
    if len(arguments) != 4 or arguments[3] not in (MGT, WORKER):
        raise Failure("usage: musternode appserver-readiness ADDRESS PORT HTTPS_PORT mgt|worker")
    address, port, https, group = arguments
    return readiness.serve(address, int(port), lambda: reasons(paths, int(https), group))

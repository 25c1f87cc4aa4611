"""Whether a gateway takes users on this node."""

from typing import List, Sequence

from ..failure import Failure
from ..paths import Paths
from ..servers import readiness
from .upgrade import Service, hindrance

LACKS = f"{readiness.LACKS}, or leads its users away because its gateway is about to begin anew"


def reasons(paths: Paths, service: Service) -> List[str]:
    """Return why this node should be given no users; empty if it should."""
    return readiness.reasons(paths, hindrance(service, readiness.WITHIN), LACKS)


def run(arguments: Sequence[str], paths: Paths) -> int:
    """Serve ADDRESS PORT HTTP_PORT HOST PATH until the process ends; raises `Failure` on others."""
    if len(arguments) != 5:
        raise Failure("usage: musternode kaazing-readiness ADDRESS PORT HTTP_PORT HOST PATH")
    address, port, http_port, host, path = arguments
    service = Service(address, int(http_port), host, path)
    return readiness.serve(address, int(port), lambda: reasons(paths, service))

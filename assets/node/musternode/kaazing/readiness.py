"""Whether a gateway takes users on this node."""

from typing import List, Sequence

from ..paths import Paths
from ..servers import readiness
from ..tls.readiness import Look, told
from .upgrade import Service, hindrance

LACKS = f"{readiness.LACKS}, or leads its users away because its gateway is about to begin anew"


def reasons(paths: Paths, service: Service, front: Look = list) -> List[str]:
    """Return why this node should be given no users; empty if it should."""
    return readiness.reasons_behind(front, paths, lambda: hindrance(service), LACKS)


def run(arguments: Sequence[str], paths: Paths) -> int:
    """Serve ADDRESS PORT HTTP_PORT HOST PATH [TLS_PORT] until the process ends; raises `Failure` on others."""
    own, front = told(arguments, "kaazing-readiness ADDRESS PORT HTTP_PORT HOST PATH", paths)
    address, port, http_port, host, path = own
    service = Service(address, int(http_port), host, path)
    return readiness.serve(address, int(port), lambda: reasons(paths, service, front))

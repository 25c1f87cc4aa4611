"""GET /ready: 200 only if the application on this node answers and reaches its database, and the member agrees.

GET /ready/admin says the same, and that this node is one for administrative writes.
"""

import json
import logging
import threading
import time
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from . import application, settings, standing, state, web
from .paths import Paths
from .standing import Standing
from .state import State
from .tls.readiness import Look, told

log = logging.getLogger(__name__)
WITHIN = 1.5
"""Seconds until an answer; the balancer waits 2."""
ELSEWHERE = frozenset({state.WAITING, state.SEEDING, state.COPYING})
"""Phases of a member whose application may be served by the peer's database."""


@dataclass(frozen=True)
class Probe:
    """What is asked on node `node`; `admin_writes` says which node takes administrative writes."""

    node: str
    http_port: int
    health: str
    admin_writes: str
    paths: Paths
    front: Look = list

    def reasons(self) -> List[str]:
        """Return why this node should be given no users; empty if it should. Takes at most `WITHIN` seconds."""
        answers = at_once({"health": self._health, "member": self._member, "front": self._front}, WITHIN)
        return [reason for reason in answers.values() if reason]

    def admin_reasons(self) -> List[str]:
        """Return why this node should be given no administrative writes. Takes at most `WITHIN` seconds."""
        reasons = self.reasons()
        if self.admin_writes == settings.LEADER and (reason := following(self.node, standing.look(self.paths))):
            reasons.append(reason)
        return reasons

    def _health(self) -> str:
        well = application.answers("127.0.0.1", self.http_port, self.health, timeout=WITHIN)
        return "" if well else f"the application does not answer 200 at {self.health}"

    def _front(self) -> str:
        return "; ".join(self.front())

    def _member(self) -> str:
        return hindrance(state.own(self.paths), standing.look(self.paths))


def hindrance(own: Optional[State], pair: Optional[Standing]) -> str:
    """Return why the member wants no users here, empty if it wants them.

    One that waits for its own database does, as long as its application is served by the peer's.
    """
    if own is None:
        return "the member does not answer"
    if own.phase == state.SERVING or (own.phase in ELSEWHERE and pair is not None and pair.peer_open):
        return ""
    return f"the member is {own.phase}" + (f": {own.failure}" if own.failure else "")


def following(node: str, pair: Optional[Standing]) -> str:
    """Return why `node` takes no administrative writes where only the pair's leader does, empty if it does."""
    if pair is None:
        return "the gate process does not answer"
    return "" if pair.leader == node else f"node {pair.leader or '?'} leads the pair"


def answer(reasons: List[str]) -> Tuple[int, bytes]:
    """Return status and body for `reasons`."""
    return (503 if reasons else 200), json.dumps({"ready": not reasons, "reasons": reasons}).encode("ascii")


def serve(probe: Probe, address: str, port: int) -> ThreadingHTTPServer:
    """Serve both paths in the background."""
    answers: Mapping[str, web.Answer] = {
        "/ready": lambda: answer(probe.reasons()),
        "/ready/admin": lambda: answer(probe.admin_reasons()),
    }
    return web.serve(address, port, answers)


def run(arguments: Sequence[str], paths: Paths) -> int:
    """Serve NODE ADDRESS PORT HTTP_PORT HEALTH ADMIN_WRITES [TLS_PORT] until the process ends; raises `Failure`."""
    own, front = told(arguments, "readiness NODE ADDRESS PORT HTTP_PORT HEALTH ADMIN_WRITES", paths)
    node, address, port, http_port, health, admin_writes = own
    serve(Probe(node, int(http_port), health, admin_writes, paths, front), address, int(port))
    log.info("answers at %s port %s", address, port)
    while True:
        time.sleep(3600)


def at_once(questions: Dict[str, Callable[[], str]], within: float) -> Dict[str, str]:
    """Ask all `questions` at the same time; one without an answer in time has that as its answer."""
    found: Dict[str, Optional[str]] = dict.fromkeys(questions)

    def ask(name: str) -> None:
        found[name] = questions[name]()

    threads = [threading.Thread(target=ask, args=(name,), daemon=True) for name in questions]
    for thread in threads:
        thread.start()
    until = time.monotonic() + within
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    return {name: f"{name}: no answer within {within:g} s" if text is None else text for name, text in found.items()}

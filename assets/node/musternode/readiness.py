"""GET /ready: 200 only if the application on this node answers and the member says that it serves."""

import json
import threading
import time
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from typing import Callable, Dict, List, Optional, Tuple

from . import application, state, web

WITHIN = 1.5
"""Seconds until an answer; the balancer waits 2."""


@dataclass(frozen=True)
class Probe:
    """What is asked on this node."""

    address: str
    peer_port: int
    http_port: int
    health: str

    def reasons(self) -> List[str]:
        """Return why this node should be given no users; empty if it should. Takes at most `WITHIN` seconds."""
        answers = _at_once({"health": self._health, "member": self._member}, WITHIN)
        return [reason for reason in answers.values() if reason]

    def _health(self) -> str:
        well = application.answers("127.0.0.1", self.http_port, self.health, timeout=WITHIN)
        return "" if well else f"the application does not answer 200 at {self.health}"

    def _member(self) -> str:
        own = state.ask(self.address, self.peer_port, timeout=WITHIN)
        if own is None:
            return "the member does not answer"
        return "" if own.phase == state.SERVING else f"the member is {own.phase}" + _because(own)


def answer(reasons: List[str]) -> Tuple[int, bytes]:
    """Return status and body for `reasons`."""
    return (503 if reasons else 200), json.dumps({"ready": not reasons, "reasons": reasons}).encode("ascii")


def serve(probe: Probe, port: int) -> ThreadingHTTPServer:
    """Serve /ready in the background."""
    return web.serve(probe.address, port, "/ready", lambda: answer(probe.reasons()))


def _because(own: state.State) -> str:
    return f": {own.failure}" if own.failure else ""


def _at_once(questions: Dict[str, Callable[[], str]], within: float) -> Dict[str, str]:
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

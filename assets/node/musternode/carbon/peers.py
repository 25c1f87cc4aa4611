"""What members tell each other over their peer port: whom each sees, and how far it is with its settings.

The shared security group alone lets members reach that port; what is said is no secret.
"""

import http.client
import json
import logging
import threading
import time
import urllib.request
from dataclasses import asdict, dataclass
from http.server import ThreadingHTTPServer
from typing import Any, Callable, Dict, Mapping, Optional, Tuple

from .. import state, web
from ..settings import Node
from ..state import State
from .sight import Word

log = logging.getLogger(__name__)
PATH = "/state"
WITHIN = 1.5
"""Seconds for an answer."""
EVERY = 1.0
"""Seconds between two questions to the same member."""
STALE = 5.0
"""Seconds after which a member that does not answer has said nothing."""


@dataclass(frozen=True)
class Said:
    """What a member said, and when (`time.monotonic`)."""

    state: State
    word: Word
    at: float


def body(own: State, word: Word) -> bytes:
    """Return what this member says, as JSON."""
    said = {"id": word.id, "sees": dict(word.sees), "left": list(word.left), "seen": sorted(word.seen)}
    return json.dumps({**asdict(own), **said}).encode("ascii")


def read(text: bytes) -> Optional[Tuple[State, Word]]:
    """Return state and word in an answer, or None if it is none."""
    try:
        value = json.loads(text)
        found, sees = state.read(value), {str(address): str(one) for address, one in value["sees"].items()}
        word = Word(str(value["id"]), sees, tuple(map(str, value["left"])), frozenset(map(str, value["seen"])))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return None if found is None else (found, word)


def serve(address: str, port: int, answer: Callable[[], bytes]) -> ThreadingHTTPServer:
    """Tell members at `address`:`port`, in the background."""
    return web.serve(address, port, {PATH: lambda: (200, answer())})


class Peers:
    """Asks the other members from a thread for each; a member that hangs keeps nobody waiting."""

    def __init__(self, members: Tuple[Node, ...], port: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._members = members
        self._port = port
        self._clock = clock
        self._said: Dict[str, Said] = {}

    def start(self) -> None:
        """Ask for as long as the process lives."""
        for member in self._members:
            threading.Thread(target=self._ask, args=(member,), name=f"peer-{member.name}", daemon=True).start()

    def states(self) -> Mapping[str, State]:
        """Return what members have said of themselves lately, by name."""
        return {name: said.state for name, said in self._fresh().items()}

    def words(self) -> Mapping[str, Word]:
        """Return whom members have said lately that they see, by the members' addresses."""
        fresh = self._fresh()
        return {member.address: fresh[member.name].word for member in self._members if member.name in fresh}

    def _fresh(self) -> Mapping[str, Said]:
        now = self._clock()
        return {name: said for name, said in dict(self._said).items() if now - said.at <= STALE}

    def _ask(self, member: Node) -> None:
        while True:
            began = time.monotonic()
            try:
                said = ask(member.address, self._port)
                if said is not None and said[0].node == member.name:
                    self._said[member.name] = Said(*said, self._clock())
            except Exception:  # this thread must outlive every fault: nobody else asks
                log.exception("what node %s says was not read", member.name)
            time.sleep(max(0.1, EVERY - (time.monotonic() - began)))


def ask(address: str, port: int, within: float = WITHIN) -> Optional[Tuple[State, Word]]:
    """Return what the member at `address` says, or None if it does not answer."""
    opener: Any = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{address}:{port}{PATH}", timeout=within) as answer:
            return read(answer.read(1 << 20))
    except (OSError, ValueError, http.client.HTTPException):
        return None

"""What members tell each other over their peer port: how far each is with its settings, and what their product wants.

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
from typing import Any, Callable, Dict, Generic, Mapping, Optional, Tuple, TypeVar

from .. import state, web
from ..settings import Node
from ..state import State

log = logging.getLogger(__name__)
W = TypeVar("W")
"""What a member says beside its state."""
Reader = Callable[[bytes], Optional[Tuple[State, W]]]
"""Returns state and word in an answer, or None if it is none."""
PATH = "/state"
WITHIN = 1.5
"""Seconds for an answer."""
EVERY = 1.0
"""Seconds between two questions to the same member."""
STALE = 5.0
"""Seconds after which a member that does not answer has said nothing."""


@dataclass(frozen=True)
class Said(Generic[W]):
    """What a member said, and when (`time.monotonic`)."""

    state: State
    word: W
    at: float


def body(own: State, word: Mapping[str, Any]) -> bytes:
    """Return what a member says, as JSON."""
    return json.dumps({**asdict(own), **word}).encode("ascii")


def reader(word: Callable[[Any], W]) -> "Reader[W]":
    """Return what reads answers; `word` returns what stands beside the state in a JSON value, or raises."""

    def read(text: bytes) -> Optional[Tuple[State, W]]:
        try:
            value = json.loads(text)
            found, said = state.read(value), word(value)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None
        return None if found is None else (found, said)

    return read


def serve(address: str, port: int, answer: Callable[[], bytes]) -> ThreadingHTTPServer:
    """Tell members at `address`:`port`, in the background."""
    return web.serve(address, port, {PATH: lambda: (200, answer())})


class Peers(Generic[W]):
    """Asks the other members from a thread for each; a member that hangs keeps nobody waiting."""

    def __init__(
        self,
        members: Tuple[Node, ...],
        port: int,
        read: "Reader[W]",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._members = members
        self._port = port
        self._read = read
        self._clock = clock
        self._said: Dict[str, Said[W]] = {}

    def start(self) -> None:
        """Ask for as long as the process lives."""
        for member in self._members:
            threading.Thread(target=self._ask, args=(member,), name=f"peer-{member.name}", daemon=True).start()

    def states(self) -> Mapping[str, State]:
        """Return what members have said of themselves lately, by name."""
        return {name: said.state for name, said in self._fresh().items()}

    def words(self) -> Mapping[str, W]:
        """Return what members have said lately beside their state, by the members' addresses."""
        fresh = self._fresh()
        return {member.address: fresh[member.name].word for member in self._members if member.name in fresh}

    def _fresh(self) -> Mapping[str, Said[W]]:
        now = self._clock()
        return {name: said for name, said in dict(self._said).items() if now - said.at <= STALE}

    def _ask(self, member: Node) -> None:
        while True:
            began = time.monotonic()
            try:
                said = ask(member.address, self._port, self._read)
                if said is not None and said[0].node == member.name:
                    self._said[member.name] = Said(*said, self._clock())
            except Exception:  # this thread must outlive every fault: nobody else asks
                log.exception("what node %s says was not read", member.name)
            time.sleep(max(0.1, EVERY - (time.monotonic() - began)))


def ask(address: str, port: int, read: "Reader[W]", within: float = WITHIN) -> Optional[Tuple[State, W]]:
    """Return what the member at `address` says, or None if it does not answer."""
    opener: Any = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{address}:{port}{PATH}", timeout=within) as answer:
            return read(answer.read(1 << 20))
    except (OSError, ValueError, http.client.HTTPException):
        return None

"""The peer port's client: what a node asks of the other one. The server is in `peer_server`, and named here as well."""

import threading
from typing import Any, Mapping, Optional

from . import channel
from .challenge import Parties
from .channel import Channel
from .clock import now
from .frames import Forged, Frame, Kind, read_words, words
from .peer_server import PeerServer
from .sockets import Broken, Refused, Silent

__all__ = ["PeerClient", "PeerServer", "Refused", "Silent"]

GREETING = 2.0
"""Seconds for a fresh connection and its handshake, unless the caller has less."""


class PeerClient:
    """Asks the peer over one kept connection; each ask must be idempotent, for it may be sent twice.

    With `fronted` a front of this node stands before the peer: a refusal then says nothing of the peer's gate process.
    """

    def __init__(self, address: str, port: int, key: bytes, node: str, peer: str, *, fronted: bool = False) -> None:
        self._address = address
        self._port = port
        self._parties = Parties(key, client=node, server=peer)
        self._fronted = fronted
        self._lock = threading.Lock()
        self._kept: Optional[Channel] = None

    def ask(self, message: Mapping[str, Any], *, timeout: float = 0.6) -> Mapping[str, Any]:
        """Return the peer's answer to `message` within `timeout` seconds.

        Raises `Refused` if nobody listens on the port, `Silent` if no genuine answer came in time. A kept connection
        that turns out to be broken is replaced once, within the same time.
        """
        until = now() + timeout
        if not self._lock.acquire(timeout=timeout):
            raise Silent("another question waits for its answer")
        try:
            return self._ask(words(message), until)
        finally:
            self._lock.release()

    def connect(self, timeout: float = GREETING) -> Channel:
        """Return a fresh channel, which the caller closes; raises `Refused` or `Silent`."""
        return self._connected(now() + timeout)

    def close(self) -> None:
        """Let the kept connection go; the next ask makes another."""
        with self._lock:
            self._drop()

    def _ask(self, question: bytes, until: float) -> Mapping[str, Any]:
        if self._kept is not None:
            try:
                return self._asked(self._kept, question, until)
            except Broken:
                pass  # the server left since the last ask; whether it is there again the fresh connection will tell
        self._kept = self._connected(until)
        return self._asked(self._kept, question, until)

    def _connected(self, until: float) -> Channel:
        try:
            return channel.connect(self._address, self._port, self._parties, until)
        except Refused as fault:
            if self._fronted:
                raise Silent(f"the front to the other node is not there: {fault}") from None
            raise

    def _asked(self, kept: Channel, question: bytes, until: float) -> Mapping[str, Any]:
        try:
            kept.send(Kind.ASK, question, until=until)
            return _answer(kept.receive(until=until))
        except BaseException:
            self._drop()  # a late answer must never be taken for that to the next question
            raise

    def _drop(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None


def _answer(frame: Frame) -> Mapping[str, Any]:
    if frame.kind is not Kind.ANSWER:
        raise Broken(f"a frame {frame.kind.name} in answer to a question")
    try:
        return read_words(frame.payload)
    except Forged as fault:
        raise Broken(str(fault)) from None

"""The peer port's server: it answers questions, sends the database's file, and lets the peer through to H2."""

import logging
import socket
from pathlib import Path
from typing import Any, Callable, Mapping, Optional, Tuple

from . import channel, source, tunnel
from .challenge import Parties
from .channel import Channel
from .clock import now
from .frames import Forged, Frame, Kind, read_words, words
from .peer_listener import PeerListener
from .seldom import Seldom
from .sockets import Broken, Ended, Silent

HANDSHAKE = 2.0
"""Seconds in which a client must have proven itself."""
IDLE = 30.0
"""Seconds after which a connection without a question is closed; the peer asks several times a second."""
SENDING = 5.0
"""Seconds in which the peer must have taken an answer."""
log = logging.getLogger(__name__)


class PeerServer:
    """Serves the peer port from `start` to `stop`. Only the node `peer` that holds `key` is answered.

    `answer` is asked in several threads. It decides as well whether the file may be copied and H2 be reached:
    `{"ask": "may-copy", "still": LOCKED}` (`source.serve`) and `{"ask": "may-tunnel"}` must be
    answered with `{"yes": True}`.
    """

    def __init__(
        self,
        address: str,
        port: int,
        key: bytes,
        node: str,
        peer: str,
        answer: Callable[[Mapping[str, Any]], Mapping[str, Any]],
        *,
        folder: Callable[[], Path],
        h2: Tuple[str, int],
    ) -> None:
        self._parties = Parties(key, client=peer, server=node)
        self._answer = answer
        self._folder = folder
        self._h2 = h2
        self._listener = PeerListener(address, port, self._serve, "peer port")
        self._complaints = Seldom(log)

    @property
    def port(self) -> int:
        """The port listened on."""
        return self._listener.port

    def start(self) -> None:
        """Listen; raises `Failure` when the address or the port cannot be had."""
        self._listener.start()

    def stop(self) -> None:
        """Listen no longer and end every connection."""
        self._listener.stop()

    def _serve(self, connection: socket.socket, proven: Callable[[], None]) -> None:
        try:
            made = channel.accept(connection, self._parties, now() + HANDSHAKE)
            proven()
            self._converse(made)
        except (Silent, Forged) as fault:
            self._complaints.warn(f"a connection to the peer port from {_origin(connection)} ended: {fault}")

    def _converse(self, made: Channel) -> None:
        while True:
            frame = self._next(made)
            if frame is None:
                return
            if frame.kind is Kind.OPEN:
                self._stream(made, read_words(frame.payload))
                return
            if frame.kind is not Kind.ASK:
                raise Broken(f"a frame {frame.kind.name} where a question is due")
            made.send(Kind.ANSWER, words(self._answer(read_words(frame.payload))), until=now() + SENDING)

    def _next(self, made: Channel) -> Optional[Frame]:
        try:
            return made.receive(until=now() + IDLE)
        except Ended:
            return None

    def _stream(self, made: Channel, request: Mapping[str, Any]) -> None:
        stream = request.get("stream")
        if stream == "copy":
            source.serve(made, request, self._folder(), lambda still: self._may("may-copy", still=still))
        elif stream == "tunnel":
            tunnel.serve(made, self._h2, lambda: self._may("may-tunnel"))
        else:
            raise Broken("a request for a stream that is not known")

    def _may(self, ask: str, **more: bool) -> bool:
        return self._answer({"ask": ask, **more}).get("yes") is True


def _origin(connection: socket.socket) -> str:
    try:
        return str(connection.getpeername()[0])
    except OSError:
        return "an address that is gone"

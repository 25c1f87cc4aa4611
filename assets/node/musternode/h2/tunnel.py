"""A way through the peer port to the peer's H2, which listens on its loopback only."""

import logging
import socket
import struct
import threading
from typing import Any, Callable, List, Tuple

from .channel import Channel
from .clock import now
from .frames import Kind, read_words, words
from .peer_listener import PeerListener
from .sockets import Broken, Refused, Silent, prepare, read_some, write
from .watch import Watch

PATIENCE = 5.0
"""Seconds for the other side to reach its H2."""
PIECE = 1 << 16
"""Bytes on their way in each direction, besides what the kernel buffers: whoever reads slowly is written to slowly."""
log = logging.getLogger(__name__)


class Tunnel:
    """A loopback listener, as long as the block lasts, whose connections come out at the peer's H2."""

    def __init__(self, connect: Callable[[], Channel]) -> None:
        self._connect = connect
        self._listener = PeerListener("127.0.0.1", 0, self._serve, "tunnel")
        self.failure = ""
        """The last sentence on why a connection did not get through, or broke."""

    def __enter__(self) -> "Tunnel":
        self._listener.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.stop()

    @property
    def address(self) -> Tuple[str, int]:
        """Where to connect to."""
        return "127.0.0.1", self._listener.port

    def _serve(self, connection: socket.socket, proven: Callable[[], None]) -> None:
        proven()  # whoever is on this host's loopback; H2 asks for a password
        try:
            with self._connect() as made:
                _ask_for_h2(made)
                carry(connection, made, lambda: None)
        except (Refused, Silent) as fault:
            self.failure = str(fault)
            log.info("a connection through the tunnel broke: %s", fault)
            _abort(connection)


def serve(made: Channel, h2: Tuple[str, int], allowed: Callable[[], bool]) -> None:
    """Carry what comes over `made` to the H2 at `h2` and back, while `allowed()`; raises `Silent` when it breaks."""

    def ask() -> None:
        if not allowed():
            raise Broken("this node lets nobody through to its H2 now")

    try:
        ask()
        connection = socket.create_connection(h2, timeout=PATIENCE)
    except (Broken, OSError) as fault:
        made.send(Kind.REFUSAL, words({"why": str(fault)}), until=now() + PATIENCE)
        return
    with connection:
        made.send(Kind.READY, words({}), until=now() + PATIENCE)
        try:
            carry(connection, made, ask)
        except Silent:
            _abort(connection)
            raise


def carry(connection: socket.socket, made: Channel, ask: Callable[[], None]) -> None:
    """Carry bytes both ways until both ends have said their last; `ask` raises `Broken` to end it.

    The end of one direction is carried on, the other one goes on. Raises `Silent` when one end breaks off: then the
    caller resets the rest, lest half a stream look like a whole one.
    """
    faults: List[Silent] = []

    def check() -> None:
        if faults:
            raise Broken("the other direction broke")
        ask()

    def carried(one_way: Callable[[socket.socket, Channel, Watch], None]) -> None:
        try:
            one_way(connection, made, watch)
        except Silent as fault:
            faults.append(fault)

    watch = Watch(check)
    prepare(connection)
    inward = threading.Thread(target=carried, args=(_inward,), name="tunnel in", daemon=True)
    inward.start()
    carried(_outward)
    inward.join()
    if faults:
        raise faults[0]


def _outward(connection: socket.socket, made: Channel, watch: Watch) -> None:
    while piece := read_some(connection, PIECE, watch.between):
        made.send(Kind.DATA, piece, until=None, waiting=watch.between)
        watch.between()
    made.send(Kind.END, until=None, waiting=watch.between)


def _inward(connection: socket.socket, made: Channel, watch: Watch) -> None:
    while (frame := made.receive(until=None, waiting=watch.between)).kind is Kind.DATA:
        write(connection, frame.payload, None, watch.between)
        watch.between()
    if frame.kind is not Kind.END:
        raise Broken(f"a frame {frame.kind.name} in a tunnel")
    try:
        connection.shutdown(socket.SHUT_WR)
    except OSError as fault:
        raise Broken(f"the connection broke: {fault}") from None


def _ask_for_h2(made: Channel) -> None:
    made.send(Kind.OPEN, words({"stream": "tunnel"}), until=now() + PATIENCE)
    frame = made.receive(until=now() + 2 * PATIENCE)
    if frame.kind is Kind.REFUSAL:
        raise Silent(f"the other node refuses: {_reason(frame.payload)}")
    if frame.kind is not Kind.READY:
        raise Broken(f"a frame {frame.kind.name} where the tunnel begins")


def _reason(payload: bytes) -> Any:
    return read_words(payload).get("why")


def _abort(connection: socket.socket) -> None:
    """Make the closing of `connection` a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

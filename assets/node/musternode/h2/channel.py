"""An authenticated connection between two nodes: whole, genuine frames within time limits, or an exception."""

import contextlib
import socket
from typing import Optional

from .challenge import NONCE, REPLY, Parties, Seals, nonce
from .clock import now
from .frames import HEADER, MAC, Direction, Forged, Frame, Kind
from .sockets import Broken, Ended, Refused, Silent, Waiting, prepare, read, write


class Channel:
    """One connection after its handshake. Each direction may be used by a thread of its own.

    `until` is a time of `clock.now`, None for no limit. `waiting` is called at least each `SLICE` seconds in which
    nothing moves; what it raises ends the wait. After an exception the channel is good for `close` only.
    """

    def __init__(self, connection: socket.socket, seals: Seals) -> None:
        self._connection = connection
        self._seals = seals

    def __enter__(self) -> "Channel":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, kind: Kind, payload: bytes = b"", *, until: Optional[float], waiting: Waiting = None) -> None:
        """Send one frame; raises `Silent` when the other end does not take it in time, `Broken` when it is gone."""
        write(self._connection, self._seals.sealer.seal(kind, payload), until, waiting)

    def receive(self, *, until: Optional[float], waiting: Waiting = None) -> Frame:
        """Return the next frame; raises `Silent` when it is not whole in time, `Broken` when it cannot come."""
        opener = self._seals.opener
        try:
            kind, length = opener.announced(self._header(until, waiting))
            payload = read(self._connection, length, until, waiting)
            return opener.open(kind, payload, read(self._connection, MAC, until, waiting))
        except Forged as fault:
            raise Broken(str(fault)) from None

    def _header(self, until: Optional[float], waiting: Waiting) -> bytes:
        try:
            first = read(self._connection, 1, until, waiting)
        except Broken as fault:
            raise Ended(str(fault)) from None
        return first + read(self._connection, HEADER - 1, until, waiting)

    def end(self) -> None:
        """End the connection for both ends; a thread that waits on it gets `Broken`. The owner closes it."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End the connection and give its descriptor back; no other thread may be using it."""
        self.end()
        self._connection.close()


def accept(connection: socket.socket, parties: Parties, until: float) -> Channel:
    """Return the channel of an accepted connection once the client has proven the key; raises `Silent`."""
    prepare(connection)
    challenge = nonce()
    write(connection, challenge, until)
    reply = read(connection, REPLY, until)
    client_nonce, claim = reply[:NONCE], reply[NONCE:]
    if not parties.proven(claim, Direction.CLIENT, challenge, client_nonce):
        raise Broken("a client that does not prove the cluster's key as the other node")
    write(connection, parties.proof(Direction.SERVER, challenge, client_nonce), until)
    return Channel(connection, parties.seals(Direction.SERVER, challenge, client_nonce))


def connect(address: str, port: int, parties: Parties, until: float) -> Channel:
    """Return a fresh channel to the server at `address`, proven to hold the key; raises `Refused` or `Silent`."""
    try:
        connection = socket.create_connection((address, port), timeout=max(0.001, until - now()))
    except ConnectionRefusedError:
        raise Refused(f"nobody listens at {address} port {port}") from None
    except OSError as fault:
        raise Silent(f"no connection to {address} port {port}: {fault}") from None
    try:
        return _greet(connection, parties, until)
    except BaseException:
        connection.close()
        raise


def _greet(connection: socket.socket, parties: Parties, until: float) -> Channel:
    prepare(connection)
    challenge, own = read(connection, NONCE, until), nonce()
    write(connection, own + parties.proof(Direction.CLIENT, challenge, own), until)
    if not parties.proven(read(connection, MAC, until), Direction.SERVER, challenge, own):
        raise Broken("a server that does not prove the cluster's key as the other node")
    return Channel(connection, parties.seals(Direction.CLIENT, challenge, own))

"""One connection to a repository, in Subversion's own protocol (libsvn_ra_svn/protocol)."""

import hmac
import socket
import time
from typing import List, Tuple

from ..aws import Credentials
from ..failure import Failure
from . import url
from .items import Item, decoded, encoded

_VERSION = 2


class Connection:
    """A connection to the repository at `address`, which ends within `within` seconds whatever answers there."""

    def __init__(self, address: str, port: int, within: float) -> None:
        self._until = time.monotonic() + within
        self._where, self._rest = url(address, port), b""
        try:
            self._socket = socket.create_connection((address, port), timeout=within)
        except OSError as fault:
            raise self._failure(str(fault)) from None

    def close(self) -> None:
        """End it."""
        self._socket.close()

    def greet(self) -> List[Item]:
        """Name the repository and return the ways to get in: it has been opened by then. Raises `Failure`."""
        self.receive()
        self.send([_VERSION, ["edit-pipeline", "svndiff1"], self._where.encode(), b"musternode", []])
        return self.receive()

    def enter(self, user: Credentials) -> str:
        """Get in as `user` and return the repository's identity; raises `Failure`."""
        self.greet()
        self.send(["CRAM-MD5", []])
        step, values = self._answer()
        if step != "step" or not values or not isinstance(values[0], bytes):
            raise self._failure("it knows no way in by a password")
        proof = hmac.new(user.password.encode(), values[0], "md5").hexdigest()
        self.send(f"{user.username} {proof}".encode())
        self.receive()
        (uuid, *_) = self.receive() or [b""]
        return text(uuid)

    def asked(self, name: str, *arguments: Item) -> List[Item]:
        """Return the answer to the command `name`, before which comes one about the way in. Raises `Failure`."""
        self.send([name, list(arguments)])
        self.receive()
        return self.receive()

    def send(self, item: Item) -> None:
        """Send `item`."""
        try:
            self._socket.settimeout(self._left())
            self._socket.sendall(encoded(item))
        except OSError as fault:
            raise self._failure(str(fault)) from None

    def receive(self) -> List[Item]:
        """Return what comes with success; raises `Failure` with what the server says."""
        status, values = self._answer()
        if status != "success":
            raise self._failure(_reason(values))
        return values

    def _answer(self) -> Tuple[str, List[Item]]:
        while True:
            found = decoded(self._rest)
            if found is not None:
                break
            self._rest += self._more()
        item, self._rest = found
        if (
            not isinstance(item, list)
            or len(item) != 2
            or not isinstance(item[0], str)
            or not isinstance(item[1], list)
        ):
            raise self._failure("it answers something else than is known of Subversion")
        return item[0], item[1]

    def _more(self) -> bytes:
        try:
            self._socket.settimeout(self._left())
            data = self._socket.recv(4096)
        except OSError as fault:
            raise self._failure(str(fault)) from None
        if not data:
            raise self._failure("it closed the connection")
        return data

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise self._failure("it did not answer in time")
        return left

    def _failure(self, why: str) -> Failure:
        return Failure(f"the repository {self._where} does not answer: {why}")


def text(item: Item) -> str:
    """Return the text in a string."""
    return item.decode("utf-8", "replace") if isinstance(item, bytes) else ""


def _reason(values: List[Item]) -> str:
    """Return the server's own words: a list of errors, each a number, a message, and where it arose."""
    for error in values:
        if isinstance(error, bytes):
            return text(error)
        if isinstance(error, list) and len(error) > 1 and text(error[1]):
            return text(error[1])
    return "it gives no reason"

"""DNS messages (RFC 1035): as much as a resolver needs that knows addresses and nothing else. Pure."""

import socket
import struct
from dataclasses import dataclass
from enum import IntEnum

_HEADER = struct.Struct(">HHHHHH")
_TYPE_A, _CLASS_IN = 1, 1
_TTL = 5  # seconds: names move with their hosts
_RESPONSE, _RECURSION_DESIRED, _RECURSION_AVAILABLE, _TRUNCATED = 0x8000, 0x0100, 0x0080, 0x0200
_OPCODE = 0x7800
UDP_LIMIT = 512
"""RFC 1035 4.2.1: what a UDP answer may have without EDNS; longer ones are asked again by TCP."""


class Rcode(IntEnum):
    """How a query went."""

    NOERROR = 0
    FORMERR = 1
    SERVFAIL = 2
    NXDOMAIN = 3
    NOTIMP = 4
    REFUSED = 5


class MalformedError(Exception):
    """The bytes are no query."""


@dataclass(frozen=True)
class Query:
    """One question: `name` in lower case without the last dot; `question` is its section as it came."""

    id: int
    flags: int
    name: str
    type: int
    cls: int
    question: bytes

    @property
    def is_address(self) -> bool:
        """Whether it asks for IPv4 addresses."""
        return self.type == _TYPE_A


def parse(message: bytes) -> Query:
    """Return the question of `message`; raises `MalformedError`."""
    if len(message) < _HEADER.size:
        raise MalformedError("shorter than a header")
    query_id, flags, questions, *_ = _HEADER.unpack_from(message)
    if flags & _RESPONSE or questions != 1:
        raise MalformedError("not one question")
    name, end = _name(message, _HEADER.size)
    if len(message) < end + 4:
        raise MalformedError("question cut off")
    kind, cls = struct.unpack_from(">HH", message, end)
    return Query(query_id, flags, name, kind, cls, message[_HEADER.size : end + 4])


def _name(message: bytes, at: int) -> tuple[str, int]:
    labels: list[str] = []
    while True:
        if at >= len(message):
            raise MalformedError("name cut off")
        length = message[at]
        at += 1
        if length == 0:
            return ".".join(labels).lower(), at
        if length > 63 or at + length > len(message):
            raise MalformedError("label too long, or a pointer in a question")
        labels.append(message[at : at + length].decode("latin-1"))
        at += length


def refusal(query: Query) -> Rcode | None:
    """Return why `query` is not answered at all, if so."""
    if query.flags & _OPCODE:
        return Rcode.NOTIMP
    return None if query.cls == _CLASS_IN else Rcode.REFUSED


def answer(query: Query, rcode: Rcode, addresses: list[str], limit: int = 65535) -> bytes:
    """Return the answer; one longer than `limit` bytes is cut to its header with the truncation flag."""
    flags = _RESPONSE | (query.flags & (_OPCODE | _RECURSION_DESIRED)) | _RECURSION_AVAILABLE | rcode
    records = b"".join(_record(address) for address in addresses)
    if _HEADER.size + len(query.question) + len(records) > limit:
        return _HEADER.pack(query.id, flags | _TRUNCATED, 1, 0, 0, 0) + query.question
    return _HEADER.pack(query.id, flags, 1, len(addresses), 0, 0) + query.question + records


def malformed(message: bytes) -> bytes | None:
    """Return the answer to bytes that `parse` refused; None where there is nothing to answer."""
    if len(message) < _HEADER.size or message[2] & 0x80:
        return None
    query_id = struct.unpack_from(">H", message)[0]
    return _HEADER.pack(query_id, _RESPONSE | _RECURSION_AVAILABLE | Rcode.FORMERR, 0, 0, 0, 0)


def _record(address: str) -> bytes:
    """One A record whose name points at the question, which always stands at byte 12."""
    return struct.pack(">HHHIH", 0xC00C, _TYPE_A, _CLASS_IN, _TTL, 4) + socket.inet_aton(address)

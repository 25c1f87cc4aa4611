"""Frames of the peer port: bounded, numbered and sealed, so that nothing can be altered, repeated, left out or moved.

On the wire: length of the payload (4 bytes), kind (1 byte), payload, HMAC-SHA256 (32 bytes) over direction, number of
the frame in its direction, kind, length and payload. The key lives as long as the connection (see `challenge`).
"""

import enum
import hmac
import json
import struct
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Tuple

BLOCK = 1 << 20
"""Bytes of one block of a copied file, and so the most that a frame carries besides a hash."""
MAC = 32
_HEADER = struct.Struct(">IB")
HEADER = _HEADER.size
_NUMBER = struct.Struct(">cQBI")


class Forged(Exception):  # noqa: N818 - a finding about the other end, no fault of this program
    """A frame that the holder of the key did not send here and now; its text says what gives it away."""


class Kind(enum.IntEnum):
    """What a frame carries."""

    ASK = 1
    ANSWER = 2
    OPEN = 3
    READY = 4
    REFUSAL = 5
    DATA = 6
    END = 7
    HASHES = 8
    SAME = 9
    BLOCK = 10


class Direction(enum.Enum):
    """Who sends a frame: the side that connected, or the side that accepted."""

    CLIENT = b"C"
    SERVER = b"S"


_WORDS = 1 << 18
_LONGEST: Dict[Kind, int] = {
    Kind.ASK: _WORDS,
    Kind.ANSWER: _WORDS,
    Kind.OPEN: 1 << 10,
    Kind.READY: 1 << 10,
    Kind.REFUSAL: 1 << 12,
    Kind.DATA: 1 << 16,
    Kind.END: 1 << 10,
    Kind.HASHES: 1 << 18,
    Kind.SAME: 4,
    Kind.BLOCK: 32 + BLOCK,
}


@dataclass(frozen=True)
class Frame:
    """A genuine frame."""

    kind: Kind
    payload: bytes


class Sealer:
    """Seals the frames of one direction, in the order in which they are sent."""

    def __init__(self, key: bytes, direction: Direction) -> None:
        self._key = key
        self._direction = direction
        self._number = 0

    def seal(self, kind: Kind, payload: bytes = b"") -> bytes:
        """Return the bytes of the next frame; raises `ValueError` if `payload` is longer than its kind may be."""
        if len(payload) > _LONGEST[kind]:
            raise ValueError(f"{len(payload)} bytes are too many for a frame {kind.name}")
        mac = _mac(self._key, self._direction, self._number, kind, payload)
        self._number += 1
        return b"".join((_HEADER.pack(len(payload), kind), payload, mac))


class Opener:
    """Opens the frames of one direction, in the order in which they were sealed, and no other."""

    def __init__(self, key: bytes, direction: Direction) -> None:
        self._key = key
        self._direction = direction
        self._number = 0

    def announced(self, header: bytes) -> Tuple[Kind, int]:
        """Return kind and payload length that `header` announces; raises `Forged` for what no frame can be."""
        length, number = _HEADER.unpack(header)
        try:
            kind = Kind(number)
        except ValueError:
            raise Forged("a frame of an unknown kind") from None
        if length > _LONGEST[kind]:
            raise Forged(f"a frame {kind.name} of {length} bytes")
        return kind, length

    def open(self, kind: Kind, payload: bytes, mac: bytes) -> Frame:
        """Return the next frame; raises `Forged` unless `mac` is that of exactly this frame at this place."""
        if not hmac.compare_digest(mac, _mac(self._key, self._direction, self._number, kind, payload)):
            raise Forged("a frame that is not genuine")
        self._number += 1
        return Frame(kind, payload)


def words(message: Mapping[str, Any]) -> bytes:
    """Return `message` as the payload of a frame."""
    return json.dumps(message, separators=(",", ":")).encode("ascii")


def read_words(payload: bytes) -> Mapping[str, Any]:
    """Return the message in `payload`; raises `Forged` if it is no JSON object."""
    try:
        message = json.loads(payload)
    except (ValueError, RecursionError):
        raise Forged("a message that is no JSON") from None
    if not isinstance(message, dict):
        raise Forged("a message that is no JSON object")
    return message


def _mac(key: bytes, direction: Direction, number: int, kind: Kind, payload: bytes) -> bytes:
    seal = hmac.new(key, _NUMBER.pack(direction.value, number, kind, len(payload)), "sha256")
    seal.update(payload)
    return seal.digest()

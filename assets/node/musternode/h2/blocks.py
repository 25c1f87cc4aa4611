"""A file as a row of blocks of 1 MiB with a SHA-256 each; the last one may be shorter."""

import hashlib
import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Deque, Generator, Tuple

from .frames import BLOCK

HASH = 32
_THREADS = 2
_AHEAD = 6
"""Blocks read before they are asked for."""
Block = Tuple[bytes, bytes]
"""Hash and content."""


def digest(content: bytes) -> bytes:
    """Return the hash of one block."""
    return hashlib.sha256(content).digest()


def count(size: int) -> int:
    """Return how many blocks a file of `size` bytes has."""
    return -(-size // BLOCK)


def blocks(descriptor: int, size: int) -> Generator[Block, None, None]:
    """Yield the blocks of the first `size` bytes of an open file, each read once and hashed as it was read.

    A file that shrinks meanwhile ends with the first block that is short. Reading and hashing leave the interpreter's
    lock, so two threads keep two processors busy.
    """
    waiting: Deque[Future[Block]] = deque()
    with ThreadPoolExecutor(_THREADS) as pool:
        for place in range(count(size)):
            waiting.append(pool.submit(_block, descriptor, place * BLOCK, min(BLOCK, size - place * BLOCK)))
            if len(waiting) < _AHEAD:
                continue
            found = waiting.popleft().result()
            yield found
            if len(found[1]) < BLOCK:
                return
        while waiting:
            found = waiting.popleft().result()
            if found[1]:
                yield found
            if len(found[1]) < BLOCK:
                return


def _block(descriptor: int, offset: int, length: int) -> Block:
    content = os.pread(descriptor, length, offset)
    while 0 < len(content) < length:
        more = os.pread(descriptor, length - len(content), offset + len(content))
        if not more:
            break
        content += more
    return digest(content), content

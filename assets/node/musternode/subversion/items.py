"""The items of Subversion's own protocol: words, numbers, strings and lists (libsvn_ra_svn/protocol, part 1)."""

import re
from typing import List, Optional, Tuple, Union

from ..failure import Failure

Item = Union[int, str, bytes, List["Item"]]
"""A number, a word, a string, or a list of items."""
LONGEST = 1 << 16
"""Bytes of a string that is taken, and of an item that is waited for."""
DEEPEST = 16
_TOKEN = re.compile(rb"\s*(?:(\()|(\))|(\d+):|(\d+)(?=\s)|([A-Za-z][A-Za-z0-9-]*)(?=\s))")
_SPACE = re.compile(rb"\s")
_BEGUN = re.compile(rb"\s*(\d*|[A-Za-z][A-Za-z0-9-]*)")


def encoded(item: Item) -> bytes:
    """Return `item` as it is sent."""
    if isinstance(item, bytes):
        return b"%d:%s " % (len(item), item)
    if isinstance(item, list):
        return b"( " + b"".join(encoded(each) for each in item) + b") "
    return str(item).encode("ascii") + b" "


def decoded(data: bytes) -> Optional[Tuple[Item, bytes]]:
    """Return the first item of `data` and what follows it, None if it is not all there; raises `Failure` on no item."""
    try:
        found = _item(data, 0, DEEPEST)
    except ValueError:
        raise Failure("what answers there does not speak Subversion's protocol") from None
    if found is None:
        if len(data) > LONGEST:
            raise Failure("what answers there does not speak Subversion's protocol")
        return None
    return found[0], data[found[1] :]


def _item(data: bytes, at: int, depth: int) -> Optional[Tuple[Item, int]]:
    """Return the item at `at` and the place behind it."""
    match = _TOKEN.match(data, at)
    if match is None:
        if _BEGUN.fullmatch(data, at) is None:
            raise ValueError(at)
        return None
    opened, closed, length, number, word = match.groups()
    if closed or not depth:
        raise ValueError(at)
    if opened:
        return _list(data, match.end(), depth)
    if length:
        return _string(data, match.end(), int(length[:9]))
    return (int(number[:18]) if number else word.decode("ascii")), match.end() + 1


def _string(data: bytes, at: int, length: int) -> Optional[Tuple[Item, int]]:
    if length > LONGEST:
        raise ValueError(length)
    end = at + length
    if len(data) <= end:
        return None
    if not _SPACE.match(data, end):
        raise ValueError(end)
    return data[at:end], end + 1


def _list(data: bytes, at: int, depth: int) -> Optional[Tuple[Item, int]]:
    made: List[Item] = []
    while True:
        closed = re.compile(rb"\s*\)\s").match(data, at)
        if closed:
            return made, closed.end()
        if re.compile(rb"\s*\)?").fullmatch(data, at):
            return None
        found = _item(data, at, depth - 1)
        if found is None:
            return None
        made.append(found[0])
        at = found[1]

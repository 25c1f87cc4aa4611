"""Which management node's product commits artifacts: never two at once, so that no change of one undoes another's.

The repository that Muster makes lets in one by itself; a given one does not. So a node commits only if the other one
does not say that it does, whatever the settings want: in a change of the committing node, one gives way before the
other one takes over, in whichever order they have their turns.
"""

from pathlib import Path
from typing import Optional

from .. import files
from ..paths import Paths

_TEXT = {True: b"commits", False: b"checks out"}


def may(*, wanted: bool, before: Optional[bool], other: Optional[bool], pair: bool) -> bool:
    """Return whether this node's product is to commit, which it did `before` (None: it never ran).

    `wanted` is what the settings say, `pair` whether there is another management node, and `other` whether that one
    says that it commits, None if it is not heard. One that checked out waits to hear it: it may be cut off, and commit.
    """
    if not wanted or not pair or before:
        return wanted
    return before is None if other is None else not other


def kept(paths: Paths) -> Optional[bool]:
    """Return whether the product of this host commits by its files, None if they have not been written."""
    try:
        return _file(paths).read_bytes() == _TEXT[True]
    except FileNotFoundError:
        return None


def keep(paths: Paths, *, commits: bool) -> None:
    """Keep whether the product commits."""
    files.write(_file(paths), _TEXT[commits], mode=0o600)


def _file(paths: Paths) -> Path:
    return paths.etc / "commits"

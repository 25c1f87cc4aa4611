"""Whether a node that answers the balancer by TLS may be given users: its front must show the node's certificate."""

from typing import Callable, List, Sequence, Tuple

from ..failure import Failure
from ..paths import Paths
from . import handshake
from .front import Place

Look = Callable[[], List[str]]


def told(arguments: Sequence[str], wanted: str, paths: Paths) -> Tuple[Sequence[str], Look]:
    """Return the arguments that `wanted` names, and what tells why the front takes no users: of none, nothing.

    The port of a front follows them, if there is one. Raises `Failure` on others.
    """
    command, *names = wanted.split()
    count = len(names)
    if len(arguments) not in {count, count + 1}:
        raise Failure(f"usage: musternode {command} {' '.join(names)} [TLS_PORT]")
    own, port = arguments[:count], arguments[count:]
    return own, looks(own[names.index("ADDRESS")], int(port[0]), paths) if port else list


def looks(address: str, port: int, paths: Paths) -> Look:
    """Return what tells why the front at `address`:`port` takes no users, as no reason or one."""

    def look() -> List[str]:
        reason = handshake.hindrance(address, port, Place(paths).certificate)
        return [reason] if reason else []

    return look


def argument(port: int) -> str:
    """Return what a command gets for the front at `port`, empty for none."""
    return f" {port}" if port else ""

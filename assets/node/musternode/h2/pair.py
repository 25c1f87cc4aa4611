"""The two servers as clients know them, and this node's own."""

from dataclasses import dataclass
from typing import Sequence, Tuple

from . import text

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Pair:
    """Both gates (`address:port` by ordinal), which one is this node's, and the database's name.

    `local` is where this node's own H2 server listens; unless given, on loopback at the port of `own`.
    """

    servers: Sequence[str]
    own: str
    name: str
    local: Tuple[str, int] = ("", 0)

    def __post_init__(self) -> None:
        if not self.local[1]:
            object.__setattr__(self, "local", (LOOPBACK, int(self.own.rsplit(":", 1)[1])))

    @property
    def peer(self) -> str:
        """The other gate."""
        return next(server for server in self.servers if server != self.own)

    @property
    def list(self) -> str:
        """The one server list, the same text everywhere."""
        return ",".join(self.servers)

    @property
    def url(self) -> str:
        """The URL that the application uses on every node."""
        return text.url(self.list, self.name)

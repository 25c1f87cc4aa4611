"""A host: its disk, its H2 server, and what its kernel keeps while processes come and go.

Data is a set of writes, one bit each.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.simulation.loop import Loop, Parked

if TYPE_CHECKING:
    from tests.simulation.process import Process

OLD = (1 << 8) - 1
"""Writes that were there before the run."""


@dataclass
class Files:
    """The database on disk: the writes in it, whether it holds the pair's list, its mark, when it was last written."""

    rows: int = 0
    clustered: bool = False
    kind: str = "empty"
    epoch: int = 0
    written: float = 0.0


@dataclass
class Settings:
    """What the settings document of this node says of the pair."""

    alone: bool = False
    leaves: bool = False
    takeover_interval: float = 0.0


class Server:
    """One run of H2. `closed`: the file is closed until somebody comes."""

    __slots__ = ("alive", "broken", "closed", "clustered", "hung_since", "parked", "rows", "run")

    def __init__(self, run: str, files: Files) -> None:
        self.run, self.rows, self.clustered = run, files.rows, files.clustered
        self.alive, self.closed, self.broken = True, True, False
        self.hung_since = 0.0
        self.parked = Parked()

    @property
    def hung(self) -> bool:
        """Whether it takes connections and answers nobody."""
        return self.hung_since > 0.0


class Host:
    """The host of node `name`. `lost` are writes that its disk lacks because a server was killed."""

    def __init__(self, name: str, peer: str, loop: Loop) -> None:
        self.name, self.peer, self.loop = name, peer, loop
        self.up, self.frozen = True, False
        self.forgets = False
        """Whether a connection of the peer's clients ends by the request that it brings, and no reset arrives."""
        self.files = Files()
        self.server: Server | None = None
        self.remembered = ""
        self.kernel_until = 0.0
        self.cut = False
        self.process: Process | None = None
        self.settings = Settings()
        self.lost = 0
        self.parked = Parked()
        self._runs = 0

    def start_server(self) -> Server:
        """Start H2 on the files, unless it runs."""
        if self.server is None:
            self._runs += 1
            self.server = Server(f"{self.name}{self._runs}", self.files)
        return self.server

    def flush(self) -> None:
        """Write what the server has to the disk."""
        if self.server is not None and not self.server.hung and not self.server.broken:
            self._put_on_disk(self.server)

    def _put_on_disk(self, server: Server) -> None:
        if (self.files.rows, self.files.clustered) != (server.rows, server.clustered):
            self.files.rows, self.files.clustered = server.rows, server.clustered
            self.files.written = self.loop.now

    def end_server(self, *, cleanly: bool) -> None:
        """End H2; unless it may close its database, what it has not written is lost."""
        server, self.server = self.server, None
        if server is None:
            return
        if cleanly and not server.broken:
            self._put_on_disk(server)
        self.lost |= server.rows & ~self.files.rows
        server.alive, server.hung_since = False, 0.0
        server.parked.release(self.loop)
        if self.process is not None:
            self.process.server_ended()

    def break_disk(self) -> None:
        """Have the server fail to write its file: it closes the database, and answers nobody until that is noticed."""
        watched = self.process is not None and self.process.flushing
        if self.server is not None and not self.server.broken and watched:
            self.lost |= self.server.rows & ~self.files.rows
            self.server.broken = True
            self.hang()

    def end_broken(self) -> None:
        """End a server that could not write, as its gate process does.

        The one second is left out in which that has not noticed it yet and ends itself: the next process cannot tell
        such a server from a sound one (docs/reliability.md).
        """
        if self.server is not None and self.server.broken:
            self.end_server(cleanly=False)

    def reopen_broken(self) -> None:
        """Let a server that could not write go on with what its file holds, as H2 does when somebody comes.

        The second in which the flush is about to notice it is left out (docs/reliability.md).
        """
        server = self.server
        if server is not None and server.broken:
            server.rows, server.clustered = self.files.rows, self.files.clustered
            self.unhang(server)

    def hang(self) -> None:
        """Stop H2 as by SIGSTOP."""
        if self.server is not None and not self.server.hung:
            self.server.hung_since = self.loop.now

    def unhang(self, server: Server) -> None:
        """Let the stopped H2 go on, if it still is there."""
        if server.alive and server.hung:
            server.hung_since = 0.0
            server.parked.release(self.loop)

    def freeze(self) -> None:
        """Stop the whole machine."""
        self.frozen = True

    def thaw(self) -> None:
        """Let the machine go on."""
        if self.frozen:
            self.frozen = False
            self.parked.release(self.loop)
            if self.process is not None:
                self.process.wake()

    def lose_power(self, *, cleanly: bool = False) -> None:
        """Go down."""
        if self.process is not None:
            self.process.die(reset=False)
        self.end_server(cleanly=cleanly)
        self.up, self.remembered, self.kernel_until, self.cut = False, "", 0.0, False

    @property
    def runs_on(self) -> bool:
        """Whether programs make progress here."""
        return self.up and not self.frozen

    def soon(self, call: Any, *given: Any) -> None:
        """Do it now, or when the machine goes on."""
        if self.frozen:
            self.parked.add(call, *given)
        else:
            call(*given)

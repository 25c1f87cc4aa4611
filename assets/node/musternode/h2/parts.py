"""The gate process's parts, put together around one keeper."""

import logging
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Mapping, Protocol, Sequence, Tuple

from . import answers, clock
from .alive import say_alive
from .answers import Answers
from .comparing import Comparison
from .database import Database
from .ears import Heartbeat, Runs, Scribe, ServerWatch
from .events import Event, Hit, Remembered
from .flush import Flush
from .gate import Gate
from .half_open import HalfOpen
from .hands import Hands
from .handshake import Policy
from .jobs import Jobs
from .keeper import Keeper
from .kernel import Kernel
from .order import Order
from .pair_state import Rules, State
from .peer import PeerClient, PeerServer
from .witness import Witness

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """Where this node's gate process stands: addresses with the peer port, key, and the folders of its words.

    `guest` is the address from which the peer's clients come where fronts stand between the nodes, empty for its own.
    `admin` is the database's administrator, whom the gate refuses; `memory` is lost at each boot, `public` is read by
    everybody on this node.
    """

    own: Tuple[str, int]
    peer: Tuple[str, int]
    key: bytes
    admin: str
    memory: Path
    public: Path
    guest: str = ""


class Watching(Protocol):
    """What does its work in a thread of its own."""

    def start(self) -> None:
        """Start that thread."""


class Parts:
    """One gate process. `seed(database)` makes the first data, `restore(database, order)` that of a backup.

    `look(database)` is done now and then while this node serves and no job runs; `more()` is what only the node knows
    of itself. `compared` are the seconds of `Comparison`.
    """

    def __init__(
        self,
        place: Place,
        rules: Rules,
        database: Database,
        kernel: Kernel,
        witness: Witness,
        runs: Runs,
        *,
        seed: Callable[[Database], None],
        restore: Callable[[Database, Order], None],
        look: Callable[[Database], None],
        more: Callable[[], Mapping[str, Any]],
        **compared: float,
    ) -> None:
        self._place, self._database, self._kernel = place, database, kernel
        # the peer's silence counts from now on
        self.keeper = Keeper(State(rules, secrets.token_hex(8), word_asked=clock.now()))
        put, pair = self.keeper.put, database.pair
        gate_port = int(pair.own.rsplit(":", 1)[1])
        policy = Policy(pair.name, pair.list, place.admin)
        stands_for = {place.guest: place.peer[0]} if place.guest else {}
        self.gate = Gate(
            (place.own[0], gate_port), pair.local, policy, lambda hit: put(Hit(hit)), stands_for=stands_for
        )
        self._flush = Flush(database, look=lambda: look(database))
        self._watch = ServerWatch(runs, self._flush, put, self._look_at_disk)
        self._heartbeat = Heartbeat(self._client(rules), put)
        self._scribe = Scribe(witness, put)
        self.jobs = self._jobs(rules, seed, restore, put)
        self._hands = self._make_hands(put)
        self._answers = Answers(
            self._state,
            database,
            is_open=lambda: self.gate.is_open,
            more=more,
            clients=kernel.incoming,
            put=put,
        )
        self._half_open = HalfOpen(kernel, self._client(rules), rules.peer)
        self._comparison = Comparison(self._state, database.digest, self._client(rules), **compared)
        self._server = PeerServer(
            *place.own,
            place.key,
            rules.me,
            rules.peer,
            self._answers.answer,
            folder=lambda: database.file.parent,
            h2=pair.local,
        )

    def live(self) -> None:
        """Begin shut, hear, and keep the rules until they want the process to end."""
        self._kernel.arm()
        self._flush.pause()
        self._flush.start()
        self.gate.start()
        self._look_at_disk()
        self.keeper.put(Remembered(self._open_mark.read_text() if self._open_mark.is_file() else ""))
        self._server.start()
        say_alive()
        for part in self._watching():
            part.start()
        try:
            self.keeper.run(self._hands, self.publish, self._flush.resume)
        finally:
            self.gate.shut("this process ends")  # before the peer hears that nobody is here
            self._server.stop()
            self._flush.stop()
            self.publish(self.keeper.state)

    def _watching(self) -> Sequence[Watching]:
        """Return what watches by itself; for half-open connections fronts do, of which no kernel has both ends."""
        watching = (self._heartbeat, self._scribe, self._watch, self._comparison)
        return watching if self._place.guest else (*watching, self._half_open)

    def kill(self) -> None:
        """End the loop at once, as if the process were gone: nothing is said to anybody."""
        self._hands.ended = True

    def publish(self, now: State) -> None:
        """Write `pair.json`, and say that the keeper's loop lives."""
        say_alive()
        try:
            answers.publish(self._place.public, now, self._answers.word(), self._heartbeat.last, self.jobs.doing)
        except OSError:
            log.exception("pair.json was not written")

    def _look_at_disk(self) -> None:
        """Tell what the disk holds, and when it was last written; raises `Failure`."""
        self.keeper.put(self._database.disk())

    def _state(self) -> State:
        return self.keeper.state

    @property
    def _open_mark(self) -> Path:
        return self._place.memory / "open"

    def _client(self, rules: Rules) -> PeerClient:
        own, fronted = self._place, bool(self._place.guest)
        return PeerClient(*own.peer, own.key, rules.me, rules.peer, fronted=fronted)

    def _jobs(
        self,
        rules: Rules,
        seed: Callable[[Database], None],
        restore: Callable[[Database, Order], None],
        put: Callable[[Event], None],
    ) -> Jobs:
        return Jobs(
            self._database,
            self._flush,
            self._client(rules),
            state=self._state,
            put=put,
            look=self._watch.look,
            seed=seed,
            restore=restore,
        )

    def _make_hands(self, put: Callable[[Event], None]) -> Hands:
        return Hands(
            self.gate,
            self._kernel,
            self._scribe,
            self._heartbeat,
            self.jobs,
            self._database,
            put=put,
            open_mark=self._open_mark,
            peer=self._place.peer[0],
        )

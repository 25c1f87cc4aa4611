"""Users of a cluster with host names who go on asking while it changes, and what they may have noticed of that."""

import http.client
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

from rehearsal.checks.named import NODE, NamedScene
from rehearsal.poll import NotYet
from rehearsal.visitor import CookieJar
from tests.carbon_support import hosts, say
from tests.scenario_support import Bench, meanwhile

USERS = 8
PAUSE = 0.1
"""Seconds between a user's requests."""
PATIENCE = 65.0
"""Seconds for which a user waits: longer than a balancer, which ends a connection on which nothing came for 60."""
NOTICED = 12.0
"""Seconds for which the balancer may lead users to a node that is dead: two checks of it, 5 s apart, and the time of
the second one. An Application Load Balancer answers them 502 and tries no other node."""
MOVED_WITHIN = 30.0
"""Seconds until all users of a dead node are with others: one may wait 10 s more for a host that is off."""


@dataclass(frozen=True)
class Request:
    """A user's request, from `start` to `end` (`time.monotonic`), answered `code` (0: not at all) by the host `host`.

    `before` is the host that answered the user last, `count` the how many-eth request of the session it was, and
    `expected` how many it may be by what was answered: more than one where one before it came to nothing.
    """

    user: str
    start: float
    end: float
    code: int
    host: str = ""
    before: str = ""
    count: int = 0
    expected: range = range(1, 2)


@dataclass(frozen=True)
class Killed:
    """A host whose product was killed at the moment `at`."""

    host: str
    at: float


def excused(request: Request, killed: Iterable[Killed]) -> bool:
    """Return whether a request may have been led to a host that was dead without the balancer's having noticed."""
    return any(
        request.end >= each.at and request.start <= each.at + NOTICED and request.before in ("", each.host)
        for each in killed
    )


def unanswered(requests: Iterable[Request], killed: Collection[Killed] = ()) -> list[Request]:
    """Return the requests that came to nothing though they were led to no dead host."""
    return [each for each in requests if each.code != http.client.OK and not excused(each, killed)]


def broken(requests: Iterable[Request]) -> list[Request]:
    """Return the answers that did not go on in their user's session."""
    return [each for each in requests if each.code == http.client.OK and each.count not in each.expected]


def after(request: Request) -> Request:
    """Return what a user's next request is to be held against."""
    if request.code != http.client.OK:
        return replace(request, expected=range(request.expected.start, request.expected.stop + 1))
    return replace(request, before=request.host, expected=range(request.count + 1, request.count + 2))


@dataclass
class Load:
    """Users that go on asking. `requests` is what came of it so far, `names` are those of nodes by their hosts'."""

    scene: NamedScene
    names: Mapping[str, str]
    users: int = USERS
    requests: list[Request] = field(default_factory=list)

    def user(self, name: str) -> Callable[[], None]:
        """Return what lets a new user ask once more."""
        jar, wanted = CookieJar(), Request(name, 0.0, 0.0, 0)

        def ask() -> None:
            nonlocal wanted
            made = self._asked(jar, wanted)
            self.requests.append(made)
            wanted = after(made)

        return ask

    def _asked(self, jar: CookieJar, last: Request) -> Request:
        start = time.monotonic()
        code, host, count = 0, "", 0
        try:
            with self.scene.by(self.scene.hosts.users.host, jar, patience=PATIENCE) as client:
                answer = client.request("GET", "/api/session")
            code, host = answer.code, answer.headers.get(NODE, "")
            count = int(answer.json()["count"]) if code == http.client.OK else 0
        except (OSError, http.client.HTTPException):
            code = 0
        return replace(last, start=start, end=time.monotonic(), code=code, host=host, count=count)

    def places(self) -> dict[str, str]:
        """Return where each user is by the last answer, by user: a node, or a code."""
        last = {each.user: each for each in tuple(self.requests)}
        return {user: self.names.get(each.host, f"{each.code}") for user, each in last.items()}

    def all_on(self, *nodes: str) -> bool:
        """Return whether all users are with these nodes, and each of these has some; else raise `NotYet`."""
        found = self.places()
        if len(found) < self.users or set(found.values()) != set(nodes):
            raise NotYet(f"users are with {found or 'nobody'}")
        return True


@contextmanager
def under_load(bench: Bench, killed: Sequence[Killed] = (), users: int = USERS) -> Iterator[Load]:
    """Have users for the time of a block; after one that did not fail, nobody may have noticed but who is excused.

    What the block puts into `killed` counts.
    """
    load = Load(NamedScene(bench.rehearsal, bench.cluster), hosts(bench), users)
    with ExitStack() as crowd:
        for number in range(users):
            crowd.enter_context(meanwhile(load.user(f"user {number}"), PAUSE, f"user-{number}"))
        yield load
    _judged(load.requests, killed)


def _judged(requests: Sequence[Request], killed: Sequence[Killed]) -> None:
    failed = [each for each in requests if each.code != http.client.OK]
    say(
        f"{len(requests)} requests of {len({each.user for each in requests})} users: {len(failed)} came to nothing, "
        f"{len(failed) - len(unanswered(failed, killed))} of them at a dead node; "
        f"the longest wait was {max((each.end - each.start for each in requests), default=0.0):.1f} s"
    )
    assert len(requests) > USERS, "nobody asked"
    assert unanswered(requests, killed) == []
    assert broken(requests) == []

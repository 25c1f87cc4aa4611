"""Users' WebSockets through the balancer: each message comes back once and unchanged, and every node has some of them.

The service that they use sends back what it gets.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from rehearsal.checks.check import Check
from rehearsal.checks.result import Finding, invalid, unknown, valid
from rehearsal.checks.scene import Scene
from rehearsal.websocket import Closed, Refused, WebSocket

CLIENTS = 200
MESSAGES = 5
WORKERS = 10
"""Clients at a time that do something; all of them are connected."""

PATH = "/echo"
"""The service of the rehearsal's gateway, where the cluster file names none."""

LAST = "last"
"""Asked after all messages: what comes before its answer are theirs, however many."""

LEAST_SHARE = 0.5
"""Of an even share of the clients, what each node has at least."""

_LISTED = "ss --no-header --tcp --numeric state established"


@dataclass(frozen=True)
class Talk:
    """What one client said and what came back, in order; `fault` is why it ended before, empty if it did not."""

    client: int
    said: Sequence[str]
    heard: Sequence[str] = ()
    fault: str = ""


@dataclass(frozen=True)
class Connected:
    """How many connections of the balancer a member has while `clients` are connected; `fault` is why not more."""

    member: str
    connections: int
    clients: int
    fault: str = ""


def record_talks(scene: Scene) -> Iterable[Talk]:
    """Connect all clients, and only then let each talk."""
    with _clients(scene) as (sockets, workers):
        yield from workers.map(talk, range(CLIENTS), sockets)


@contextmanager
def _clients(scene: Scene) -> Iterator[tuple[list[WebSocket | str], ThreadPoolExecutor]]:
    """Connect all clients for the time of the block, and yield them with who works for them."""
    with ThreadPoolExecutor(WORKERS) as workers:
        sockets = list(workers.map(lambda _: _connected(scene), range(CLIENTS)))
        try:
            yield sockets, workers
        finally:
            list(workers.map(lambda made: made.close(), (each for each in sockets if isinstance(each, WebSocket))))


def _connected(scene: Scene) -> WebSocket | str:
    """Return a new client's WebSocket, or why there is none."""
    try:
        return scene.websocket(path(scene))
    except (OSError, Refused, Closed) as fault:
        return f"{type(fault).__name__}: {fault}"


def path(scene: Scene) -> str:
    """Return the path of the service that sends back what it gets."""
    return str(scene.cluster.about.settings(scene.cluster).get("path", PATH))


def talk(client: int, socket: WebSocket | str) -> Talk:
    """Return what a client hears to some messages, all of them said before the first answer is read.

    Of a client that is cut off while it speaks, what had been answered by then counts too.
    """
    said = [f"client {client}, message {number}, {'ü' * number}" for number in range(MESSAGES)]
    if isinstance(socket, str):
        return Talk(client, said, fault=socket)
    heard: list[str] = []
    fault = _told(lambda: _say(socket, (*said, LAST)))
    fault = _told(lambda: heard.extend(_answers(socket))) or fault
    return Talk(client, said, heard, fault)


def _say(socket: WebSocket, messages: Iterable[str]) -> None:
    for message in messages:
        socket.send(message.encode())


def _answers(socket: WebSocket) -> Iterator[str]:
    while (answer := socket.receive().decode(errors="replace")) != LAST:
        yield answer


def _told(do: Callable[[], object]) -> str:
    """Do it, and return what went wrong on the way, empty if nothing did."""
    try:
        do()
    except (OSError, Closed) as fault:
        return f"{type(fault).__name__}: {fault}"
    return ""


def judge_talks(talks: Sequence[Talk]) -> Finding:
    """Call wrong and repeated answers invalid before missing ones."""
    for found, what in ((_strange, "which it never said"), (_repeated, "twice")):
        if wrong := [each for each in talks if found(each)]:
            first = f"client {wrong[0].client} heard {found(wrong[0])!r}, {what}"
            return invalid(f"{len(wrong)} of {len(talks)} clients were answered wrongly: {first}")
    if cut := [each for each in talks if each.fault]:
        return invalid(f"{len(cut)} of {len(talks)} clients were cut off: client {cut[0].client}, {cut[0].fault}")
    if deaf := [each for each in talks if list(each.heard) != list(each.said)]:
        return invalid(f"{len(deaf)} of {len(talks)} clients lack answers or got them in another order")
    if len(talks) < CLIENTS or any(len(each.said) < MESSAGES for each in talks):
        return unknown(f"only {len(talks)} clients talked")
    messages = sum(len(each.said) for each in talks)
    return valid(f"{messages} messages of {len(talks)} clients at a time came back once and unchanged")


def _strange(talk: Talk) -> str:
    return next((each for each in talk.heard if each not in talk.said), "")


def _repeated(talk: Talk) -> str:
    return next((each for each, times in Counter(talk.heard).items() if times > 1), "")


def record_spread(scene: Scene) -> Iterable[Connected]:
    """Connect new clients, and look on each member which of its connections have come with them."""
    before = _connections(scene)
    with _clients(scene) as (sockets, _):
        faults = [each for each in sockets if isinstance(each, str)]
        for name, there in _connections(scene).items():
            new = len(there - before[name])
            yield Connected(name, new, len(sockets) - len(faults), faults[0] if faults else "")


def _connections(scene: Scene) -> dict[str, set[str]]:
    """Return the balancer's ends of its connections to each member's door, as the member's own kernel has them."""
    found = {}
    for each in scene.members:
        (_, port), _ = scene.door(each)
        ours = f"( sport = :{port} and dst = {scene.balancer.address} )"
        lines = scene.run_in(each, [*_LISTED.split(), ours], within=20).splitlines()
        found[each.name] = {line.split()[-1] for line in lines}
    return found


def judge_spread(found: Sequence[Connected]) -> Finding:
    """Every member has at least half of an even share."""
    if len(found) < 2:
        return unknown(f"{len(found)} members were asked")
    clients = found[0].clients
    if clients < CLIENTS:
        return invalid(f"{clients} of {CLIENTS} clients were let in: {found[0].fault}")
    told = ", ".join(f"{each.connections} on {each.member}" for each in found)
    if sum(each.connections for each in found) < clients:
        return unknown(f"of {clients} clients only these were found: {told}")
    least = LEAST_SHARE * clients / len(found)
    if few := [each.member for each in found if each.connections < least]:
        return invalid(f"{clients} new clients hardly reached {', '.join(few)}: {told}")
    return valid(f"{clients} new clients: {told}")


ANSWERED = Check("each message of a WebSocket comes back once and unchanged", Talk, record_talks, judge_talks)
SPREAD = Check("new WebSockets reach every node", Connected, record_spread, judge_spread)

"""A cluster of Axon.ivy engines under observation: whose sessions are where, what a dead node costs, who gets whom."""

import http.client
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from muster.products.axonivy import AxonIvy
from muster.spec import load
from muster.weights import reduced
from rehearsal import existing
from rehearsal.cdk_cli import ROOT
from rehearsal.checks.scene import Scene
from rehearsal.checks.sessions import WORKERS
from rehearsal.drive import Rehearsal
from rehearsal.poll import NotYet, poll
from rehearsal.visitor import Client, CookieJar, in_parallel
from tests import scenario_support
from tests.carbon_support import hosts, say
from tests.scenario_support import Bench, contents, kept_down, stand_in

EXAMPLE = ROOT / "clusters" / "axonivy.yaml"
UNIT = "axonivy.service"

NEW_SESSIONS = 600
TOLERANCE = 0.1
"""How far a node's share of new sessions may be from its share of the weights, in even shares: of two nodes 5 % of all.
"""
MOVED_WITHIN = 12.0
"""Seconds until the users of a dead engine are served elsewhere: two checks of the balancer, 5 s apart, and the time of
the second one."""
BACK_WITHIN = 90.0
"""Seconds until a node whose engine may start again is given users."""


def cluster_file(folder: Path, name: str, changes: Mapping[str, Any]) -> Path:
    """Write the example under another cluster name, with dotted fields set (None: taken away)."""
    return scenario_support.cluster_file(EXAMPLE, folder, name, {"formation.timeout": 300, **changes})


def prepared(rehearsal: Rehearsal, file: Path) -> Path:
    """Let there be what a cluster file takes for granted: its secret, and what stands in for engine and licence."""
    cluster = load(file)
    existing.provide(rehearsal, cluster)
    rehearsal.artifacts = stand_in(cluster).parent
    return file


def once_prepared() -> Any:
    """Return the fixture `empty` of a module whose fixture `file` lets there be what it takes for granted.

    What is there by then counts for what the account held before anything was deployed.
    """

    @pytest.fixture(scope="module", name="empty")
    def held(rehearsal: Rehearsal, file: Path) -> set[str]:
        assert file.is_file()
        return contents(rehearsal)

    return held


# users


@dataclass(frozen=True)
class Visit:
    """An answer: the node that gave it, the session, the how many-eth one of it."""

    node: str
    session: str
    count: int

    @property
    def route(self) -> str:
        """What the session's name says of where it is."""
        return self.session.rpartition(".")[2]


@dataclass
class User:
    """A user with a browser; `last` is the last answer."""

    jar: CookieJar = field(default_factory=CookieJar)
    last: Visit | None = None

    def visit(self, scene: Scene, names: Mapping[str, str]) -> Visit | None:
        """Make a request at the balancer; return the answer, or None where it was none of an engine."""
        found = None
        try:
            with scene.visitor(self.jar) as client:
                found = answered(client, names)
        except (OSError, http.client.HTTPException):
            return None
        self.last = found or self.last
        return found


def answered(client: Client, names: Mapping[str, str]) -> Visit | None:
    """Return what a request for a session is answered, None for anything but success."""
    answer = client.request("GET", "/api/session")
    if answer.code != http.client.OK:
        return None
    told = answer.json()
    return Visit(names[str(told["node"])], str(told["session"]), int(told["count"]))


def names_of(bench: Bench) -> dict[str, str]:
    """Return the nodes by what their hosts may be called: EC2's name, or the node's own (engines make routes of it)."""
    return {**hosts(bench), **{node: node for node in bench.cluster.present_nodes}}


def goes_on(before: Visit | None, now: Visit | None) -> bool:
    """Return whether an answer is the next one of the same session on the same node."""
    if before is None or now is None:
        return False
    return (now.node, now.session, now.count) == (before.node, before.session, before.count + 1)


def is_new(before: Visit, now: Visit, dead: str) -> bool:
    """Return whether an answer is the first one of another session, on another node than the one that is `dead`."""
    return now.node != dead and now.session != before.session and now.count == 1


def undiminished(before: Mapping[str, int], after: Mapping[str, int], nodes: Iterable[str]) -> set[str]:
    """Return those of `nodes` that keep all their users when weights change: no port of theirs goes.

    A user is kept on a port. Weights are as many ports as they are when they have no common divisor.
    """
    names = [*nodes]
    old, new = reduced(before, names), reduced(after, names)
    return {node for node in old if new[node] >= old[node]}


@dataclass
class Users:
    """Users with a session each, by the balancer."""

    bench: Bench
    number: int = 30
    each: list[User] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._scene, self._names = self.bench.scene, names_of(self.bench)
        self.each = [User() for _ in range(self.number)]
        for user in self.each:
            self.begin(user)

    def begin(self, user: User) -> None:
        """Let a user's session begin; its name must say where it is."""
        begun = self.visit(user)
        assert begun is not None, "a new user was not answered"
        assert (begun.count, begun.route) == (1, begun.node), begun

    def visit(self, user: User) -> Visit | None:
        """Make a user's next request."""
        return user.visit(self._scene, self._names)

    def on(self, node: str) -> list[User]:
        """Return the users that were last served by a node."""
        return [user for user in self.each if user.last and user.last.node == node]

    def go_on(self, some: Sequence[User]) -> None:
        """See that the next request of each of these users goes on in its session, where it is."""
        for user in some:
            before = user.last
            now = self.visit(user)
            assert goes_on(before, now), f"after {before} came {now}"

    def move(self, some: Sequence[User], dead: str, since: float) -> float:
        """See that each of these users gets a new session on a living node in time; return when the last one did."""
        left = list(some)

        def moved() -> bool:
            for user in tuple(left):
                before = user.last
                now = self.visit(user)
                if now is not None:
                    assert before is not None
                    assert is_new(before, now, dead), f"after {before} came {now}, with {dead} dead"
                    left.remove(user)
            if left:
                raise NotYet(f"{len(left)} of {len(some)} users of {dead} are not served")
            return True

        poll(moved, within=max(0.5, since + MOVED_WITHIN - time.monotonic()), every=0.1)
        return time.monotonic() - since


def outlives(bench: Bench, dead: str) -> None:
    """See a node's engine die and come back: its users move once and stay, nobody else notices, and weights hold.

    They are the weights of new sessions alone: it gets no user back.
    """
    users = Users(bench)
    victims, others = users.on(dead), [user for user in users.each if user not in users.on(dead)]
    assert victims, f"{dead} has no user"
    assert others, f"{dead} has all users"
    with kept_down(bench, UNIT, dead):
        killed = time.monotonic()
        users.go_on(others)
        seconds = users.move(victims, dead, killed)
        say(f"the {len(victims)} users of {dead} are served elsewhere {seconds:.1f} s after its engine was killed")
        users.go_on(others)
        poll(lambda: bench.states()[dead] == "unhealthy", within=MOVED_WITHIN)
        users.go_on(users.each)
        assert dead not in new_sessions(bench, 60)
    bench.wait_until_healthy(BACK_WITHIN)
    users.go_on(users.each)
    assert not users.on(dead)
    spreads(bench)


# new sessions


def new_sessions(bench: Bench, number: int = NEW_SESSIONS) -> Counter[str]:
    """Return how many of `number` new users each node got; each must have been answered, in a session of its own."""
    scene, names = bench.scene, names_of(bench)
    found = in_parallel(scene.visitor, lambda client: answered(client, names), number, WORKERS)
    visits = [visit for visit in found if visit is not None]
    assert len(visits) == number, f"{number - len(visits)} of {number} new users were not answered"
    assert len({visit.session for visit in visits}) == number
    return Counter(visit.node for visit in visits)


def spreads(bench: Bench) -> None:
    """See that new users spread over the nodes as the weights of the cluster file say."""
    given = bench.cluster.block(AxonIvy).weights
    weights = {node: given.get(node, 1) for node in bench.cluster.present_nodes}
    found = new_sessions(bench)
    say(f"weights {weights}: {', '.join(f'{count} on {node}' for node, count in sorted(found.items()))}")
    assert off(found, weights) <= TOLERANCE / len(weights), (found, weights)


def off(found: Mapping[str, int], weights: Mapping[str, int]) -> float:
    """Return how far the nodes' shares are from those of their weights at most: 1 where all is wrong."""
    total, whole = sum(found.values()), sum(weights.values())
    nodes = {*found, *weights}
    return max((abs(found.get(node, 0) / max(total, 1) - weights.get(node, 0) / whole) for node in nodes), default=1.0)


# engines


def engines_see_each_other(bench: Bench) -> bool:
    """Return whether each engine's JGroups names all engines by their routes, or raise `NotYet` with whom it names."""
    wanted = sorted(bench.cluster.present_nodes)
    for member in bench.scene.members:
        told = description(bench, member.name)["members"]
        if sorted(told) != wanted:
            raise NotYet(f"the engine of {member.name} names {', '.join(told) or 'nobody'}")
    return True


def description(bench: Bench, node: str) -> Mapping[str, Any]:
    """Return what the double says of itself on a node."""
    with bench.scene.direct(bench.member(node)) as client:
        answer = client.request("GET", "/double")
    assert answer.code == http.client.OK, answer
    told: Mapping[str, Any] = answer.json()
    return told

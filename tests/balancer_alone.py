"""A load balancer and its targets in one namespace that belongs to no network: for tests that need no security groups.

The namespace's name is not the rehearsal's, so that one that runs meanwhile never takes it for its own.
"""

import shutil
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast
from unittest import mock

from rehearsal import netns
from rehearsal.balancer import Balancer, LoadBalancer
from rehearsal.balancer.model import Stickiness, Target
from rehearsal.network import Network
from rehearsal.poll import poll
from rehearsal.visitor import Answer, Client, CookieJar, in_parallel
from tests.balancer_support import Site, load_balancer, target_group
from tests.balancer_upgraded import Upgraded

HERE = ("127.0.0.1", 80)
READINESS = 9180
WORKERS = 6


class _Nowhere:
    """As much of a network as a balancer uses: its namespace stands already, and is removed by who made it."""

    def attach(self, *_: str) -> None:
        """Do nothing."""

    def detach(self, _: str) -> None:
        """Do nothing."""


def at(number: int, port: int = 8080) -> Target:
    """Describe a target on loopback, by its number."""
    return Target(f"i-{number:017x}", port, f"127.0.1.{number}")


HEAVY = (at(1), at(1, 8090), at(2))
"""Node 1 with two ports and node 2 with one."""


def over(*targets: Target, sticky: Stickiness | None = None, idle: int = 60) -> LoadBalancer:
    """Describe a balancer; a target that is taken away has 2 seconds to end what it has begun."""
    return replace(load_balancer(target_group(*targets, sticky=sticky)), idle=idle)


@dataclass
class Alone:
    """A balancer that runs, and its targets' applications, each named by its node's number and its port."""

    balancer: Balancer
    sites: dict[tuple[str, int], Site] = field(default_factory=dict)

    def open_node(self, number: int, *ports: int) -> None:
        """Start the applications of a node and what answers for its readiness."""
        address = f"127.0.1.{number}"
        for port in (*ports, READINESS):
            self.sites[address, port] = Site(self.balancer.namespace, address, port, f"{number}:{port}")

    def close_node(self, number: int) -> None:
        """Stop everything on a node: its ports refuse from now on."""
        for place in [place for place in self.sites if place[0] == f"127.0.1.{number}"]:
            self.sites.pop(place).end()

    def states(self) -> list[str]:
        """Return the state of each target, in order."""
        return [found.state for found in self.balancer.health()]

    def become(self, *states: str) -> None:
        """Wait until the targets have these states."""
        poll(lambda: self.states() == list(states), within=10, every=0.05)

    def visitor(self, jar: CookieJar | None = None) -> Client:
        """Return a user's client."""
        return Client(self.balancer.namespace, HERE, host=self.balancer.dns, jar=jar)

    def get(self, path: str = "/", jar: CookieJar | None = None) -> Answer:
        """Ask once."""
        with self.visitor(jar) as client:
            return client.request("GET", path)

    def names(self, path: str, count: int, jar: CookieJar | None = None) -> Sequence[str]:
        """Return which target answered each of so many requests, several at a time."""

        def ask(client: Client) -> str:
            answer = client.request("GET", path)
            assert answer.code == 200
            return answer.body.decode()

        return in_parallel(lambda: self.visitor(jar), ask, count, WORKERS)

    def upgraded(self) -> Upgraded:
        """Return a connection that is upgraded through the balancer."""
        return Upgraded(netns.connect_in(self.balancer.namespace, HERE, 10))


@contextmanager
def alone(model: LoadBalancer) -> Iterator[Alone]:
    """Describe a balancer whose namespace stands, with nothing in it; remove all of it after the block."""
    folder = Path(tempfile.mkdtemp(prefix="k7-"))  # pytest's own folder is too long for a control socket
    tailed = replace(model, arn=model.arn[:-8] + uuid.uuid4().hex[:8])
    with mock.patch("rehearsal.balancer.balancer.NAMESPACE_PREFIX", "k7-"):
        balancer = Balancer(
            model=tailed,
            network=cast("Network", _Nowhere()),
            address=HERE[0],
            subnet_cidr="127.0.0.0/8",
            directory=folder / "lb",
        )
    made = Alone(balancer)
    netns.add(balancer.namespace)
    try:
        yield made
    finally:
        balancer.down()
        for site in made.sites.values():
            site.end()
        netns.remove(balancer.namespace)
        shutil.rmtree(folder)


@contextmanager
def started(model: LoadBalancer) -> Iterator[Alone]:
    """Run a balancer over `HEAVY`, all of it healthy."""
    with alone(model) as made:
        made.open_node(1, 8080, 8090)
        made.open_node(2, 8080)
        made.balancer.up()
        made.become("healthy", "healthy", "healthy")
        yield made

"""Guests with applications, a load balancer before them, and a client: for the tests that run haproxy."""

import http.client
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from rehearsal import netns
from rehearsal.balancer import Balancer, LoadBalancer
from rehearsal.balancer.model import Stickiness, Target
from rehearsal.network import InterfacePolicy, Network
from rehearsal.poll import poll
from tests.balancer_support import Site, load_balancer, target, target_group
from tests.network_support import group, guest, interface, vpc

ADDRESS, SUBNET = "10.64.8.126", "10.64.8.0/25"
A, B = target(10), target(11)
OPEN = group("sg-open", [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.64.0.0/20"}]}])


@dataclass
class Answer:
    """What a client got."""

    status: int
    headers: http.client.HTTPMessage
    body: str

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies that it sets."""
        pairs = (line.split(";")[0].partition("=") for line in self.headers.get_all("Set-Cookie", []))
        return {name: value for name, _, value in pairs}


@dataclass
class World:
    """Two guests with an application on 8080, another on 8090 and readiness on 9180, and a balancer when started."""

    network: Network
    guests: dict[str, str]
    folder: Path
    sites: dict[tuple[str, int], Site] = field(default_factory=dict)
    balancer: Balancer | None = None

    def open_sites(self) -> None:
        """Start all applications."""
        for number in (10, 11):
            for port in (8080, 8090, 9180):
                self.open_site(f"10.64.0.{number}", port)

    def open_site(self, address: str, port: int) -> None:
        """Start one application; its name is that of the guest with the port."""
        name = f"{address.rpartition('.')[2]}:{port}"
        self.sites[address, port] = Site(self.guests[address], address, port, name)

    def close_site(self, where: Target, port: int) -> None:
        """Stop one application: its port refuses from now on."""
        self.sites.pop((where.address, port)).end()

    def start(self, model: LoadBalancer) -> Balancer:
        """Run a load balancer and wait until it has asked every target."""
        tailed = replace(model, arn=model.arn[:-8] + uuid.uuid4().hex[:8])
        self.balancer = Balancer(
            model=tailed, network=self.network, address=ADDRESS, subnet_cidr=SUBNET, directory=self.folder / "lb"
        )
        self.apply(interface(self.balancer.namespace, ADDRESS, OPEN))
        self.balancer.up()
        poll(lambda: "initial" not in self.states(), within=10, every=0.05)
        return self.balancer

    def apply(self, balancer: InterfacePolicy) -> None:
        """Let the guests be open to everybody in the VPC, and the balancer be as told."""
        self.network.apply([balancer, *(interface(name, address, OPEN) for address, name in self.guests.items())])

    def states(self) -> list[str]:
        """Return the state of each target, in order."""
        assert self.balancer is not None
        return [found.state for found in self.balancer.health()]

    def get(self, path: str = "/", cookies: dict[str, str] | None = None, port: int = 80, **headers: str) -> Answer:
        """Ask the balancer from the visitor."""
        connection = http.client.HTTPConnection(ADDRESS, port)
        connection.sock = netns.connect_in(self.network.visitor.namespace, (ADDRESS, port), 15)
        crumbs = {"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())} if cookies else {}
        connection.request("GET", path, headers=crumbs | {k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return Answer(answer.status, answer.headers, body)

    def names(self, count: int, cookies: dict[str, str] | None = None) -> set[str]:
        """Return which targets answered so many requests."""
        return {self.get("/", cookies).body for _ in range(count)}


@contextmanager
def two_guests(folder: Path) -> Iterator[tuple[Network, dict[str, str]]]:
    """Run a VPC with two guests, by address."""
    with vpc(folder) as network:
        yield network, {where.address: guest(network, where.address) for where in (A, B)}


@contextmanager
def running(network: Network, guests: dict[str, str]) -> Iterator[World]:
    """Run the applications; end them and the balancer after the block."""
    folder = Path(tempfile.mkdtemp(prefix="mu-"))  # pytest's own folder is too long for a control socket
    made = World(network, guests, folder)
    made.open_sites()
    try:
        yield made
    finally:
        if made.balancer:
            made.balancer.down()
        for site in made.sites.values():
            site.end()
        shutil.rmtree(folder)


def pair(sticky: Stickiness | None = None) -> LoadBalancer:
    """Describe a balancer before both guests."""
    return load_balancer(target_group(A, B, sticky=sticky))

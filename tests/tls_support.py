"""What goes over the wire between the balancer and nodes, and whom a change of that cuts off."""

import http.client
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

from musternode.tls import handshake
from rehearsal.checks import echo
from rehearsal.checks.scene import Member, Scene
from rehearsal.netns import call_in
from rehearsal.visitor import Client, CookieJar
from rehearsal.websocket import visit
from tests.carbon_support import say
from tests.scenario_support import Bench, meanwhile

Place = tuple[str, int]
"""An address, and a port."""
MARK = b"seen-on-the-wire"
"""What stands in a request that is looked for."""
_EVERYTHING = 0x0003  # linux/if_ether.h, ETH_P_ALL
_IP, _TCP, _HEADER = 0x0800, 6, 14


@dataclass(frozen=True)
class Segment:
    """What one TCP segment carries between the ports of two addresses."""

    source: Place
    target: Place
    content: bytes


def segment(frame: bytes) -> Segment | None:
    """Return the TCP segment in an Ethernet frame of IPv4, None for another one or one that carries nothing."""
    if len(frame) < _HEADER + 40 or int.from_bytes(frame[12:14], "big") != _IP or frame[_HEADER + 9] != _TCP:
        return None
    packet = frame[_HEADER : _HEADER + int.from_bytes(frame[16:18], "big")]
    tcp = packet[(packet[0] & 15) * 4 :]
    content = tcp[(tcp[12] >> 4) * 4 :]
    addresses = [socket.inet_ntoa(packet[place : place + 4]) for place in (12, 16)]
    ports = [int.from_bytes(tcp[place : place + 2], "big") for place in (0, 2)]
    return Segment((addresses[0], ports[0]), (addresses[1], ports[1]), content) if content else None


@dataclass
class Wire:
    """What was heard of the balancer's and the nodes' talk."""

    segments: list[Segment] = field(default_factory=list)

    def at(self, place: Place) -> bytes:
        """Return all that came from or went to a port of an address."""
        return b"".join(each.content for each in self.segments if place in (each.source, each.target))

    def of(self, addresses: Collection[str]) -> bytes:
        """Return all that came from or went to any port of these addresses."""
        return b"".join(each.content for each in self.segments if {each.source[0], each.target[0]} & {*addresses})


@contextmanager
def tapped(scene: Scene) -> Iterator[Wire]:
    """Listen in the balancer's namespace for the time of the block."""
    made = call_in(
        scene.balancer.namespace,
        lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_EVERYTHING)),
    )
    wire, over = Wire(), threading.Event()
    made.settimeout(0.2)

    def listen() -> None:
        while not over.is_set():
            try:
                found = segment(made.recv(65535))
            except TimeoutError:
                continue
            wire.segments += [found] if found else []

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield wire
    finally:
        over.set()
        thread.join()
        made.close()


def asked(scene: Scene) -> bytes:
    """Let new users ask for something that bears the mark; return what was heard of it between balancer and nodes."""
    return heard(scene, way_in(scene)).of([member.address for member in scene.members])


def way_in(scene: Scene) -> tuple[str, Place]:
    """Return where users stand, and where they reach the balancer: in plain HTTP, for want of a certificate."""
    return scene.visitor_namespace, (scene.balancer.address, scene.listener_port)


def heard(scene: Scene, *ways: tuple[str, Place], times: int = 12) -> Wire:
    """Say the mark by each of the ways (where a user stands, and where to), as a new one each of so many times."""
    with tapped(scene) as wire:
        for _ in range(times):
            for namespace, place in ways:
                say_the_mark(scene, namespace, place)
        time.sleep(0.3)  # the last frames are on their way to the listener
    return wire


def say_the_mark(scene: Scene, namespace: str, place: Place) -> None:
    """Ask for something that bears the mark, or send it to a gateway that sends it back; it must be answered.

    What a client of a WebSocket says is masked (RFC 6455, 5.3), what it hears is not.
    """
    if scene.cluster.product == "kaazing":
        with visit(namespace, place, echo.path(scene), host=scene.host) as socket_:
            socket_.send(MARK)
            assert socket_.receive() == MARK
        return
    with Client(namespace, place, host=scene.host) as user:
        assert user.request("GET", f"/api/session?{MARK.decode()}").code == 200


def shown(scene: Scene, member: Member) -> bytes | None:
    """Return the certificate that a node's front shows the balancer, None if it completes no handshake."""
    (address, port), _ = scene.door(member)
    return call_in(scene.balancer.namespace, lambda: handshake.shown(address, port))


@contextmanager
def nobody_notices(bench: Bench, users: int = 6) -> Iterator[list[tuple[float, float, int, str]]]:
    """Have users ask for the time of the block: each request must be answered."""
    requests: list[tuple[float, float, int, str]] = []
    scene = bench.scene
    with ExitStack() as crowd:
        for number in range(users):
            crowd.enter_context(meanwhile(_user(scene, requests), 0.05, f"user-{number}"))
        yield requests
    codes = Counter(code for _, _, code, _ in requests)
    say(f"{len(requests)} requests: {dict(codes)}, longest {max(end - start for start, end, _, _ in requests):.1f} s")
    assert len(requests) > 10 * users
    assert codes == {200: len(requests)}, [each for each in requests if each[2] != 200][:20]


def _user(scene: Scene, requests: list[tuple[float, float, int, str]]) -> Callable[[], None]:
    jar = CookieJar()

    def ask() -> None:
        start = time.monotonic()
        try:
            with scene.visitor(jar) as client:
                answer = client.request("GET", "/api/session")
            code, said = answer.code, "" if answer.code == HTTPStatus.OK else answer.body.decode(errors="replace")[:300]
        except (OSError, http.client.HTTPException) as fault:
            code, said = 0, f"{type(fault).__name__}: {fault}"
        requests.append((start, time.monotonic(), code, said))

    return ask

"""What goes over the wire between the nodes of a pair while rows are written, read and copied."""

import socket
import threading
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from rehearsal.faults import catalog, pair
from rehearsal.faults.stage import Stage
from rehearsal.netns import call_in
from rehearsal.poll import poll
from tests.carbon_support import say
from tests.scenario_support import Bench, item
from tests.tls_support import segment

MARK = "marked-4711"
"""What stands in a row that is looked for."""
WORDS = (MARK.encode(), MARK.encode("utf-16-be"))
"""As H2 writes it into its file, and as its protocol does (value/Transfer.java, writeString)."""
SQL = tuple(word.encode("utf-16-be") for word in ("SELECT", "INSERT", "UPDATE", "MERGE", "SET CLUSTER"))
RECORD = b"\x17\x03\x03"
"""How a record begins in which TLS carries data (RFC 8446, 5.2)."""
ROWS = 40
_EVERYTHING = 0x0003  # linux/if_ether.h, ETH_P_ALL
_LOOPBACK = 772  # linux/if_arp.h, ARPHRD_LOOPBACK
_LEAST = 10_000
"""Bytes that two nodes say to each other at least while rows are written; fewer were not listened to."""

Talk = Mapping[tuple[str, int, str, int], bytes]
"""What was said by address and port to address and port."""


def found(talk: Talk, words: Collection[bytes]) -> set[bytes]:
    """Return which of `words` were said."""
    return {word for word in words if any(word in said for said in talk.values())}


def spoken(bench: Bench) -> Talk:
    """Write and read rows through both nodes, take the power from one and let it copy; return what the nodes said."""
    stage, addresses = Stage(bench.rehearsal), {member.address for member in bench.scene.members}
    with heard_in(bench.member("a").namespace, addresses) as talk:
        written(bench)
        heal = catalog()["power-off-b"].begin(stage)
        poll(lambda: item(bench).members == {"a"}, within=20)
        heal()
        poll(lambda: pair.whole(stage), within=90)
        bench.wait_until_healthy()
    assert sum(map(len, talk.values())) > _LEAST
    return dict(talk)


def written(bench: Bench) -> None:
    """Write rows with the mark through each node and read them through the other; say how long a write took."""
    clients = {member.name: bench.scene.direct(member) for member in bench.scene.members}
    began = time.monotonic()
    for number in range(ROWS):
        for writer, reader in (("a", "b"), ("b", "a")):
            key = f"between-{writer}-{number}"
            assert clients[writer].request("PUT", f"/admin/configuration/{key}", MARK.encode()).code == 200
            assert clients[reader].request("GET", f"/api/configuration/{key}").json()["value"] == MARK
    say(f"{2 * ROWS} rows written and read, {(time.monotonic() - began) / 2 / ROWS * 1000:.1f} ms each")


@contextmanager
def heard_in(namespace: str, addresses: Collection[str]) -> Iterator[Talk]:
    """Listen on the wire of a host, not on its loopback, for what goes between `addresses` while the block lasts."""
    made = call_in(namespace, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_EVERYTHING)))
    talk: dict[tuple[str, int, str, int], bytes] = defaultdict(bytes)
    over = threading.Event()
    made.settimeout(0.2)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 25)

    def listen() -> None:
        while not over.is_set():
            try:
                frame, (_, _, _, kind, *_) = made.recvfrom(1 << 17)
            except TimeoutError:
                continue
            part = segment(frame) if kind != _LOOPBACK else None
            if part and {part.source[0], part.target[0]} <= {*addresses}:
                talk[(*part.source, *part.target)] += part.content

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield talk
        time.sleep(0.3)  # the last frames are on their way to the listener
    finally:
        over.set()
        thread.join()
        made.close()

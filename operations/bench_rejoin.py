"""How long writes are refused while a member gets a fresh copy: by H2's own tool and by Muster's way, in one run."""

import json
import multiprocessing
import secrets
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from musternode.h2 import copying
from musternode.h2.copying import Fetched
from musternode.h2.database import Database
from musternode.h2.faults import H2Error
from musternode.h2.outline import outline
from musternode.h2.peer import PeerClient, PeerServer
from musternode.h2.wire import Wire
from operations.bench_h2 import ADMIN, NAME, Writer, database, fill
from operations.errors import Failure

FILE = f"{NAME}.mv.db"
TRIES = 5
RACE = "Transaction was illegally transitioned from"


@dataclass(frozen=True)
class Window:
    """Seconds in which writes were refused in one rejoin, and what the time went into."""

    way: str
    seconds: float
    steps: dict[str, float]


class Steps:
    """A clock for the steps of one rejoin."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Take the time of the block."""
        began = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - began, 3)


def rejoin_command(megabytes: int, rounds: int, report: Path | None) -> int:
    """Measure each way `rounds` times in turn on a database of `megabytes`; print them, and write them to `report`."""
    with tempfile.TemporaryDirectory(prefix="muster-bench-") as folder, _pair(Path(folder)) as (source, target):
        source.seed(lambda url: fill(Path(folder), url, megabytes))
        size = source.file.stat().st_size
        print(f"database: {megabytes * 1000} rows of 1 KB, {size / 1e6:.0f} MB; a writer runs all the time")
        found = list(_measure(source, target, rounds))
    shortest = {way: min(one.seconds for one in found if one.way == way) for way in _WAYS}
    for way, seconds in shortest.items():
        print(f"{way}: {seconds:.2f} s at best, 1 : {shortest[TOOL] / seconds:.1f}")
    if report is not None:
        report.write_text(json.dumps({"bytes": size, "windows": [asdict(one) for one in found]}, indent=2) + "\n")
    return 0


def _measure(source: Database, target: Database, rounds: int) -> Iterator[Window]:
    with _peer(source.file.parent) as peer, Writer(source.pair.local).writing() as writer:
        for _ in range(rounds):
            for way, rejoin in _WAYS.items():
                window = _window(way, partial(rejoin, Scene(source, target, peer, writer)), writer)
                spent = ", ".join(f"{name} {seconds:.2f}" for name, seconds in window.steps.items())
                print(f"{way}: writes refused for {window.seconds:.2f} s ({spent})", flush=True)
                yield window


def _window(way: str, rejoin: Callable[[Steps], None], writer: Writer) -> Window:
    """Measure one rejoin; one in which H2 fails by a race of its own is begun anew, and said.

    1.4.199 may end the transaction of a session twice that is at work when `SET EXCLUSIVE 2` ends it.
    """
    for left in reversed(range(TRIES)):
        steps = Steps()
        try:
            rejoin(steps)
        except H2Error as fault:
            if RACE not in str(fault) or not left:
                raise
            print(f"{way}: H2 has failed, it ended a transaction twice: once more", flush=True)
            writer.forget()
        else:
            break
    return Window(way, round(writer.window(), 3), steps.seconds)


@dataclass(frozen=True)
class Scene:
    """Who takes part in a rejoin."""

    source: Database
    target: Database
    peer: PeerClient
    writer: Writer

    def both(self, work: Callable[[Database], object]) -> None:
        """Do `work` on both databases at once; raises `Failure` if they do not give the same."""
        with ThreadPoolExecutor(2) as pool:
            here, there = pool.map(work, (self.source, self.target))
        if here != there:
            raise Failure(f"the copies differ: {here} and {there}")


def _by_tool(scene: Scene, steps: Steps) -> None:
    """Let `CreateCluster` copy; it holds the source in exclusive mode."""
    with steps.step("the tool's run"):
        scene.target.create_cluster(scene.source.pair.local, lambda: None)


def _by_copy(scene: Scene, steps: Steps, compare: Callable[[Database], object]) -> None:
    """Copy the file in use, shut the writer out, close the database, copy the rest, compare, and make a cluster."""
    scene.target.start_empty()
    with steps.step("first pass, writes accepted"):
        rough = _fetch(scene, None)
    with scene.writer.shut_out():
        with steps.step("close"):
            scene.source.release()
        with steps.step("second pass"):
            exact = _fetch(scene, rough)
        if not exact.still:
            raise Failure("somebody opened the source's database during the second pass")
        with steps.step("verify"):
            copying.verify(scene.target.file, exact)
        with steps.step("open"):
            scene.both(Database.checkpoint)
        with steps.step("compare"):
            scene.both(compare)
        with steps.step("cluster"):
            scene.both(Database.arm)
            scene.both(Database.checkpoint)


def _outline(of: Database) -> object:
    with Wire(of.pair.local, NAME, ADMIN) as session:
        return outline(session)


TOOL = "CreateCluster"
_WAYS: dict[str, Callable[[Scene, Steps], None]] = {
    TOOL: _by_tool,
    "file copy, every row compared": partial(_by_copy, compare=Database.digest),
    "file copy, every byte compared": partial(_by_copy, compare=_outline),
}


def _fetch(scene: Scene, known: Fetched | None) -> Fetched:
    into = scene.target.file
    return copying.fetch(scene.peer.connect, FILE, into, lost=lambda: None, tell=lambda _done, _size: None, known=known)


@contextmanager
def _pair(folder: Path) -> Iterator[tuple[Database, Database]]:
    """Give two databases, whose servers are stopped in the end."""
    ports = _free_port(), _free_port()
    pair = tuple(database(folder / name, port, ports) for name, port in zip("ab", ports, strict=True))
    try:
        yield pair[0], pair[1]
    finally:
        for one in pair:
            one.kill()


@contextmanager
def _peer(folder: Path) -> Iterator[PeerClient]:
    """Serve the source's folder on a peer port, in a process of its own as on a node, and give a client of it."""
    key = secrets.token_bytes(32)
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    serving = context.Process(target=_serve, args=(there, key, folder), daemon=True)
    serving.start()
    try:
        yield PeerClient("127.0.0.1", int(here.recv()), key, "b", "a")
    finally:
        serving.terminate()
        serving.join()


def _serve(parent: Connection, key: bytes, folder: Path) -> None:
    nowhere = ("127.0.0.1", 9)
    server = PeerServer("127.0.0.1", 0, key, "a", "b", lambda _ask: {"yes": True}, folder=lambda: folder, h2=nowhere)
    server.start()
    parent.send(server.port)
    parent.recv()  # never comes: the parent ends this process


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])

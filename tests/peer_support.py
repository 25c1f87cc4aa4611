"""Both ends of the peer port for tests: in this process, or in one that can be stopped and killed."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from musternode.h2.peer import PeerClient, PeerServer
from musternode.waiting import poll

KEY = b"k" * 32
NOWHERE = ("127.0.0.1", 9)
NODE = Path(__file__).resolve().parents[1] / "assets" / "node"
Message = Mapping[str, Any]


@dataclass
class Answers:
    """What a server answers: what `rule` makes of a question; the questions are kept."""

    rule: Callable[[Message], Message] = lambda message: {"yes": True, "asked": message.get("ask")}
    questions: list[Message] = field(default_factory=list)

    def __call__(self, message: Message) -> Message:
        self.questions.append(message)
        return self.rule(message)


@contextlib.contextmanager
def serving(
    answers: Callable[[Message], Message],
    *,
    folder: Path = Path("/nonexistent"),
    h2: tuple[str, int] = NOWHERE,
    address: str = "127.0.0.1",
    key: bytes = KEY,
    port: int = 0,
) -> Iterator[PeerServer]:
    """Serve as node a, whose peer is b."""
    server = PeerServer(address, port, key, "a", "b", answers, folder=lambda: folder, h2=h2)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def asking(
    port: int, *, key: bytes = KEY, node: str = "b", peer: str = "a", address: str = "127.0.0.1"
) -> Iterator[PeerClient]:
    """Give a client, as node b unless it claims to be another."""
    client = PeerClient(address, port, key, node, peer)
    try:
        yield client
    finally:
        client.close()


_ALONE = """
import sys, threading
from pathlib import Path
from musternode.h2.peer import PeerServer
folder = Path(sys.argv[1])
server = PeerServer("127.0.0.1", int(sys.argv[2]), b"k" * 32, "a", "b", lambda message: {"yes": True},
                    folder=lambda: folder, h2=("127.0.0.1", 9))
server.start()
print(server.port, flush=True)
threading.Event().wait()
"""


@dataclass
class Alone:
    """A server in a process of its own, as node a."""

    port: int
    child: "subprocess.Popen[str]"

    def stop(self) -> None:
        """Stop it as it stands: its kernel still takes connections."""
        os.kill(self.child.pid, signal.SIGSTOP)
        threads = Path(f"/proc/{self.child.pid}/task")
        assert poll(lambda: all(state(one) == "T" for one in threads.iterdir()), within=5, every=0.01)

    def go_on(self) -> None:
        """Let it run again."""
        os.kill(self.child.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End it without a word."""
        self.child.kill()
        self.child.wait()


def state(thread: Path) -> str:
    """Return the state of a thread (proc(5), `stat`): it runs on for a moment after the signal was sent."""
    return (thread / "stat").read_text().rsplit(")", 1)[1].split()[0]


@contextlib.contextmanager
def serving_alone(folder: Path, port: int = 0) -> Iterator[Alone]:
    """Serve the files of `folder` from a process of its own."""
    command = [sys.executable, "-c", _ALONE, str(folder), str(port)]
    environment = {**os.environ, "PYTHONPATH": str(NODE)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stdout is not None
        try:
            yield Alone(int(child.stdout.readline()), child)
        finally:
            child.kill()


def timed(work: Callable[[], object]) -> tuple[float, BaseException | None]:
    """Return the seconds that `work` took, and what it raised."""
    began = time.monotonic()
    try:
        work()
    except Exception as fault:
        return time.monotonic() - began, fault
    return time.monotonic() - began, None


def in_background(work: Callable[[], object]) -> threading.Thread:
    """Start `work` in a daemon thread."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread

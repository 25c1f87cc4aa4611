"""One member as a process of its own: `python -m tests.node_process NAME FOLDER A B [leaky]`, inside a namespace.

Prints its state at each change. Ends with its standard input.
"""

import functools
import logging
import signal
import sys
import threading
import time
from pathlib import Path

from musternode import state, web
from musternode.front import NftFront
from tests.node_support import settings, side


class Leaky(NftFront):
    """A front that does not keep this node's own clients out while its peer copies."""

    def reserve(self, address: str) -> None:  # noqa: ARG002 - nobody is kept out
        """Let everybody in who was let in before."""
        self.open()


def main() -> None:
    """Live as a member until the standard input ends."""
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(message)s")
    name, folder, first, second, *flags = sys.argv[1:]
    chosen = settings(addresses={"a": first, "b": second})
    address, peer, ports = chosen.member(name).address, chosen.peer_of(name).address, chosen.ports
    front = (Leaky if flags == ["leaky"] else NftFront)(address, ports.database)
    one = side(name, Path(folder), chosen, front, functools.partial(state.ask, peer, ports.peer))
    front.shut()
    web.serve(address, ports.peer, "/state", lambda: (200, one.board.state.json()))
    ended = threading.Event()
    threading.Thread(target=_await_end, args=(ended,), daemon=True).start()
    # the test kills the server by this signal: it alone knows which process that is
    signal.signal(signal.SIGUSR1, lambda *_: one.processes.child.kill() if one.processes.child else None)
    one.member.begin()
    try:
        while not ended.is_set():
            one.member.tick()
            time.sleep(0.05)
    finally:
        one.processes.stop("muster-h2.service")


def _await_end(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


if __name__ == "__main__":
    main()

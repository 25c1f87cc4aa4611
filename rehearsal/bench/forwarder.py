"""The least that a hop in Python costs: forwards TCP by epoll, and looks at nothing. A measure for the gate.

`forwarder.py LISTEN UPSTREAM`: two ports of 127.0.0.1. It says `open` once it listens, and runs until it is killed.
"""

import select
import socket
import sys
from collections.abc import Callable

CHUNK = 4096
BATCH = 64

Pipe = tuple[Callable[[int], bytes], Callable[[bytes], None]]


class Pipes:
    """Both directions of every client, by the descriptor that each reads."""

    def __init__(self, upstream: int) -> None:
        self.epoll = select.epoll()
        self.pipes: dict[int, Pipe] = {}
        self._upstream = upstream
        self._pairs: dict[int, tuple[socket.socket, socket.socket]] = {}

    def take_in(self, client: socket.socket) -> None:
        """Connect `client` with the other side."""
        pair = (client, socket.create_connection(("127.0.0.1", self._upstream)))
        for one, other in (pair, pair[::-1]):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            one.setblocking(False)
            self.pipes[one.fileno()] = (one.recv, other.sendall)  # both looked up once, as the gate does
            self._pairs[one.fileno()] = pair
            self.epoll.register(one.fileno(), select.EPOLLIN)

    def end(self, descriptor: int) -> None:
        """End both sides."""
        for one in self._pairs[descriptor]:
            del self.pipes[one.fileno()], self._pairs[one.fileno()]
            one.close()


def main(listen: int, upstream: int) -> None:
    """Run the forwarder."""
    listener = socket.create_server(("127.0.0.1", listen), backlog=128)
    own = listener.fileno()
    made = Pipes(upstream)
    made.epoll.register(own, select.EPOLLIN)
    sys.stdout.write("open\n")
    sys.stdout.flush()
    poll, pipes = made.epoll.poll, made.pipes
    while True:
        for descriptor, _ in poll(-1, BATCH):
            pipe = pipes.get(descriptor)
            if pipe is not None:
                if not forward(pipe):
                    made.end(descriptor)
            elif descriptor == own:
                made.take_in(listener.accept()[0])


def forward(pipe: Pipe) -> bool:
    """Pass on what there is; return whether more may come."""
    receive, send = pipe
    try:
        data = receive(CHUNK)
        if data:
            send(data)
            return True
    except OSError:  # also a peer that takes nothing: the benchmark's always do
        pass
    return False


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))

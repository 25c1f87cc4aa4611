"""The gate alone, as a process for the benchmark: `gate.py LISTEN UPSTREAM DATABASE SERVERS ADMIN`, two ports.

It says `open` and runs until it is killed, its lease renewed as a node's is. The node's code must be on the path.
"""

import sys
import time

from musternode.h2 import clock
from musternode.h2.gate import Gate
from musternode.h2.handshake import Policy

LEASE, RENEWAL = 2.0, 0.3
"""Seconds."""


def main(listen: int, upstream: int, policy: Policy) -> None:
    """Run the gate."""
    gate = Gate(("127.0.0.1", listen), ("127.0.0.1", upstream), policy, lambda _: None)
    gate.start()
    gate.lease(clock.now() + LEASE)
    if gate.open():
        sys.stdout.write("open\n")
        sys.stdout.flush()
    while gate.is_open:
        time.sleep(RENEWAL)
        gate.lease(clock.now() + LEASE)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Policy(*sys.argv[3:6]))

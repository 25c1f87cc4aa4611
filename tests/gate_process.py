"""A gate as a process of its own, to be stopped, starved of descriptors and looked at from outside.

`python -m tests.gate_process LISTEN UPSTREAM SECONDS [flag...]`, LISTEN and UPSTREAM being `address:port`. It says
`open`, then each hit. A line of its input is a lease in seconds, answered by `leased`. Flag `descriptors=N` limits them
to N; `no-reserve` takes away what turns clients away then.
"""

import resource
import sys

from musternode.h2 import clock, listener
from musternode.h2.gate import Gate
from tests.gate_support import POLICY


def say(line: str) -> None:
    """Say one line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _place(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


def _do_nothing(_: listener.Listener) -> bool:
    return True


def main(listen: str, upstream: str, seconds: float, *flags: str) -> None:
    """Run the gate until the input ends."""
    for flag in flags:
        if flag.startswith("descriptors="):
            limit = int(flag.partition("=")[2])
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
        if flag == "no-reserve":
            setattr(listener.Listener, "_turn_away", _do_nothing)  # noqa: B010 - mypy knows no such exchange
    gate = Gate(_place(listen), _place(upstream), POLICY, lambda hit: say(f"hit {hit}"))
    gate.start()
    gate.lease(clock.now() + seconds)
    assert gate.open()
    say("open")
    for line in sys.stdin:
        gate.lease(clock.now() + float(line))
        say("leased")
    gate.stop()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), *sys.argv[4:])

"""A child process whose silence is broken, so that nobody takes a long step for a hung one."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

QUIET_SECONDS = 15.0


def run_step(command: Sequence[str], *, cwd: Path) -> int:
    """Run `command`, passing its output through; after each 15 s of silence say that it still runs. Return its code.

    Ctrl-C and SIGTERM reach the child, which is waited for.
    """
    child = subprocess.Popen(
        command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    heard = _Heard()
    done = threading.Event()
    threading.Thread(target=_break_silence, args=(command[0], heard, done), daemon=True).start()
    previous = signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    try:
        assert child.stdout is not None
        for line in child.stdout:
            heard.now()
            sys.stdout.buffer.write(line)
            sys.stdout.flush()
        return child.wait()
    except KeyboardInterrupt:
        child.wait()
        raise
    finally:
        done.set()
        signal.signal(signal.SIGTERM, previous)


class _Heard:
    """When the child last said something."""

    def __init__(self) -> None:
        self.began = self.last = time.monotonic()

    def now(self) -> None:
        self.last = time.monotonic()


def _break_silence(name: str, heard: _Heard, done: threading.Event) -> None:
    while not done.wait(1):
        if time.monotonic() - heard.last >= QUIET_SECONDS:
            heard.now()
            print(f"... {name} runs, {time.monotonic() - heard.began:.0f} s so far", flush=True)

"""Runs a command inside a host, as its root, from outside."""

import os
import signal
import subprocess
from collections.abc import Sequence

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class CommandError(Exception):
    """A command inside a host failed; the text is its last line, or that it did not end."""


def run_inside(leader: int, command: Sequence[str], *, text: str = "", within: float) -> str:
    """Return what `command` prints, given `text` on its standard input, in every namespace of the process `leader`.

    Raises `CommandError` if it fails, if it does not end within so many seconds, or if the host is off (`leader` 0).
    """
    if leader == 0:
        raise CommandError(f"the host is off, so that it cannot run {command[0]}")
    enter = ["nsenter", f"--target={leader}", "--mount", "--uts", "--ipc", "--net", "--pid", "--wd=/", "--"]
    child = subprocess.Popen(
        [*enter, "env", "-i", f"PATH={PATH}", "LC_ALL=C.UTF-8", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, err = child.communicate(text, timeout=within)
    except subprocess.TimeoutExpired:
        raise CommandError(f"{command[0]} did not end within {within:g} s inside the host") from None
    finally:
        _end(child)
    if child.returncode:
        said = (err.strip() or out.strip()).splitlines()
        raise CommandError(said[-1] if said else f"{command[0]} ended with {child.returncode}")
    return out


def _end(child: "subprocess.Popen[str]") -> None:
    """Kill what still runs: nsenter is but the parent of the command."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()

"""Runs a command inside a host, from any process that may: as a person on its console would, by way of process 1."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from rehearsal.inventory import read_inventory

ENVIRONMENT = ("HOME=/root", "LANG=C.UTF-8", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")


@dataclass(frozen=True)
class Ran:
    """How a command ended: exit code, and what it printed on both streams."""

    code: int
    out: str
    err: str


class EnterError(Exception):
    """A command could not run in a host, or failed there; the text says which one and why, in one line."""


def run_in(node: str, command: Sequence[str], *, within: float, text: str = "") -> str:
    """Return what `command` prints, run as root in the host of a node; `text` is its standard input.

    Raises `EnterError` if there is no such node, its host is off, or the command fails; `TimeoutError` after `within`
    seconds: the command is killed then.
    """
    try:
        leader = read_inventory().host(node).leader_pid
    except LookupError as error:
        raise EnterError(str(error)) from None
    ran = run_at(leader, command, within=within, text=text)
    if ran.code:
        said = ran.err.strip().splitlines() or ["it said nothing"]
        raise EnterError(f"{command[0]} on node {node} ended with code {ran.code}: {said[-1]}")
    return ran.out


def run_at(leader: int, command: Sequence[str], *, within: float, text: str = "") -> Ran:
    """Run `command` in the host whose process 1 is `leader` here, and return how it ended, whatever its code.

    Raises `EnterError` if the host is off, and `TimeoutError` as `run_in` does.
    """
    if leader <= 0:
        raise EnterError(f"the host is off: {command[0]} cannot run in it")
    child = subprocess.Popen(
        [*_enter(leader), *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        out, err = child.communicate(text, timeout=within)
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"{command[0]} did not end within {within:g} s") from None
    finally:
        _end(child)
    return Ran(child.returncode, out, err)


def _enter(leader: int) -> list[str]:
    spaces = ("--mount", "--pid", "--net", "--uts", "--ipc")
    return ["nsenter", f"--target={leader}", *spaces, "--", "env", "--ignore-environment", *ENVIRONMENT]


def _end(child: "subprocess.Popen[str]") -> None:
    """Kill what still runs: the command is in nsenter's process group, though in the host's process namespace."""
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.communicate()

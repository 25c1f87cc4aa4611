"""Running a command inside a host, from any process of this machine."""

import subprocess
from collections.abc import Sequence

from rehearsal.inventory import read_inventory


class EnterError(Exception):
    """The command could not be run or failed; the text ends with its last words."""


def run_in(node: str, command: Sequence[str], *, text: str | None = None, within: float) -> str:
    """Run `command` as root inside the host of `node` and return what it printed. Raises `EnterError`."""
    leader = read_inventory().host(node).leader_pid
    if not leader:
        raise EnterError(f"the host of node {node} is off")
    inside = ["nsenter", "-t", str(leader), "-m", "-p", "-n", "-u", "-i", "--", *command]
    try:
        done = subprocess.run(inside, input=text or "", capture_output=True, text=True, timeout=within, check=False)
    except subprocess.TimeoutExpired:
        raise EnterError(f"{command[0]} on node {node} did not end within {within:g} s") from None
    if done.returncode:
        raise EnterError(f"{command[0]} on node {node} failed: {(done.stderr or done.stdout).strip()[-500:]}")
    return done.stdout

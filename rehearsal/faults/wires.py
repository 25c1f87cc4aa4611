"""Faults of the network: packets that vanish, all of them or some, in the router that every packet passes.

Each fault is a table of its own in front of the security groups', so that faults add up and each heals alone. The
names of the tables begin with `PREFIX`, by which those of a killed process are found.
"""

import json
import secrets
import subprocess
from collections.abc import Iterable, Sequence

from rehearsal.faults.fault import FaultError, Heal, once

PREFIX = "muster_fault_"

PRIORITY = -10
"""Before the security groups' chains (priority filter, 0): a drop here is final (nft(8), "CHAINS")."""


def one_way(source: str, target: str) -> str:
    """Return the match of every packet from one address to another."""
    return f"ip saddr {source} ip daddr {target}"


def both_ways(one: str, other: str) -> list[str]:
    """Return the matches of every packet between two addresses."""
    return [one_way(one, other), one_way(other, one)]


def losing(matches: Iterable[str], percent: int) -> list[str]:
    """Return the matches of so many percent of the packets, drawn one by one."""
    return [f"{match} numgen random mod 100 < {percent}" for match in matches]


def resets(matches: Iterable[str]) -> list[str]:
    """Return the matches of those of the packets by which a TCP connection is reset."""
    return [f"{match} tcp flags & rst == rst" for match in matches]


def drop(namespace: str, matches: Sequence[str], hook: str = "forward") -> Heal:
    """Let every packet that one of the matches describes vanish from the namespace's `hook` until healed.

    Raises `FaultError` with nft's words; nothing stays then.
    """
    table = f"{PREFIX}{secrets.token_hex(4)}"
    rules = "\n".join(f"\t\t{match} counter drop" for match in matches)
    chain = f"\tchain faults {{\n\t\ttype filter hook {hook} priority {PRIORITY}; policy accept;\n{rules}\n\t}}"
    _nft(namespace, "-f", "-", text=f"table inet {table} {{\n{chain}\n}}\n")
    return once(lambda: _remove(namespace, table))


def tables(namespace: str) -> list[str]:
    """Return the tables of faults in a namespace, whoever made them."""
    listed = json.loads(_nft(namespace, "--json", "list", "tables"))["nftables"]
    names = [str(entry["table"]["name"]) for entry in listed if "table" in entry]
    return [name for name in names if name.startswith(PREFIX)]


def clear(namespace: str) -> None:
    """Remove every fault from a namespace."""
    for table in tables(namespace):
        _remove(namespace, table)


def _remove(namespace: str, table: str) -> None:
    """Remove a table; one that went with its namespace, or was removed before, is no fault."""
    try:
        present = tables(namespace)
    except FaultError:
        return
    if table in present:
        _nft(namespace, "delete", "table", "inet", table)


def _nft(namespace: str, *arguments: str, text: str = "") -> str:
    command = ["ip", "netns", "exec", namespace, "nft", *arguments]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise FaultError(f"nft in {namespace}: {said[0]}")
    return done.stdout

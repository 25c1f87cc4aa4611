"""No secret lies where it may not: each is searched for in all that runs, is kept or was written, in every usual form.

What the values are is asked of the account; a record names them and never holds one.
"""

import os
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rehearsal.canaries import account, hosts, own
from rehearsal.canaries.looked import Looked
from rehearsal.canaries.search import Search
from rehearsal.canaries.values import canaries
from rehearsal.checks.check import Check
from rehearsal.checks.result import Finding, invalid, unknown, valid
from rehearsal.checks.scene import Scene
from rehearsal.inventory import HostEntry

NEEDED = ("SSM parameters", "stacks", "user data", "tags", "log groups", "metrics", "objects", "logs of the rehearsal")
ON_EACH = ("processes", "journal", "world-readable files")
"""What a node always has, so that having seen nothing of it means not having looked."""
TOLD = 5
"""Finds that a finding names."""


def record(scene: Scene) -> Iterable[Looked]:
    """Look everywhere, at all nodes at once."""
    search = Search(canaries(scene))
    there = scene.rehearsal.inventory().hosts
    with ThreadPoolExecutor() as crowd:
        at_hosts = [crowd.submit(_host, search, host) for host in there]
        yield from account.looked(search, scene.client)
        yield from own.looked(search, began(scene.rehearsal.state.pid))
        for each in at_hosts:
            yield from each.result()


def _host(search: Search, host: HostEntry) -> list[Looked]:
    return list(hosts.looked(search, host))


def began(pid: int) -> float:
    """Return when a process began, in seconds of the epoch (proc(5), starttime)."""
    ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    return time.time() - age


def judge(places: Sequence[Looked]) -> Finding:
    """Any find is a broken promise; a place of which nothing was seen proves nothing."""
    if finds := [f"{each.place}: {find}" for each in places for find in each.found]:
        more = f", and {len(finds) - TOLD} more" if len(finds) > TOLD else ""
        return invalid(f"{'; '.join(finds[:TOLD])}{more}")
    if not places or min(each.values for each in places) == 0:
        return unknown("no secret was searched for")
    seen = {each.place for each in places if each.things}
    nodes = {each.place.rpartition(" of ")[2] for each in places if each.place.startswith(ON_EACH)}
    wanted = [*NEEDED, *(f"{kind} of {node}" for kind in ON_EACH for node in sorted(nodes))]
    if missing := [place for place in wanted if place not in seen]:
        return unknown(f"nothing was seen of: {', '.join(missing)}")
    if not nodes:
        return unknown("no node was looked at")
    things, size = sum(each.things for each in places), sum(each.size for each in places)
    where = f"{things} things in {len(seen)} places, {size >> 20} MiB"
    return valid(f"{places[0].values} secret values are in none of {where}")


CHECK = Check("no secret lies where it may not", Looked, record, judge)

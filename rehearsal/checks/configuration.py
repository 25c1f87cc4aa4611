"""What is written through one node is read through every other, at once.

The nodes' HTTP port admits the balancer's security group alone, so the requests are made from the balancer's network
namespace, to each node directly: the wires judge them as the balancer's own.
"""

import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import permutations

from rehearsal.checks.check import Check
from rehearsal.checks.result import Finding, invalid, unknown, valid
from rehearsal.checks.scene import Scene

KEYS = 10
"""Entries written in each direction."""


@dataclass(frozen=True)
class Passage:
    """A value written through one member, and what another answered for the same key.

    `seconds` is the time from the acknowledgement to the answer; a code other than 200 comes without value.
    """

    writer: str
    reader: str
    key: str
    written: str
    write_code: int
    read_code: int
    read: str | None
    seconds: float


def record(scene: Scene) -> Iterable[Passage]:
    """Write values never used before through each member, reading each through every other right after."""
    run = uuid.uuid4().hex[:12]
    clients = {member.name: scene.direct(member) for member in scene.members}
    for writer, reader in permutations(sorted(clients), 2):
        for number in range(KEYS):
            key, value = f"muster-check-{writer}-{reader}-{number}", f"{run}-{number}"
            put = clients[writer].request("PUT", f"/admin/configuration/{key}", value.encode())
            acknowledged = time.monotonic()
            got = clients[reader].request("GET", f"/api/configuration/{key}")
            seconds = round(time.monotonic() - acknowledged, 4)
            read = str(got.json()["value"]) if got.code == 200 else None
            yield Passage(writer, reader, key, value, put.code, got.code, read, seconds)


def judge(passages: Sequence[Passage]) -> Finding:
    """Find every acknowledged value that was not read (a broken promise); a refused write proves nothing."""
    acknowledged = [passage for passage in passages if passage.write_code == 200]
    if stale := [passage for passage in acknowledged if passage.read != passage.written]:
        first = stale[0]
        return invalid(
            f"{len(stale)} of {len(acknowledged)} values were not read: {first.key}, written through {first.writer}, "
            f"was answered by {first.reader} with {first.read_code} {first.read or ''}".rstrip()
        )
    if refused := [passage for passage in passages if passage.write_code != 200]:
        return unknown(f"{refused[0].writer} answered {refused[0].write_code} to a write of configuration")
    directions = sorted({(passage.writer, passage.reader) for passage in passages})
    members = sorted({member for direction in directions for member in direction})
    if len(directions) < max(2, len(members) * (len(members) - 1)):
        return unknown(f"not every direction was tried: {', '.join(f'{w} to {r}' for w, r in directions)}")
    slowest = max(passage.seconds for passage in passages)
    tried = ", ".join(f"{writer} to {reader}" for writer, reader in directions)
    return valid(f"{len(passages)} values ({tried}) read right after the write, the slowest in {slowest * 1000:.0f} ms")


CHECK = Check("configuration written through one node is read through the other", Passage, record, judge)

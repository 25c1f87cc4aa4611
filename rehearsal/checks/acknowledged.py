"""No acknowledged write is missing from any copy, nothing stands there that nobody wrote, and no read was stale."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rehearsal.checks.result import Finding, invalid, unknown, valid
from rehearsal.writers.operation import READ, WRITE, Operation

NAME = "no acknowledged write is lost"

ENTRY = re.compile(r"INSERT INTO \S*CONFIGURATION\b[^']*VALUES\s*\('(?P<key>[^']*)', '(?P<value>[^']*)'\)")
"""A row of the double's table as `SCRIPT SIMPLE` writes it; the writers' keys and values hold no quotes."""


@dataclass(frozen=True)
class Kept:
    """What one member's copy holds: the value by key."""

    member: str
    entries: Mapping[str, str]


@dataclass(frozen=True)
class Excuse:
    """A moment at which every copy crashed: what was acknowledged in the `seconds` before may be gone.

    H2 writes to disk behind the acknowledgement; a flush each second is what bounds the loss. `first` is when the first
    of them may have crashed: ages of lost writes count from there.
    """

    at: float
    seconds: float
    first: float

    def covers(self, write: Operation) -> bool:
        """Tell whether a write may be gone; one that was under way may have been acknowledged after the crash."""
        return write.start <= self.at and self.at - self.seconds <= write.end


@dataclass(frozen=True)
class Account:
    """The sums of a run. `excused` are lost keys that a crash of every copy may take, `oldest` the age of the oldest.

    `lost` are the keys that any copy lacks without an excuse; ages are seconds from acknowledgement to the crash.
    """

    acknowledged: int
    indeterminate: int
    refused: int
    reads: int
    lost: Mapping[str, Sequence[str]]
    unexpected: Mapping[str, Sequence[str]]
    stale: Sequence[Operation]
    excused: Collection[str] = ()
    oldest: float = 0.0
    members: Sequence[str] = field(default_factory=tuple)

    def all_lost(self) -> set[str]:
        """Return every key that any copy lacks, with or without an excuse."""
        return {key for keys in self.lost.values() for key in keys} | set(self.excused)


def entries_of(printed: str) -> dict[str, str]:
    """Return the entries that `rehearsal.checks.h2.DUMP` printed."""
    return {match["key"]: match["value"] for match in ENTRY.finditer(printed)}


def settle(
    operations: Iterable[Operation],
    copies: Sequence[Kept],
    excuses: Sequence[Excuse] = (),
    forgiven: Collection[str] = (),
) -> Account:
    """Compare what was acknowledged with what the copies hold. Keys `forgiven` were judged before."""
    known = list(operations)
    writes = {each.key: each for each in known if each.kind == WRITE}
    promised = {key: each for key, each in writes.items() if each.succeeded and key not in forgiven}
    missing = {copy.member: [k for k, each in promised.items() if copy.entries.get(k) != each.value] for copy in copies}
    excused = {key for keys in missing.values() for key in keys if any(e.covers(promised[key]) for e in excuses)}
    reads = [each for each in known if each.kind == READ and each.succeeded]
    return Account(
        acknowledged=len(promised),
        indeterminate=sum(each.outcome == "indeterminate" for each in writes.values()),
        refused=sum(each.outcome == "refused" for each in writes.values()),
        reads=len(reads),
        lost={member: [key for key in keys if key not in excused] for member, keys in missing.items()},
        unexpected={copy.member: _unexpected(copy, writes) for copy in copies},
        stale=[each for each in reads if each.found != each.value and each.key not in {*excused, *forgiven}],
        excused=frozenset(excused),
        oldest=max((_age(promised[key], excuses) for key in excused), default=0.0),
        members=tuple(copy.member for copy in copies),
    )


def _age(write: Operation, excuses: Sequence[Excuse]) -> float:
    return max(0.0, min(excuse.first - write.end for excuse in excuses if excuse.covers(write)))


def _unexpected(copy: Kept, writes: Mapping[str, Operation]) -> list[str]:
    """Return the keys of these writers' runs that none of them wrote so; what else stands there is not theirs."""
    runs = {key.partition("-")[0] for key in writes}
    ours = [(key, value) for key, value in copy.entries.items() if key.partition("-")[0] in runs]
    return [key for key, value in ours if key not in writes or writes[key].value != value]


def judge(account: Account, members: int = 2) -> Finding:
    """Call a run invalid for a lost write, a value that nobody wrote or a stale read; unknown if nothing was proved."""
    sums = _sums(account)
    if faults := [*_faults("lost", account.lost, account), *_faults("unexpected", account.unexpected, account)]:
        return invalid(f"{'; '.join(faults)} ({sums})")
    if account.stale:
        first = account.stale[0]
        said = f"{first.node} answered {first.found or 'that there is none'} for {first.key}"
        return invalid(f"{len(account.stale)} of {account.reads} reads were stale: {said} ({sums})")
    if len(account.members) < members:
        return unknown(f"{len(account.members)} of {members} copies were read ({sums})")
    if not account.acknowledged:
        return unknown(f"no write was acknowledged ({sums})")
    return valid(sums)


def _faults(what: str, found: Mapping[str, Sequence[str]], account: Account) -> list[str]:
    of = f" of {account.acknowledged} acknowledged writes" if what == "lost" else ""
    return [f"{len(keys)}{of} {what} on {member}, such as {keys[0]}" for member, keys in found.items() if keys]


def _sums(account: Account) -> str:
    lost = sum(map(len, account.lost.values()))
    text = f"{account.acknowledged} writes acknowledged, {lost} lost, {account.refused} refused"
    text += f", {account.indeterminate} without an answer, {account.reads} reads"
    if account.excused:
        text += f"; {len(account.excused)} more were not yet on disk when every copy crashed"
        text += f", the oldest {account.oldest:.2f} s"
    return text

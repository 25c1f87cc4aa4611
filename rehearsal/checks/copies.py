"""Both H2 servers hold the same rows."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from rehearsal.checks.check import Check
from rehearsal.checks.h2 import DUMP, ask, rows_of
from rehearsal.checks.result import Finding, invalid, unknown, valid
from rehearsal.checks.scene import Member, Scene


@dataclass(frozen=True)
class Copy:
    """What one member's own H2 server holds: for each table the hash of every row, repeated where rows repeat.

    `schema` are the hashes of the statements that make the tables, rights and all else that is no row.
    """

    member: str
    tables: Mapping[str, Sequence[str]]
    schema: Sequence[str]


def record(scene: Scene) -> Iterable[Copy]:
    """Read each server alone, inside its own host."""

    def read(member: Member) -> Copy:
        rows = rows_of(ask(scene, member, DUMP))
        return Copy(member.name, rows.tables, rows.schema)

    with ThreadPoolExecutor() as crowd:
        return list(crowd.map(read, scene.members))


def judge(copies: Sequence[Copy]) -> Finding:
    """Compare each copy with the first, as multisets; no order of rows is promised."""
    if len({copy.member for copy in copies}) < 2:
        return unknown(f"one copy alone was read: {', '.join(copy.member for copy in copies)}")
    first, *others = copies
    if faults := [fault for other in others for fault in _differences(first, other)]:
        return invalid("; ".join(faults))
    rows = sum(len(rows) for rows in first.tables.values())
    if rows == 0:
        return unknown("the copies hold no rows, so that being equal proves nothing")
    return valid(f"{rows} rows in {len(first.tables)} tables are equal on {', '.join(copy.member for copy in copies)}")


def _differences(one: Copy, other: Copy) -> list[str]:
    faults = []
    if Counter(one.schema) != Counter(other.schema):
        faults.append(f"the schema on {one.member} is not that on {other.member}")
    for table in sorted({*one.tables, *other.tables}):
        here, there = Counter(one.tables.get(table, ())), Counter(other.tables.get(table, ()))
        lone, foreign = (here - there).total(), (there - here).total()
        if lone or foreign:
            faults.append(f"{table}: {lone} rows on {one.member} alone, {foreign} on {other.member} alone")
    return faults


CHECK = Check("the rows of both H2 copies are equal", Copy, record, judge)

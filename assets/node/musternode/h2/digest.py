"""What two equal copies of a database have in common, computed inside H2: one line for each table, one for the rest."""

import hashlib
from typing import Dict, Iterable, List, Mapping, NamedTuple, Protocol, Sequence, Tuple

from .wire import Row

SCHEMA = "schema, sequences, users and rights"
"""The entry beside those of the tables, whose names have a dot."""
_HASHED = frozenset(
    (
        *("VARCHAR", "VARCHAR_IGNORECASE", "CHAR", "CLOB", "CHARACTER VARYING", "CHARACTER", "CHARACTER LARGE OBJECT"),
        *("VARBINARY", "BLOB", "BINARY VARYING", "BINARY", "BINARY LARGE OBJECT", "OTHER", "JAVA_OBJECT", "GEOMETRY"),
    )
)
"""Types whose values HASH() takes as they are, LOBs by their content; the text of others tells their values apart."""
_COLUMNS = """\
SELECT C.TABLE_SCHEMA, C.TABLE_NAME, C.COLUMN_NAME, C.TYPE_NAME FROM INFORMATION_SCHEMA.COLUMNS C
JOIN INFORMATION_SCHEMA.TABLES T ON T.TABLE_SCHEMA = C.TABLE_SCHEMA AND T.TABLE_NAME = C.TABLE_NAME
WHERE T.TABLE_TYPE = 'TABLE' AND T.STORAGE_TYPE IN ('CACHED', 'MEMORY') AND T.TABLE_SCHEMA <> 'INFORMATION_SCHEMA'
ORDER BY 1, 2, C.ORDINAL_POSITION"""
_SCRIPT = "SCRIPT NODATA NOPASSWORDS NOSETTINGS"


class Dialect(NamedTuple):
    """What 1.4.199 and 2.x write differently: a hash as text, and the first bits of a hash as a number."""

    text: str
    number: str


_FORMER = Dialect("CAST({0} AS VARCHAR)", "CAST(CAST('0' || SUBSTRING({0}, 1, 15) AS BINARY) AS BIGINT)")
"""Bytes are text in hexadecimal (h2database 1.4.199, value/Value.java): 60 bits are 15 digits."""
_PRESENT = Dialect("RAWTOHEX({0})", "CAST(SUBSTRING({0} FROM 1 FOR 8) AS BIGINT)")


class Column(NamedTuple):
    """A column's name and H2's name of its type."""

    name: str
    type: str


class Queried(Protocol):
    """What is used of a `Wire`."""

    def query(self, statement: str) -> List[Row]:
        """Return the rows of `statement`."""


def digest(session: Queried) -> Mapping[str, str]:
    """Return for each table how many rows it has and their hash, and a hash of all that is not rows.

    Rows count whatever their order, each with all its columns; NULL is not the empty text, and nothing moves between
    columns unseen. An array is compared by its text. Of users all counts but the password, whose salt is each
    server's own; settings do not count, nor do linked and temporary tables. A table's hash is the sum of 60 bits or
    more of a SHA-256 of each row: equal by accident once in 2^60. Nobody may write meanwhile, or copies differ.
    """
    version = str(session.query("SELECT H2VERSION()")[0][0])
    dialect = _FORMER if version.startswith("1.") else _PRESENT
    found = {}
    for (schema, table), columns in _tables(session).items():
        ((rows, total),) = session.query(statement(schema, table, columns, dialect))
        found[f"{schema}.{table}"] = f"{rows} rows, {total}"
    return {**found, SCHEMA: sum_of_lines(str(line) for (line,) in session.query(_SCRIPT))}


def differences(here: Mapping[str, str], there: Mapping[str, str]) -> str:
    """Return a clause that names what differs between two digests, empty if nothing does."""
    names = sorted(name for name in {*here, *there} if here.get(name) != there.get(name))
    return "; ".join(f"{name}: {here.get(name, 'absent')} here, {there.get(name, 'absent')} there" for name in names)


def statement(schema: str, table: str, columns: Sequence[Column], dialect: Dialect) -> str:
    """Return the query of a table's number of rows and hash, as text."""
    row = ", ".join(["''", "''", *(cell(column, dialect) for column in columns)])
    number = dialect.number.format(f"HASH('SHA256', CONCAT({row}), 1)")
    total = f"CAST(COALESCE(SUM({number}), 0) AS VARCHAR)"
    return f"SELECT CAST(COUNT(*) AS VARCHAR), {total} FROM {_quoted(schema)}.{_quoted(table)}"  # noqa: S608 - quoted


def cell(column: Column, dialect: Dialect) -> str:
    """Return the expression of a column's value, which says itself where it ends; `N` is NULL."""
    name = _quoted(column.name)
    if column.type in _HASHED:
        return "COALESCE(" + dialect.text.format(f"HASH('SHA256', {name}, 1)") + ", 'N')"
    return f"COALESCE(LENGTH(CAST({name} AS VARCHAR)) || ':' || CAST({name} AS VARCHAR), 'N')"


def sum_of_lines(script: Iterable[str]) -> str:
    """Return number and hash of the statements of a script, whatever their order.

    What begins with `--` is left out: it holds versions and approximate counts (command/dml/ScriptCommand.java).
    """
    kept = [line for line in script if not line.startswith("--")]
    sums = (int.from_bytes(hashlib.sha256(line.encode("utf-8", "surrogatepass")).digest(), "big") for line in kept)
    return f"{len(kept)} statements, {sum(sums) % (1 << 256):064x}"


def _tables(session: Queried) -> Dict[Tuple[str, str], List[Column]]:
    """Return the columns of each table; one without columns is left out, for it holds nothing that could differ."""
    found: Dict[Tuple[str, str], List[Column]] = {}
    for row in session.query(_COLUMNS):
        schema, table, name, kind = map(str, row)
        found.setdefault((schema, table), []).append(Column(name, kind))
    return found


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

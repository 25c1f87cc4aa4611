"""What a database shows of itself at once, however large it is: for copies whose files are equal byte by byte."""

from typing import Mapping

from .digest import SCHEMA, Queried, sum_of_lines

_TABLES = """\
SELECT TABLE_SCHEMA, TABLE_NAME FROM INFORMATION_SCHEMA.TABLES
WHERE TABLE_TYPE = 'TABLE' AND STORAGE_TYPE IN ('CACHED', 'MEMORY') AND TABLE_SCHEMA <> 'INFORMATION_SCHEMA'"""


def outline(session: Queried) -> Mapping[str, str]:
    """Return how many rows each table has, and a hash of the schema with its sequences, users, rights and passwords.

    H2 knows the count of a table's rows without reading them (mvstore/db/MVTable.java, getRowCount). Equal outlines say
    that the server opened the file that was copied to it, and all of it; that its rows are equal the hashes of the
    file's blocks have said. Nobody may write meanwhile.
    """
    found = {}
    for row in session.query(_TABLES):
        schema, table = (str(name).replace('"', '""') for name in row)
        ((count,),) = session.query(f'SELECT CAST(COUNT(*) AS VARCHAR) FROM "{schema}"."{table}"')  # noqa: S608 - quoted
        found[f"{row[0]}.{row[1]}"] = f"{count} rows"
    return {**found, SCHEMA: sum_of_lines(str(line) for (line,) in session.query("SCRIPT NODATA NOSETTINGS"))}

"""Text for H2 that can carry any password: SQL literals, URLs, argument files of the java launcher."""

import re
from typing import Sequence

from ..failure import Failure

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")


def literal(value: str) -> str:
    """Return an SQL expression for `value` in plain ASCII without quotes, semicolons or line ends of its own.

    H2's shell takes a semicolon at a line's end for the statement's end, also inside quotes (tools/Shell.java).
    """
    units = value.encode("utf-16-be")
    codes = (units[place] << 8 | units[place + 1] for place in range(0, len(units), 2))
    return "STRINGDECODE('" + "".join(f"\\u{code:04x}" for code in codes) + "')"


def user(name: str) -> str:
    """Return the SQL name of the user that a driver means by `name`: it sends names in upper case."""
    if not _NAME.fullmatch(name):
        raise Failure(f"the database user name {name!r} is not a letter with letters, digits and _ after it")
    return f'"{name.upper()}"'


def servers(addresses: Sequence[str], port: int) -> str:
    """Return the server list; its order is the same everywhere, since another order is another cluster to H2."""
    return ",".join(f"{address}:{port}" for address in addresses)


def url(server_list: str, database: str) -> str:
    """Return the URL of `database` on `server_list`, which is one server or the whole list."""
    return f"jdbc:h2:tcp://{server_list}/./{database}"


def probe(server: str, database: str) -> str:
    """Return the URL that reaches one server of a cluster and changes no setting (engine/Engine.java).

    `CLUSTER=TRUE` is accepted whatever the database's own setting is; `CLUSTER=''` would switch the cluster off.
    """
    return url(server, database) + ";CLUSTER=TRUE;IFEXISTS=TRUE"


def argument_file(arguments: Sequence[str]) -> str:
    """Return the content of a java launcher's @-file that holds `arguments` (java(1))."""
    return "".join(f'"{_quoted(argument)}"\n' for argument in arguments)


def _quoted(argument: str) -> str:
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        argument = argument.replace(plain, escaped)
    return argument

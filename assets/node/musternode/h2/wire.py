"""A client of H2's TCP protocol for one server: a statement costs a millisecond, where H2's shell costs a JVM.

Source: h2database, server/TcpServerThread.java and engine/SessionRemote.java. Only protocol version 18 is spoken, the
newest of 1.4.199 and one that 2.4.240 speaks too: it then shows INFORMATION_SCHEMA as 1.4.199 does.
"""

import contextlib
import hashlib
from typing import List, Optional, Tuple

from ..aws import Credentials
from . import text
from .faults import H2Error
from .transfer import Transfer

VERSION = 18
Row = Tuple[Optional[str], ...]

_PREPARE, _CLOSE, _QUERY, _UPDATE, _COMMAND_CLOSE, _FETCH, _RESULT_CLOSE, _SET_ID = 0, 1, 2, 3, 4, 5, 7, 12
_ERROR, _OK, _CLOSED, _CHANGED = 0, 1, 2, 3
_FETCH_SIZE = 256
"""Rows of one exchange: few enough for its time, many enough for speed."""
_MOST = 1 << 20
"""Rows, and columns, of an answer that makes sense."""
_NO_KEYS = 0
"""No generated keys are asked for (engine/GeneratedKeysMode.java)."""
_UNHEARD = 1 << 30
"""A protocol version that no H2 speaks."""
_VERSION_ERROR = 90047
_SYNTAX_ERRORS = (42000, 42001)


class Wire:
    """An open session; a statement that fails leaves it open, a fault of the connection closes it.

    For one thread. `CLUSTER=TRUE` in the handshake makes a clustered database accept it and changes no setting
    (engine/Engine.java, checkClustering); `IFEXISTS=TRUE` makes no database where there is none.
    """

    def __init__(self, server: Tuple[str, int], database: str, user: Credentials, *, timeout: float = 30.0) -> None:
        """Connect as `user` to `database`; each exchange may take `timeout` seconds.

        Raises `H2Error` if the server refuses or cannot be reached, `Hung` if it is silent.
        """
        self._ids = 0
        self._transfer = Transfer(server, timeout)
        try:
            self._greet(f"{server[0]}:{server[1]}", database, user)
        except BaseException:
            self._transfer.close()
            raise

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def closed(self) -> bool:
        """Whether nothing more can be said on it."""
        return self._transfer.closed

    def close(self) -> None:
        """End the session and wait until the server knows, then close the connection; never raises."""
        if self.closed:
            return
        with contextlib.suppress(H2Error):
            self._transfer.write_int(_CLOSE).flush()
            self._status()
        self._transfer.close()

    def execute(self, *statements: str) -> None:
        """Execute `statements`; raises `H2Error` at the first that fails. Rows that one gives are dropped."""
        for statement in statements:
            self._run(statement, [])

    def query(self, statement: str) -> List[Row]:
        """Return the rows of a query whose columns are text, numbers or booleans; raises `H2Error`."""
        rows: List[Row] = []
        self._run(statement, rows)
        return rows

    def _greet(self, address: str, database: str, user: Credentials) -> None:
        name, wire = user.username.upper(), self._transfer
        wire.write_int(VERSION).write_int(VERSION)
        wire.write_text(f"./{database}").write_text(text.url(address, database))
        wire.write_text(name).write_bytes(password_hash(name, user.password)).write_bytes(None)
        settings = {"CLUSTER": "TRUE", "IFEXISTS": "TRUE"}
        wire.write_int(len(settings))
        for key, value in settings.items():
            wire.write_text(key).write_text(value)
        wire.flush()
        self._status()
        version = wire.read_int()
        if version != VERSION:
            raise wire.garbled(f"protocol version {version}")
        wire.write_int(_SET_ID).write_text(None).flush()
        self._status()
        wire.read_bool()  # autocommit

    def _run(self, statement: str, rows: List[Row]) -> None:
        command, wire = self._id(), self._transfer
        wire.write_int(_PREPARE).write_int(command).write_text(statement).flush()
        self._status()
        is_query = wire.read_bool()
        wire.read_bool()  # whether it only reads
        if wire.read_int() != 0:
            raise H2Error("the statement has parameters, which are not supported here")
        try:
            if is_query:
                self._fetch(command, rows)
            else:
                self._update(command)
        finally:
            wire.write_int(_COMMAND_CLOSE).write_int(command)  # has no answer and goes with what comes next

    def _update(self, command: int) -> None:
        wire = self._transfer
        wire.write_int(_UPDATE).write_int(command).write_int(0).write_int(_NO_KEYS).flush()
        status = self._status()
        wire.read_int()  # rows changed
        wire.read_bool()  # autocommit
        if status == _CLOSED:
            wire.close()

    def _fetch(self, command: int, rows: List[Row]) -> None:
        wire, result = self._transfer, self._id()
        wire.write_int(_QUERY).write_int(command).write_int(result)
        wire.write_int(0).write_int(_FETCH_SIZE).write_int(0).flush()  # any number of rows; no parameters
        self._status()
        columns, count = wire.read_int(), wire.read_int()
        if not (0 < columns <= _MOST and 0 <= count <= _MOST):
            raise wire.garbled(f"a result of {columns} columns and {count} rows")
        for _ in range(columns):
            self._skip_column()
        self._rows(min(count, _FETCH_SIZE), columns, rows)
        while len(rows) < count:
            part = min(count - len(rows), _FETCH_SIZE)
            wire.write_int(_FETCH).write_int(result).write_int(part).flush()
            self._status()
            self._rows(part, columns, rows)
        wire.write_int(_RESULT_CLOSE).write_int(result)

    def _skip_column(self) -> None:
        """Read over a column's description (result/ResultColumn.java)."""
        wire = self._transfer
        for _ in ("alias", "schema", "table", "name"):
            wire.read_text()
        for _ in ("type", "precision", "precision", "scale", "display size"):
            wire.read_int()
        wire.read_bool()
        wire.read_int()

    def _rows(self, count: int, columns: int, rows: List[Row]) -> None:
        for _ in range(count):
            if self._transfer.read_byte() != 1:
                raise self._transfer.garbled("fewer rows than it announced")
            rows.append(tuple([self._transfer.read_value() for _ in range(columns)]))

    def _status(self) -> int:
        """Read how an operation went; raises `H2Error` with H2's own message if it failed."""
        status = self._transfer.read_int()
        if status == _ERROR:
            raise read_error(self._transfer)
        if status not in (_OK, _CLOSED, _CHANGED):
            raise self._transfer.garbled(f"status {status}")
        return status

    def _id(self) -> int:
        self._ids += 1
        return self._ids


def password_hash(name: str, password: str) -> bytes:
    """Return what the driver sends for the password of the user `name` (security/SHA256.java, getKeyPasswordHash)."""
    return hashlib.sha256(f"{name}@{password}".encode("utf-16-be", "surrogatepass")).digest()


def read_error(transfer: Transfer) -> H2Error:
    """Read the error that follows a status; H2 sends its own statement and a stack trace, which are dropped."""
    transfer.read_text()  # SQL state
    message = transfer.read_text() or "H2 named no cause"
    transfer.read_text()  # the statement
    code = transfer.read_int()
    transfer.read_text()  # the stack trace
    return H2Error(f"{without_statement(message, code)} [{code}]", code)


def without_statement(message: str, code: int) -> str:
    """Return H2's message without the statement, which a syntax error quotes (api/ErrorCode.java, SYNTAX_ERROR_1)."""
    end = '"' if code in _SYNTAX_ERRORS else "; SQL statement:"
    return message.split(end)[0].strip()


def probe(server: Tuple[str, int], timeout: float = 1.0) -> bool:
    """Return whether H2's own threads answer at `server` within `timeout` seconds.

    The server is offered a protocol version that it must refuse, so no user, no database and no file is touched:
    a handshake that ended here would count as a wrong password and delay the next ones (engine/Engine.java).
    """
    try:
        transfer = Transfer(server, timeout)
    except H2Error:
        return False
    try:
        transfer.write_int(_UNHEARD).write_int(_UNHEARD).flush()
        return transfer.read_int() == _ERROR and read_error(transfer).code == _VERSION_ERROR
    except H2Error:
        return False
    finally:
        transfer.close()

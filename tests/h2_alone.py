"""One real H2 server on loopback with its database, for tests of what is done to the data of one node."""

import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from musternode.aws import Credentials
from musternode.h2.database import Database, Pair
from musternode.h2.seeding import Workshop
from musternode.h2.store import Store
from musternode.h2.tools import Tools
from musternode.h2.wire import Wire
from tests.node_support import ADMIN, USER, Processes, h2_jar

NAME = "connections"
PRODUCTS = Credentials("sa", "")
"""The administrator that a product on its own has by default."""


@dataclass
class Alone:
    """A node's database without its peer; `shop` is where it makes others."""

    database: Database
    processes: Processes
    shop: Workshop

    def wire(self, user: Credentials = ADMIN) -> Wire:
        """Connect as `user`."""
        return Wire(self.database.pair.local, NAME, user)

    def query(self, statement: str, user: Credentials = ADMIN) -> list[str | None]:
        """Return the one column of a query."""
        with self.wire(user) as session:
            return [row[0] for row in session.query(statement)]


def port() -> int:
    """Return a free port of loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        number: int = listening.getsockname()[1]
        return number


@contextmanager
def alone(folder: Path) -> Iterator[Alone]:
    """Run nothing yet; whatever was started ends with the block."""
    base, number = folder / "h2", port()
    processes = Processes("127.0.0.1", number, base)
    pair = Pair([f"127.0.1.1:{number}", f"127.0.1.2:{number}"], f"127.0.1.1:{number}", NAME, ("127.0.0.1", number))
    tools = Tools(h2_jar(), folder / "run")
    database = Database(pair, tools, Store(base, NAME), processes, ADMIN, USER)
    try:
        yield Alone(database, processes, Workshop(tools, base / ".work", NAME, ADMIN, USER))
    finally:
        processes.stop("muster-h2.service")


def made_file(folder: Path, statements: Sequence[str], user: Credentials = PRODUCTS) -> Path:
    """Return a database file as a product on its own leaves it: `user` is its administrator."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    url = f"jdbc:h2:file:{folder / 'product'}"
    for statement in statements:
        shell(url, user, statement)
    return folder / "product.mv.db"


def shell(url: str, user: Credentials, statement: str) -> None:
    """Run `statement` by H2's own shell; a statement that fails fails the test."""
    argv = ["java", "-cp", str(h2_jar()), "org.h2.tools.Shell", "-url", url, "-user", user.username]
    done = subprocess.run([*argv, "-password", user.password, "-sql", statement], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr or done.stdout

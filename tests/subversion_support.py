"""Real Subversion on loopback: places as nodes have them, their servers, and clients as products are."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from musternode.aws import Credentials
from musternode.failure import Failure
from musternode.subversion import accounts, client, conf, repository, roles, url
from musternode.subversion.place import Place, ready
from musternode.subversion.svnsync import Source
from musternode.waiting import poll
from tests.double_support import free_port

needs_svn = pytest.mark.skipif(shutil.which("svnserve") is None, reason="this machine has no subversion")
HERE = "127.0.0.1"
COMMIT = Credentials("commit", "of the committer")
CHECKOUT = Credentials("checkout", "of-all-others")
NOBODY = Credentials("nobody", "x")
ACCOUNTS = accounts.wanted(COMMIT, CHECKOUT)


@dataclass
class Node:
    """A management node's repository and its server, which is a process group of its own."""

    place: Place
    port: int = field(default_factory=free_port)
    server: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return url(HERE, self.port)

    @property
    def source(self) -> Source:
        return Source(HERE, self.port, CHECKOUT)

    def start(self, _: str = "") -> None:
        argv = ["svnserve", "--daemon", "--foreground", "--root", str(self.place.data)]
        argv += ["--config-file", str(self.place.conf), "--listen-host", HERE, "--listen-port", str(self.port)]
        self.server = subprocess.Popen(argv, start_new_session=True)
        assert poll(lambda: client.fault(HERE, self.port) == "", within=20, every=0.02), client.fault(HERE, self.port)

    def stop(self, _: str = "") -> None:
        """End it and all of its connections at once, as a loss of power does."""
        if self.server is not None:
            os.killpg(self.server.pid, signal.SIGKILL)
            self.server.wait()
            self.server = None

    def running(self, _: str = "") -> bool:
        return self.server is not None

    def youngest(self) -> int:
        return repository.youngest(self.place.repository, "")

    def log(self) -> list[str]:
        """Return author and date of each revision, as the disk has them."""
        text = local("log", "--quiet", "--xml", repository.uri(self.place.repository))
        return [line.strip() for line in text.splitlines() if "<author>" in line or "<date>" in line]


def place_in(folder: Path) -> Place:
    """Return the place of a node whose volumes are below `folder`; the folders are there."""
    made = Place(folder / "data", folder / "etc", folder / "opt/refuse")
    ready(made)
    return made


@contextmanager
def node_in(folder: Path) -> Iterator[Node]:
    """Yield a node that has no repository yet; its server, if it starts one, ends with the block."""
    made = Node(place_in(folder))
    conf.admit(made.place, ACCOUNTS)
    try:
        yield made
    finally:
        made.stop()


@contextmanager
def committing(folder: Path) -> Iterator[Node]:
    """Yield a node that commits, with an empty repository that is served."""
    with node_in(folder) as made:
        repository.make(made.place)
        roles.promote(made.place, 1)
        made.start()
        yield made


def svn(user: Credentials, *arguments: str, within: float = 60) -> str:
    """Run the real svn as a user of the repository; raises `Failure` with what it said."""
    argv = ["svn", *arguments, "--no-auth-cache", "--non-interactive", "--username", user.username]
    done = subprocess.run(
        [*argv, "--password-from-stdin"], input=user.password, capture_output=True, text=True, timeout=within
    )
    if done.returncode:
        raise Failure(done.stderr)
    return done.stdout


def local(*arguments: str) -> str:
    """Run the real svn on files of this host."""
    return subprocess.run(["svn", *arguments], capture_output=True, text=True, check=True).stdout


def put(node: Node, name: str, user: Credentials = COMMIT) -> None:
    """Make the folder `name` in the repository, which is a revision."""
    svn(user, "mkdir", "--message", f"made {name}", f"{node.url}/{name}")


def names(node: Node, user: Credentials = CHECKOUT) -> list[str]:
    """Return what is in the repository's last revision."""
    return svn(user, "list", node.url).split()

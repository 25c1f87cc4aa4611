"""This host as one node of its cluster: the settings in force, who it is, and its parts put together from them."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Dict, Optional

from . import files, settings
from .application import Gateway
from .aws import Aws, Credentials
from .between import passage
from .between.passage import Passage
from .failure import Failure
from .h2.database import Database, Pair
from .h2.store import Store
from .h2.tools import Tools
from .paths import Paths
from .products import as400gateway
from .settings import Node, Settings
from .system import Services, Systemd
from .tls import front
from .tls.front import Front
from .units import H2_USER


@dataclass(frozen=True)
class Identity:
    """Which node this is and which parameter holds its settings document."""

    node: str
    parameter: str


@dataclass(frozen=True)
class Host:
    """A node with its settings."""

    identity: Identity
    settings: Settings
    paths: Paths
    services: Services

    @property
    def node(self) -> Node:
        """This node's entry in the settings."""
        return self.settings.member(self.identity.node)

    @property
    def peer(self) -> Node:
        """The other node's entry in the settings."""
        return self.settings.peer_of(self.identity.node)

    @property
    def layout(self) -> as400gateway.Layout:
        """The product's files."""
        return as400gateway.layout(self.settings, self.paths.root)

    @property
    def pair(self) -> Pair:
        """Both H2 servers as clients know them, and this node's own on loopback."""
        port = self.settings.ports.database
        servers = [f"{member.address}:{port}" for member in self.settings.members]
        own, local = f"{self.node.address}:{port}", ("127.0.0.1", port)
        return Pair(servers, own, self.settings.settings.database, local)

    @property
    def front(self) -> Optional[Front]:
        """The TLS front of this node, if it has one."""
        return front.of(self.node, self.settings.ports.tls, self.settings.ports.http)

    @property
    def passage(self) -> Optional[Passage]:
        """The way to the other node by TLS, if there is one."""
        return passage.of(self.node, self.peer, self.settings.ports)

    def key(self) -> bytes:
        """Return the key that both nodes share; raises `Failure` if this host was configured without one."""
        peer = load_credentials(self.paths).get("peer")
        if peer is None:
            raise Failure(f"node {self.identity.node}: {self.paths.etc}/credentials.json holds no key of the peer port")
        return peer.password.encode("utf-8")

    def aws(self, *, patience: float = 60.0) -> Aws:
        """Return the calls to AWS that this node may make."""
        return Aws(self.identity.node, self.settings.region, patience=patience)

    def database(self) -> Database:
        """Return this node's H2 server."""
        credentials = load_credentials(self.paths)
        store = Store(self.paths.databases, self.pair.name, H2_USER)
        tools = Tools(self.paths.h2_jar, self.paths.run)
        return Database(self.pair, tools, store, self.services, credentials["admin"], credentials["application"])

    def application(self) -> Gateway:
        """Return the application on this node."""
        credentials, ports = load_credentials(self.paths), self.settings.ports
        return Gateway(
            self.identity.node,
            self.services,
            credentials["admin"],
            credentials["application"],
            ports.http,
            self.settings.settings.health,
            self.paths.schema,
        )


def load(paths: Paths) -> Host:
    """Return this host as its files say; raises `Failure` if it has never been bootstrapped."""
    try:
        identity = json.loads((paths.etc / "identity.json").read_text())
        document = (paths.etc / "settings.json").read_text()
    except (FileNotFoundError, ValueError):
        raise Failure(f"this host has no settings in {paths.etc}; it has not been bootstrapped") from None
    chosen = settings.read(readable(paths, document, settings.read))
    return Host(Identity(**identity), chosen, paths, Systemd())


def reread(this: Host) -> Host:
    """Return this host with the settings in force now; those that this program cannot read leave it as it is."""
    try:
        document = (this.paths.etc / "settings.json").read_text()
        return replace(this, settings=settings.read(document))
    except (OSError, Failure):
        return this


def save_next(paths: Paths, document: str) -> None:
    """Keep `document` for the program that it names: one that no longer reads the settings in force takes it up."""
    files.write(paths.etc / "next.json", document.encode(), mode=0o600)


def unfinished(paths: Paths) -> Optional[str]:
    """Return the document that was kept for another program and not put in force by all its stages, or None."""
    kept = paths.etc / "next.json"
    return kept.read_text() if kept.is_file() else None


def finished(paths: Paths) -> None:
    """Forget the document that was kept for another program."""
    if (paths.etc / "next.json").exists():
        (paths.etc / "next.json").unlink()


def keep_former(paths: Paths) -> None:
    """Keep the settings in force and their credentials, to go back to; those that are kept already stay.

    They are the last ones with which this node has served.
    """
    if (paths.etc / "former.json").exists():
        return
    if (paths.etc / "credentials.json").is_file():
        content = (paths.etc / "credentials.json").read_bytes()
        files.write(paths.etc / "former-credentials.json", content, mode=0o600)
    files.write(paths.etc / "former.json", (paths.etc / "settings.json").read_bytes(), mode=0o600)


def former(paths: Paths) -> Optional[str]:
    """Return the document to go back to, or None if the one in force has proved itself."""
    kept = paths.etc / "former.json"
    return kept.read_text() if kept.is_file() else None


def restore_credentials(paths: Paths) -> None:
    """Take the credentials that were kept with the former settings, if any."""
    kept = paths.etc / "former-credentials.json"
    if kept.is_file():
        files.write(paths.etc / "credentials.json", kept.read_bytes(), mode=0o600)


def forget_former(paths: Paths) -> None:
    """Say that there is no way back any more, and none needed."""
    for name in ("former.json", "former-credentials.json"):
        if (paths.etc / name).exists():
            (paths.etc / name).unlink()


def readable(paths: Paths, document: str, read: Callable[[str], object]) -> str:
    """Return `document`, or the one that was kept for this program where `read` cannot read that: it is in force then.

    Raises `Failure` if there is none that this program can read.
    """
    try:
        read(document)
    except Failure:
        kept = unfinished(paths)
        if kept is None:
            raise
        read(kept)
        keep_former(paths)
        files.write(paths.etc / "settings.json", kept.encode(), mode=0o600)
        return kept
    return document


def save(paths: Paths, identity: Identity, document: str) -> None:
    """Make `document` the settings in force."""
    text = json.dumps({"node": identity.node, "parameter": identity.parameter})
    files.write(paths.etc / "identity.json", text.encode("ascii"), mode=0o600)
    files.write(paths.etc / "settings.json", document.encode(), mode=0o600)


def save_credentials(paths: Paths, users: Dict[str, Credentials]) -> None:
    """Keep database users and peer key for root alone, so that a restart needs no AWS API."""
    value = {name: {"username": user.username, "password": user.password} for name, user in users.items()}
    files.write(paths.etc / "credentials.json", json.dumps(value).encode("ascii"), mode=0o600)


def load_credentials(paths: Paths) -> Dict[str, Credentials]:
    """Return the database users `admin` and `application`, and the nodes' own `peer`."""
    file: Path = paths.etc / "credentials.json"
    if not file.is_file():
        raise Failure(f"this host has no {file}; it has not been configured")
    return {name: Credentials(**user) for name, user in json.loads(file.read_text()).items()}


def kept(paths: Paths) -> Dict[str, Credentials]:
    """Return the credentials that this host has kept; none before it was configured."""
    return load_credentials(paths) if (paths.etc / "credentials.json").is_file() else {}

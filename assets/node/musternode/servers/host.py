"""This host as one member of a cluster of servers."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Generic, TypeVar

from .. import host
from ..aws import Aws
from ..failure import Failure
from ..host import Identity
from ..paths import Paths
from ..settings import Node
from ..system import Services, Systemd
from .settings import Document

S = TypeVar("S", bound=Document)


@dataclass(frozen=True)
class Host(Generic[S]):
    """A node with its settings."""

    identity: Identity
    settings: S
    paths: Paths
    services: Services

    @property
    def node(self) -> Node:
        """This node's entry in the settings."""
        return self.settings.member(self.identity.node)

    @property
    def home(self) -> Path:
        """The folder in which each distribution has a folder of its own."""
        return self.paths.root / self.settings.settings.home.lstrip("/")

    @property
    def distribution(self) -> Path:
        """The folder of the distribution that the settings name."""
        return self.home / self.settings.artifact.sha256[:16]

    @property
    def current(self) -> Path:
        """The product's own home: the link that leads to it, whatever its version is called."""
        return self.home / "current"

    def aws(self, *, patience: float = 60.0) -> Aws:
        """Return the calls to AWS that this node may make."""
        return Aws(self.identity.node, self.settings.region, patience=patience)

    def fetched(self, bucket: str, key: str, sha256: str, to: Path, *, again: bool) -> Path:
        """Return where the object is kept, for root alone: beside `to`, by its hash.

        With `again` it is fetched only if it is not there.
        """
        kept = to.with_name(f"{to.stem}-{sha256[:16]}{to.suffix}")
        if not (again and kept.is_file()):
            self.aws().fetch(bucket, key, sha256, kept)
        kept.chmod(0o600)
        return kept


def load(paths: Paths, read: Callable[[str], S]) -> Host[S]:
    """Return this host as its files say; raises `Failure` if it has never been bootstrapped."""
    try:
        identity = json.loads((paths.etc / "identity.json").read_text())
        document = (paths.etc / "settings.json").read_text()
    except (FileNotFoundError, ValueError):
        raise Failure(f"this host has no settings in {paths.etc}; it has not been bootstrapped") from None
    chosen = read(host.readable(paths, document, read))
    return Host(Identity(**identity), chosen, paths, Systemd())

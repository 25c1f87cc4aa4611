"""Node a of a cluster of servers below a folder, with stand-ins for systemd, packages, users and AWS."""

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import pytest

from musternode import aws, files, host, packages, rollback, stages
from musternode.failure import Failure
from musternode.host import Identity
from musternode.paths import Paths
from musternode.servers import host as server_host
from musternode.servers import rollout
from musternode.servers import stages as server_stages
from musternode.servers.host import Host
from musternode.servers.kind import Kind
from musternode.servers.settings import Document
from musternode.system import Systemd
from tests.node_machine import Recorded, Restart

S = TypeVar("S", bound=Document)
PROGRAM, NEW_PROGRAM = "0" * 64, "f" * 64


def objects(*contents: bytes) -> dict[str, bytes]:
    """Return objects by their hashes."""
    return {hashlib.sha256(content).hexdigest(): content for content in contents}


@dataclass
class Cloud:
    """AWS: some objects; `broken` is what fails."""

    objects: Mapping[str, bytes]
    broken: str = ""
    calls: list[str] = field(default_factory=list)

    def fetch(self, _bucket: str, key: str, sha256: str, to: Path) -> bool:
        """Bring an object."""
        if to.is_file() and aws.sha256_of(to) == sha256:
            return False
        self.answer(key)
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(self.objects[sha256])
        return True

    def answer(self, what: str) -> None:
        """Remember that `what` was asked for, and fail if it does."""
        self.calls.append(what)
        if self.broken in {what, "all"}:
            raise Failure(f"node a: {what} had no answer")


class Machine(Generic[S]):
    """Node a, bootstrapped with what `document` returns for these settings of the product and `base`."""

    cloud: Cloud
    services: Recorded

    def __init__(
        self, folder: Path, kind: Kind[S], document: Callable[..., str], product: Mapping[str, Any], **base: Any
    ) -> None:
        self.paths, self._kind, self._document = Paths(folder), kind, document
        self._product, self._base = product, base
        for program in (PROGRAM, NEW_PROGRAM):
            (self.paths.opt / program[:16]).mkdir(parents=True)
        self.document = self.changed()

    def changed(self, product: Mapping[str, Any] | None = None, **values: Any) -> str:
        """Return the document with some settings of the product and some keys changed."""
        return self._document(product={**self._product, **(product or {})}, **{**self._base, **values})

    def new(self, product: Mapping[str, Any] | None = None, **values: Any) -> str:
        """Return a changed document of another generation."""
        return self.changed(product, **{"generation": "new0new0new0new0", **values})

    def bootstrap(self) -> None:
        """Do what a first boot does."""
        host.save(self.paths, Identity("a", "/p"), self.document)
        stages.link_asset(self.paths.current, self.paths.opt / PROGRAM[:16])
        server_stages.install(self._kind, self.host())
        server_stages.configure(self._kind, self.host())
        self.cloud.calls.clear()

    def host(self) -> Host[S]:
        """Return the host as its files are now."""
        loaded = server_host.load(self.paths, self._kind.read)
        return Host(loaded.identity, loaded.settings, loaded.paths, self.services)

    def apply(self, document: str) -> None:
        """Apply a document, up to the restart of the process."""
        with contextlib.suppress(Restart):
            rollout.apply(self._kind, self.host(), document)

    def begin_anew(self) -> None:
        """Begin the member's process as far as its settings go."""
        rollout.finish(self._kind, self.host())

    def read(self, place: str) -> str:
        """Return a file of the product in use."""
        return (self.host().current / place).read_text()

    def units(self) -> dict[str, str]:
        """Return the text of each unit."""
        return {file.name: file.read_text() for file in sorted(self.paths.units.iterdir())}


@contextlib.contextmanager
def patched(made: Machine[Any], java: Path, system: str = "debian-12") -> Iterator[pytest.MonkeyPatch]:
    """Put the stand-ins in place for `made`, a machine with `system` and `java`."""

    def restart() -> None:
        raise Restart

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rollback, "restart_self", restart)
        patch.setattr(packages, "system", lambda: system)
        patch.setattr(packages, "missing", lambda *_: ())
        patch.setattr(packages, "java_home", lambda *_: java)
        patch.setattr(server_stages, "ensure_user", lambda *_: None)
        patch.setattr("musternode.servers.distribution.shutil.chown", lambda *_, **__: None)
        patch.setattr(files, "_owned", lambda *_: True)
        patch.setattr(Systemd, "reload", lambda _: None)
        patch.setattr(Systemd, "enable", lambda _, unit: made.services.said.append(f"enable {unit}"))
        patch.setattr(server_host.Host, "aws", lambda *_, **__: made.cloud)
        yield patch

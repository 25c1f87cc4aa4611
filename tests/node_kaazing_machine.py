"""Node a of a cluster of Kaazing Gateways below a folder, with stand-ins for systemd, packages, users and AWS."""

import contextlib
import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from musternode import aws, files, host, packages, rollback, stages
from musternode.failure import Failure
from musternode.host import Identity
from musternode.kaazing.host import Host
from musternode.kaazing.kind import KIND
from musternode.kaazing.launch import ANNOTATIONS
from musternode.paths import Paths
from musternode.servers import host as server_host
from musternode.servers import rollout
from musternode.servers import stages as server_stages
from musternode.system import Systemd
from tests.node_kaazing import document
from tests.node_machine import Recorded, Restart
from tests.test_node_kaazing_gateway_config import config, service

PROGRAM, NEW_PROGRAM = "0" * 64, "f" * 64
JAVA = Path("/usr/lib/jvm/java-17")
CONFIG = "conf/gateway-config.xml"
SERVICES = (service("ws://localhost:8000/echo"), service("http://localhost:8000/page", name="s1"))


def distribution(top: str, *services: str, **more: bytes) -> bytes:
    """Return a gateway's archive with these services; `more` are files by their names, with __ for /."""
    packed, jar = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr(ANNOTATIONS, b"")
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"{top}/bin/gateway.start", "#!/bin/bash\n")
        archive.writestr(f"{top}/{CONFIG}", config(*services))
        archive.writestr(f"{top}/lib/annotation.jar", jar.getvalue())
        for name, content in more.items():
            archive.writestr(name.replace("__", "/"), content)
    return packed.getvalue()


OBJECTS = {
    hashlib.sha256(content).hexdigest(): content
    for content in (
        distribution("gateway-5.6.2", *SERVICES),
        distribution("gateway-5.6.3", *SERVICES),
        distribution("gateway-5.6.2", SERVICES[1]),
    )
}
OLD, NEW, WITHOUT_WEBSOCKET = OBJECTS


def artifact(sha256: str) -> dict[str, str]:
    """Return the document's word on a distribution."""
    return {"bucket": "assets", "key": "k", "sha256": sha256, "name": "gateway.zip"}


@dataclass
class Cloud:
    """AWS: some objects; nothing answers while `broken`."""

    broken: bool = False
    calls: list[str] = field(default_factory=list)

    def fetch(self, _bucket: str, key: str, sha256: str, to: Path) -> bool:
        """Bring an object."""
        if to.is_file() and aws.sha256_of(to) == sha256:
            return False
        self.calls.append(key)
        if self.broken:
            raise Failure(f"node a: {key} had no answer")
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(OBJECTS[sha256])
        return True


class Machine:
    """Node a, bootstrapped with a document whose product has these settings."""

    def __init__(self, folder: Path, product: Mapping[str, Any]) -> None:
        self.paths, self.cloud, self.services = Paths(folder), Cloud(), Recorded()
        self._product = product
        for program in (PROGRAM, NEW_PROGRAM):
            (self.paths.opt / program[:16]).mkdir(parents=True)
        self.document = self.changed()

    def changed(self, product: Mapping[str, Any] | None = None, **values: Any) -> str:
        """Return the document with some settings of the product and some keys changed."""
        return document(product={**self._product, **(product or {})}, **{"artifact": artifact(OLD), **values})

    def new(self, product: Mapping[str, Any] | None = None, **values: Any) -> str:
        """Return a changed document of another generation."""
        return self.changed(product, **{"generation": "new0new0new0new0", **values})

    def bootstrap(self) -> None:
        """Do what a first boot does."""
        host.save(self.paths, Identity("a", "/p"), self.document)
        stages.link_asset(self.paths.current, self.paths.opt / PROGRAM[:16])
        server_stages.install(KIND, self.host())
        server_stages.configure(KIND, self.host())
        self.cloud.calls.clear()

    def host(self) -> Host:
        """Return the host as its files are now."""
        loaded = server_host.load(self.paths, KIND.read)
        return Host(loaded.identity, loaded.settings, loaded.paths, self.services)

    def apply(self, document_: str) -> None:
        """Apply a document, up to the restart of the process."""
        with contextlib.suppress(Restart):
            rollout.apply(KIND, self.host(), document_)

    def begin_anew(self) -> None:
        """Begin the member's process as far as its settings go."""
        rollout.finish(KIND, self.host())

    @property
    def config(self) -> str:
        """The gateway's configuration."""
        return (self.host().current / CONFIG).read_text()

    def units(self) -> dict[str, str]:
        """Return the text of each unit."""
        return {file.name: file.read_text() for file in sorted(self.paths.units.glob("*.service"))}

    def facts(self) -> dict[str, str]:
        """Return what the product and the units are made of, and in which distribution."""
        return {**self.units(), "config": self.config, "current": str(self.host().current.resolve())}


@contextlib.contextmanager
def machine(folder: Path, product: Mapping[str, Any] | None = None) -> Iterator[Machine]:
    """Yield a machine that has been bootstrapped."""
    made = Machine(folder, product or {})

    def restart() -> None:
        raise Restart

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rollback, "restart_self", restart)
        patch.setattr(packages, "system", lambda: "debian-12")
        patch.setattr(packages, "missing", lambda *_: ())
        patch.setattr(packages, "java_home", lambda *_: JAVA)
        patch.setattr(server_stages, "ensure_user", lambda *_: None)
        patch.setattr("musternode.servers.distribution.shutil.chown", lambda *_, **__: None)
        patch.setattr(files, "_owned", lambda *_: True)
        patch.setattr(Systemd, "reload", lambda _: None)
        patch.setattr(Systemd, "enable", lambda _, unit: made.services.said.append(f"enable {unit}"))
        patch.setattr(server_host.Host, "aws", lambda *_, **__: made.cloud)
        made.bootstrap()
        yield made

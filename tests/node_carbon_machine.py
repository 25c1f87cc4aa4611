"""Node a of a cluster of WSO2 Carbon below a folder, with stand-ins for systemd, packages, users and AWS."""

import contextlib
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from musternode import aws, files, host, packages, rollback, stages
from musternode.carbon import trust as carbon_trust
from musternode.carbon.host import Host
from musternode.carbon.kind import KIND
from musternode.failure import Failure
from musternode.host import Identity
from musternode.paths import Paths
from musternode.servers import host as server_host
from musternode.servers import rollout
from musternode.servers import stages as server_stages
from musternode.system import Systemd
from tests.node_carbon import SECRET, document
from tests.node_machine import Recorded, Restart

PROGRAM, NEW_PROGRAM = "0" * 64, "f" * 64
JAVA = Path("/usr/lib/jvm/java-17")
AXIS2 = "repository/conf/axis2/axis2.xml"
TOML = "repository/conf/deployment.toml"
KEYS = {"credentials": "keys", "engine": "3.5.4", "kernel": "4.4.40", "config": "axis2.xml", "discovery_key": 1}


def distribution(top: str) -> bytes:
    """Return a product's archive, with files for both kinds of kernels."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"{top}/bin/wso2server.sh", "#!/bin/sh\n")
        archive.writestr(f"{top}/{AXIS2}", "<axisconfig>\n    <clustering class='x' enable='false'/>\n</axisconfig>\n")
        archive.writestr(f"{top}/{TOML}", "[server]\n")
    return packed.getvalue()


OBJECTS = {
    hashlib.sha256(content).hexdigest(): content
    for content in (distribution("wso2-1.0"), distribution("wso2-1.1"), b"one authority", b"another authority")
}
OLD, NEW, AUTHORITY, OTHER_AUTHORITY = OBJECTS


def artifact(sha256: str) -> dict[str, str]:
    """Return the document's word on a distribution."""
    return {"bucket": "assets", "key": "k", "sha256": sha256, "name": "wso2.zip"}


def trust(sha256: str) -> dict[str, Any]:
    """Return the product's settings with an authority."""
    return {"trust": {"bucket": "assets", "key": "ca.pem", "sha256": sha256}}


@dataclass
class Cloud:
    """AWS: some objects and a secret; `broken` is what fails."""

    broken: str = ""
    key: str = "one"
    calls: list[str] = field(default_factory=list)

    def fetch(self, _bucket: str, key: str, sha256: str, to: Path) -> bool:
        """Bring an object."""
        if to.is_file() and aws.sha256_of(to) == sha256:
            return False
        self._answer(key)
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(OBJECTS[sha256])
        return True

    def secret_text(self, arn: str) -> str:
        """Return the key."""
        self._answer(arn)
        return json.dumps({"access_key_id": f"id-{self.key}", "secret_access_key": f"secret-{self.key}"})

    def _answer(self, what: str) -> None:
        self.calls.append(what)
        if self.broken in {what, "all"}:
            raise Failure(f"node a: {what} had no answer")


class Machine:
    """Node a, bootstrapped with a document whose product has these settings."""

    def __init__(self, folder: Path, product: Mapping[str, Any], names: str = "abc") -> None:
        self.paths, self.cloud, self.services = Paths(folder), Cloud(), Recorded()
        self.trusted: list[bytes] = []
        self.names, self._product = names, product
        for program in (PROGRAM, NEW_PROGRAM):
            (self.paths.opt / program[:16]).mkdir(parents=True)
        self.document = self.changed()

    def changed(self, product: Mapping[str, Any] | None = None, **values: Any) -> str:
        """Return the document with some settings of the product and some keys changed."""
        secrets = {"discovery": SECRET} if self._product.get("credentials") == "keys" else {}
        base = {"artifact": artifact(OLD), "secrets": secrets, "names": self.names, "absent": ""}
        return document(product={**self._product, **(product or {})}, **{**base, **values})

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

    def read(self, place: str) -> str:
        """Return a file of the product in use."""
        return (self.host().current / place).read_text()

    def units(self) -> dict[str, str]:
        """Return the text of each unit."""
        return {file.name: file.read_text() for file in sorted(self.paths.units.glob("*.service"))}

    def facts(self) -> dict[str, str]:
        """Return what the product and the units are made of, and in which distribution."""
        conf = self.host().current / "repository/conf"
        found = {str(file.relative_to(conf)): file.read_text() for file in sorted(conf.rglob("*")) if file.is_file()}
        return {**found, **self.units(), "current": str(self.host().current.resolve())}


@contextlib.contextmanager
def machine(folder: Path, product: Mapping[str, Any] | None = None) -> Iterator[Machine]:
    """Yield a machine that has been bootstrapped."""
    made = Machine(folder, product or {})

    def restart() -> None:
        raise Restart

    def bring(_store: Path, pem: bytes, _keytool: Path) -> bool:
        made.trusted.append(pem)
        return made.trusted[-2:-1] not in ([], [pem])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rollback, "restart_self", restart)
        patch.setattr(packages, "system", lambda: "debian-12")
        patch.setattr(packages, "missing", lambda *_: ())
        patch.setattr(packages, "java_home", lambda *_: JAVA)
        patch.setattr(server_stages, "ensure_user", lambda *_: None)
        patch.setattr("musternode.servers.distribution.shutil.chown", lambda *_, **__: None)
        patch.setattr(carbon_trust, "bring", bring)
        patch.setattr(files, "_owned", lambda *_: True)
        patch.setattr(Systemd, "reload", lambda _: None)
        patch.setattr(Systemd, "enable", lambda _, unit: made.services.said.append(f"enable {unit}"))
        patch.setattr(server_host.Host, "aws", lambda *_, **__: made.cloud)
        made.bootstrap()
        yield made

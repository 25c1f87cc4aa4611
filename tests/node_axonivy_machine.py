"""Node a of a cluster of Axon.ivy engines below a folder, with stand-ins for systemd, packages, users, AWS and nft."""

import contextlib
import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from musternode import aws, files, host, packages, rollback, stages
from musternode.aws import Credentials
from musternode.axonivy import kind as axonivy_kind
from musternode.axonivy import naming, shared
from musternode.axonivy.host import Host
from musternode.axonivy.kind import KIND
from musternode.failure import Failure
from musternode.host import Identity
from musternode.paths import Paths
from musternode.servers import host as server_host
from musternode.servers import rollout
from musternode.servers import stages as server_stages
from musternode.system import Systemd
from tests.node_axonivy import SECRET, document
from tests.node_machine import Recorded, Restart

PROGRAM, NEW_PROGRAM = "0" * 64, "f" * 64
JAVA = Path("/usr/lib/jvm/java-21")
IVY_YAML = "configuration/ivy.yaml"
SHIPPED_YAML = 'Administrators:\n  admin:\n    Password: "${hash:admin}"\n'
SERVER_XML = """\
<Server port="-1">
  <Service name="engine">
    <Connector port="1" protocol="HTTP/1.1"/>
    <Engine name="engine" defaultHost="localhost"/>
  </Service>
</Server>
"""


def archive(top: str = "", **more: str) -> bytes:
    """Return an engine's archive; in `more` two underlines stand for a slash and one for a point."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        made.writestr(f"{top}bin/AxonIvyEngine", "#!/bin/sh\n")
        made.writestr(f"{top}{IVY_YAML}", SHIPPED_YAML)
        made.writestr(f"{top}configuration/demo.lic", "a licence that was shipped")
        made.writestr(f"{top}applications/demo/app.txt", "an application that was shipped")
        made.writestr(f"{top}logs/", "")
        for name, text in more.items():
            made.writestr(top + name.replace("__", "/").replace("_", "."), text)
    return packed.getvalue()


OBJECTS = {
    hashlib.sha256(content).hexdigest(): content
    for content in (
        archive(),
        archive("AxonIvyEngine/", LICENSE="another one"),
        archive(conf__server_xml=SERVER_XML),
        b"one licence",
        b"another licence",
    )
}
OLD, NEW, TOMCAT, LICENCE, OTHER_LICENCE = OBJECTS


def artifact(sha256: str) -> dict[str, str]:
    """Return the document's word on an archive."""
    return {"bucket": "assets", "key": "k", "sha256": sha256, "name": "engine.zip"}


def licence(sha256: str) -> dict[str, Any]:
    """Return the product's settings with a licence."""
    return {"licence_file": {"bucket": "assets", "key": "a.lic", "sha256": sha256}}


@dataclass
class Cloud:
    """AWS: some objects and a secret; `broken` is what fails."""

    broken: str = ""
    password: str = "secret-one"
    calls: list[str] = field(default_factory=list)

    def fetch(self, _bucket: str, key: str, sha256: str, to: Path) -> bool:
        """Bring an object."""
        if to.is_file() and aws.sha256_of(to) == sha256:
            return False
        self._answer(key)
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(OBJECTS[sha256])
        return True

    def secret(self, arn: str) -> Credentials:
        """Return the database's user."""
        self._answer(arn)
        assert arn == SECRET
        return Credentials("ivy-user", self.password)

    def _answer(self, what: str) -> None:
        self.calls.append(what)
        if self.broken in {what, "all"}:
            raise Failure(f"node a: {what} had no answer")


@dataclass
class Services(Recorded):
    """Systemd, of which the mount is looked at: a number of `faults` come first."""

    folder: Path = Path()
    mounted: bool = False
    faults: int = 0

    def start(self, unit: str) -> None:
        """Remember, and mount."""
        super().start(unit)
        if unit == shared.MOUNT:
            if self.faults:
                self.faults -= 1
                raise Failure(f"`systemctl start {unit}` ended with 1: it failed")
            self.folder.mkdir(parents=True, exist_ok=True)
            self.mounted = True

    def last_words(self, unit: str) -> str:
        """Return what tells of a mount, and quotes a secret otherwise."""
        return "no route" if unit == shared.MOUNT else "ERROR login with secret-one failed"


class Machine:
    """Node a, bootstrapped with a document whose product has these settings."""

    def __init__(self, folder: Path, product: Mapping[str, Any], names: str) -> None:
        self.paths, self.cloud = Paths(folder), Cloud()
        self.services = Services(folder=folder / "mnt/axonivy")
        self.name, self.rules = "ip-10-0-1-10", list[str]()
        self.names, self._product = names, {**licence(LICENCE), **product}
        for program in (PROGRAM, NEW_PROGRAM):
            (self.paths.opt / program[:16]).mkdir(parents=True)
        self.document = self.changed()

    def changed(self, product: Mapping[str, Any] | None = None, **values: Any) -> str:
        """Return the document with some settings of the product and some keys changed."""
        base = {"artifact": artifact(OLD), "names": self.names, "absent": ""}
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
        self.services.said.clear()
        self.rules.clear()

    def host(self) -> Host:
        """Return the host as its files are now."""
        loaded = server_host.load(self.paths, KIND.read)
        return Host(loaded.identity, loaded.settings, loaded.paths, self.services)

    def apply(self, document_: str) -> None:
        """Apply a document, up to the restart of the process."""
        with contextlib.suppress(Restart):
            rollout.apply(KIND, self.host(), document_)

    @property
    def home(self) -> Path:
        """The engine's home."""
        return self.host().current.resolve()

    @property
    def shared(self) -> Path:
        """What all nodes share."""
        return self.services.folder

    def read(self, place: str) -> str:
        """Return a file of the engine in use."""
        return (self.home / place).read_text()

    def units(self) -> dict[str, str]:
        """Return the text of each unit."""
        return {file.name: file.read_text() for file in sorted(self.paths.units.iterdir())}

    def facts(self) -> dict[str, str]:
        """Return what the engine's configuration and the units are made of, with the time of their last change."""
        found = [*self.home.glob("configuration/*"), *self.home.glob("conf/*"), *self.paths.units.iterdir()]
        return {str(file): f"{file.stat().st_mtime_ns} {file.read_text()}" for file in sorted(found)}

    def run(self, argv: Sequence[str]) -> None:
        """Keep the rules that nft is given."""
        assert argv[:2] == ["nft", "-f"]
        self.rules.append(Path(argv[2]).read_text())

    def call(self, name: str) -> None:
        """Give the host a name."""
        self.name = name


@contextlib.contextmanager
def machine(folder: Path, product: Mapping[str, Any] | None = None, names: str = "abc") -> Iterator[Machine]:
    """Yield a machine that has been bootstrapped."""
    made = Machine(folder, product or {}, names)

    def restart() -> None:
        raise Restart

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rollback, "restart_self", restart)
        patch.setattr(packages, "system", lambda: "amazon-linux-2023")
        patch.setattr(packages, "missing", lambda *_: ())
        patch.setattr(packages, "java_home", lambda *_: JAVA)
        patch.setattr(server_stages, "ensure_user", lambda *_: None)
        patch.setattr("musternode.servers.distribution.shutil.chown", lambda *_, **__: None)
        patch.setattr(files, "_owned", lambda *_: True)
        patch.setattr(naming, "gethostname", lambda: made.name)
        patch.setattr(naming, "sethostname", made.call)
        patch.setattr(shared, "own", lambda _: None)
        patch.setattr(shared, "ismount", lambda _: made.services.mounted)
        patch.setattr(shared, "PATIENCE", 0.0)
        patch.setattr(axonivy_kind, "run", made.run)
        patch.setattr(Systemd, "reload", lambda _: None)
        patch.setattr(Systemd, "enable", lambda _, unit: made.services.said.append(f"enable {unit}"))
        patch.setattr(server_host.Host, "aws", lambda *_, **__: made.cloud)
        made.bootstrap()
        yield made

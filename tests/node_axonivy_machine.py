"""Node a of a cluster of Axon.ivy engines below a folder, with stand-ins for systemd, packages, users, AWS and nft."""

import contextlib
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from musternode.aws import Credentials
from musternode.axonivy import kind as axonivy_kind
from musternode.axonivy import naming, shared
from musternode.axonivy.document import Settings
from musternode.axonivy.kind import KIND
from musternode.failure import Failure
from tests import node_servers_machine
from tests.node_axonivy import SECRET, document
from tests.node_machine import Recorded
from tests.node_servers import artifact
from tests.node_servers_machine import objects, patched

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


OBJECTS = objects(
    archive(),
    archive("AxonIvyEngine/", LICENSE="another one"),
    archive(conf__server_xml=SERVER_XML),
    b"one licence",
    b"another licence",
)
OLD, NEW, TOMCAT, LICENCE, OTHER_LICENCE = OBJECTS


def licence(sha256: str) -> dict[str, Any]:
    """Return the product's settings with a licence."""
    return {"licence_file": {"bucket": "assets", "key": "a.lic", "sha256": sha256}}


@dataclass
class Cloud(node_servers_machine.Cloud):
    """AWS: some objects and a secret; `broken` is what fails."""

    password: str = "secret-one"

    def secret(self, arn: str) -> Credentials:
        """Return the database's user."""
        self.answer(arn)
        assert arn == SECRET
        return Credentials("ivy-user", self.password)


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


class Machine(node_servers_machine.Machine[Settings]):
    """Node a, bootstrapped with a document whose product has these settings."""

    cloud: Cloud
    services: Services

    def __init__(self, folder: Path, product: Mapping[str, Any], names: str) -> None:
        told = {**licence(LICENCE), **product}
        super().__init__(folder, KIND, document, told, artifact=artifact(OLD), names=names)
        self.cloud, self.services = Cloud(OBJECTS), Services(folder=folder / "mnt/axonivy")
        self.name, self.rules = "ip-10-0-1-10", list[str]()

    def bootstrap(self) -> None:
        """Do what a first boot does."""
        super().bootstrap()
        self.services.said.clear()
        self.rules.clear()

    @property
    def home(self) -> Path:
        """The engine's home."""
        return self.host().current.resolve()

    @property
    def shared(self) -> Path:
        """What all nodes share."""
        return self.services.folder

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
    with patched(made, JAVA, "amazon-linux-2023") as patch:
        patch.setattr(naming, "gethostname", lambda: made.name)
        patch.setattr(naming, "sethostname", made.call)
        patch.setattr(shared, "own", lambda _: None)
        patch.setattr(shared, "ismount", lambda _: made.services.mounted)
        patch.setattr(shared, "PATIENCE", 0.0)
        patch.setattr(axonivy_kind, "run", made.run)
        made.bootstrap()
        yield made

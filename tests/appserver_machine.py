"""Node a of a cluster of WSO2 AS below a folder, with stand-ins for systemd, packages, users, AWS and other nodes."""

import contextlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from musternode.appserver import holding
from musternode.appserver.kind import KIND
from musternode.appserver.words import Word
from musternode.aws import Credentials
from musternode.carbon.settings import Settings
from musternode.servers import peers
from musternode.subversion import place
from musternode.subversion.place import Place
from tests import node_servers_machine
from tests.appserver_support import DOCUMENT, document
from tests.node_machine import Recorded
from tests.node_servers import artifact, serving
from tests.node_servers_machine import objects, patched

JAVA = Path("/usr/lib/jvm/java-8")
AXIS2, CARBON = "repository/conf/axis2/axis2.xml", "repository/conf/carbon.xml"
CATALINA, SCRIPT = "repository/conf/tomcat/catalina-server.xml", "bin/wso2server.sh"
SOURCES, REALM = "repository/conf/datasources/master-datasources.xml", "repository/conf/user-mgt.xml"
REGISTRY, LIB = "repository/conf/registry.xml", "repository/components/lib"
CONTENT = {
    AXIS2: "<axisconfig>\n    <!-- kept -->\n    <clustering class='x' enable='false'/>\n</axisconfig>\n",
    CARBON: "<Server>\n    <Name>x</Name>\n    <!-- kept -->\n    <Ports><Offset>0</Offset></Ports>\n</Server>\n",
    CATALINA: """\
<Server>
    <Service>
        <!-- kept -->
        <Connector port="9763"/>
        <Connector port="9443" scheme="https" SSLEnabled="true"/>
    </Service>
</Server>
""",
    SOURCES: """\
<datasources-configuration>
    <!-- kept -->
    <datasources/>
</datasources-configuration>
""",
    REALM: """\
<UserManager>
    <!-- kept -->
    <Realm><Configuration><Property name="dataSource">jdbc/WSO2CarbonDB</Property></Configuration></Realm>
</UserManager>
""",
    REGISTRY: '<wso2registry>\n    <!-- kept -->\n    <dbConfig name="wso2registry"/>\n</wso2registry>\n',
    SCRIPT: '#!/bin/sh\n"$JAVA_HOME/bin/java" $JAVA_OPTS \\\n    org.wso2.carbon.bootstrap.Bootstrap $*\n',
}


def zipped(content: Mapping[str, str | bytes]) -> bytes:
    """Return an archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, each in content.items():
            archive.writestr(name, each)
    return packed.getvalue()


def distribution(top: str) -> bytes:
    """Return a product's archive, into which its owner has put the driver of a database."""
    driver = zipped({"org/postgresql/Driver.class": b"", "META-INF/MANIFEST.MF": ""})
    content: dict[str, str | bytes] = {**CONTENT, f"{LIB}/driver.jar": driver}
    return zipped({f"{top}/{name}": each for name, each in content.items()})


OBJECTS = objects(distribution("wso2as-5.3.0"), distribution("wso2as-5.3.1"))
OLD, NEW = OBJECTS


@dataclass
class Cloud(node_servers_machine.Cloud):
    """AWS: some objects and the accounts, whose names end with `suffix`."""

    suffix: str = ""

    def secret(self, arn: str) -> Credentials:
        """Return the account."""
        self.answer(arn)
        name = arn.rpartition(":")[2] + self.suffix
        return Credentials(name, f"secret-of-{name}")


@dataclass
class Beside:
    """What the other management node says, None while it is silent."""

    word: Word | None = None
    asked: list[str] = field(default_factory=list)

    def ask(self, address: str, *_: Any) -> Any:
        """Answer as it does."""
        self.asked.append(address)
        return None if self.word is None else (serving("b"), self.word)


class Machine(node_servers_machine.Machine[Settings]):
    """Node a, bootstrapped with a document whose product has these settings."""

    cloud: Cloud

    def __init__(self, folder: Path, product: Mapping[str, Any], **changes: Any) -> None:
        super().__init__(folder, KIND, document, product, **{"artifact": artifact(OLD), **changes})
        self.cloud, self.services, self.beside = Cloud(OBJECTS), Recorded(), Beside()

    @property
    def place(self) -> Place:
        """Where its repository is, as the test's own user's."""
        return Place(self.paths.data / "subversion", self.paths.root / "svn", self.paths.opt / "refuse")

    def carbon(self) -> dict[str, str]:
        """Return what carbon.xml says: text by the name of the element."""
        return {each.tag: each.text or "" for each in ET.fromstring(self.read(CARBON)).iter()}  # noqa: S314 - our own

    def facts(self) -> dict[str, str]:
        """Return what the product and the units are made of."""
        found = {name: self.read(name) for name in CONTENT}
        return {**found, **self.units(), "hosts": (self.paths.root / "etc/hosts").read_text()}


@contextlib.contextmanager
def machine(folder: Path, product: Mapping[str, Any] | None = None, **changes: Any) -> Iterator[Machine]:
    """Yield a machine that has been bootstrapped."""
    made = Machine(folder, product or {}, **changes)
    with patched(made, JAVA) as patch:
        patch.setattr(peers, "ask", made.beside.ask)
        patch.setattr(place, "of", lambda _: made.place)
        patch.setattr(holding, "ensure_user", lambda *_: None)
        made.bootstrap()
        yield made


def groups(own: str) -> dict[str, str]:
    """Return the groups of the nodes, node a in `own`; b manages."""
    return {"a": own, "b": "mgt", "c": "worker", "d": "worker"}


WORKER: dict[str, Any] = {"groups": groups("worker"), "committer": "b"}
"""What makes node a a worker."""
PASSIVE: dict[str, Any] = {"committer": "b"}
PORTS = DOCUMENT["ports"]

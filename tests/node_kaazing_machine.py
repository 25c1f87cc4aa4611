"""Node a of a cluster of Kaazing Gateways below a folder, with stand-ins for systemd, packages, users and AWS."""

import contextlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from musternode.kaazing.kind import KIND
from musternode.kaazing.launch import ANNOTATIONS
from musternode.kaazing.settings import Settings
from tests import node_servers_machine
from tests.node_kaazing import document
from tests.node_machine import Recorded
from tests.node_servers import artifact
from tests.node_servers_machine import Cloud, objects, patched
from tests.test_node_kaazing_gateway_config import config, service

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


OBJECTS = objects(
    distribution("gateway-5.6.2", *SERVICES),
    distribution("gateway-5.6.3", *SERVICES),
    distribution("gateway-5.6.2", SERVICES[1]),
)
OLD, NEW, WITHOUT_WEBSOCKET = OBJECTS


class Machine(node_servers_machine.Machine[Settings]):
    """Node a, bootstrapped with a document whose product has these settings."""

    def __init__(self, folder: Path, product: Mapping[str, Any]) -> None:
        super().__init__(folder, KIND, document, product, artifact=artifact(OLD))
        self.cloud, self.services = Cloud(OBJECTS), Recorded()

    @property
    def config(self) -> str:
        """The gateway's configuration."""
        return self.read(CONFIG)

    def facts(self) -> dict[str, str]:
        """Return what the product and the units are made of, and in which distribution."""
        return {**self.units(), "config": self.config, "current": str(self.host().current.resolve())}


@contextlib.contextmanager
def machine(folder: Path, product: Mapping[str, Any] | None = None) -> Iterator[Machine]:
    """Yield a machine that has been bootstrapped."""
    made = Machine(folder, product or {})
    with patched(made, JAVA):
        made.bootstrap()
        yield made

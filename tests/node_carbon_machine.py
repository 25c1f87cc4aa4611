"""Node a of a cluster of WSO2 Carbon below a folder, with stand-ins for systemd, packages, users and AWS."""

import contextlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from musternode.carbon import trust as carbon_trust
from musternode.carbon.kind import KIND
from musternode.carbon.settings import Settings
from tests import node_servers_machine
from tests.node_carbon import SECRET, document
from tests.node_machine import Recorded
from tests.node_servers import artifact
from tests.node_servers_machine import objects, patched

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


OBJECTS = objects(distribution("wso2-1.0"), distribution("wso2-1.1"), b"one authority", b"another authority")
OLD, NEW, AUTHORITY, OTHER_AUTHORITY = OBJECTS


def trust(sha256: str) -> dict[str, Any]:
    """Return the product's settings with an authority."""
    return {"trust": {"bucket": "assets", "key": "ca.pem", "sha256": sha256}}


@dataclass
class Cloud(node_servers_machine.Cloud):
    """AWS: some objects and a secret; `broken` is what fails."""

    key: str = "one"

    def secret_text(self, arn: str) -> str:
        """Return the key."""
        self.answer(arn)
        return json.dumps({"access_key_id": f"id-{self.key}", "secret_access_key": f"secret-{self.key}"})


class Machine(node_servers_machine.Machine[Settings]):
    """Node a, bootstrapped with a document whose product has these settings."""

    cloud: Cloud

    def __init__(self, folder: Path, product: Mapping[str, Any]) -> None:
        secrets = {"discovery": SECRET} if product.get("credentials") == "keys" else {}
        super().__init__(folder, KIND, document, product, artifact=artifact(OLD), secrets=secrets)
        self.cloud, self.services = Cloud(OBJECTS), Recorded()
        self.trusted: list[bytes] = []

    def facts(self) -> dict[str, str]:
        """Return what the product and the units are made of, and in which distribution."""
        conf = self.host().current / "repository/conf"
        found = {str(file.relative_to(conf)): file.read_text() for file in sorted(conf.rglob("*")) if file.is_file()}
        return {**found, **self.units(), "current": str(self.host().current.resolve())}


@contextlib.contextmanager
def machine(folder: Path, product: Mapping[str, Any] | None = None) -> Iterator[Machine]:
    """Yield a machine that has been bootstrapped."""
    made = Machine(folder, product or {})

    def bring(_store: Path, pem: bytes, _keytool: Path) -> bool:
        made.trusted.append(pem)
        return made.trusted[-2:-1] not in ([], [pem])

    with patched(made, JAVA) as patch:
        patch.setattr(carbon_trust, "bring", bring)
        made.bootstrap()
        yield made

"""One node's files below a folder, with stand-ins for systemd, packages and AWS: what a document does to a machine."""

import contextlib
import copy
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from musternode import aws, files, host, packages, rollback, rollout, stages
from musternode.aws import Credentials
from musternode.failure import Failure
from musternode.host import Host, Identity
from musternode.paths import Paths
from musternode.system import Systemd
from tests.test_node_host import application
from tests.test_node_settings import DOCUMENT

JARS = {
    hashlib.sha256(content).hexdigest(): content
    for content in (
        application("BOOT-INF/lib/h2-1.4.199.jar"),
        application("BOOT-INF/lib/h2-1.4.199.jar", "BOOT-INF/lib/h2-extra.txt"),
        application("BOOT-INF/lib/h2-2.4.240.jar"),
    )
}
OLD_JAR, NEW_JAR, OTHER_H2 = JARS
PROGRAM, NEW_PROGRAM = "0" * 64, "f" * 64


class Restart(BaseException):  # stands for exec, which does not return, and which no handler sees
    """This process would have begun anew."""


@dataclass
class Recorded:
    """Systemd that starts nothing."""

    said: list[str] = field(default_factory=list)

    def start(self, unit: str) -> None:
        """Remember."""
        self.said.append(f"start {unit}")

    def stop(self, unit: str) -> None:
        """Remember."""
        self.said.append(f"stop {unit}")

    def kill(self, unit: str) -> None:
        """Remember."""
        self.said.append(f"kill {unit}")

    def restart(self, unit: str) -> None:
        """Remember."""
        self.said.append(f"restart {unit}")

    def running(self, _unit: str) -> bool:
        """Return that all runs."""
        return True

    def run_id(self, _unit: str) -> str:
        """Return nothing of interest."""
        return "1"

    def last_words(self, _unit: str) -> str:
        """Return nothing of interest."""
        return "nothing"


@dataclass
class Cloud:
    """AWS: three secrets and some jars; `gone` while nothing answers; `broken` is what fails."""

    gone: bool = False
    broken: str = ""
    calls: int = 0
    password: str = "p"
    key: str = "k"

    def fetch(self, _bucket: str, _key: str, sha256: str, to: Path) -> bool:
        """Bring an object."""
        if to.is_file() and aws.sha256_of(to) == sha256:
            return False
        self._answer("fetch")
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(JARS[sha256])
        return True

    def secret(self, arn: str) -> Credentials:
        """Return a user."""
        self._answer("secret")
        return Credentials(f"user{arn[-1]}", self.key if arn == DOCUMENT["secrets"]["peer"] else self.password)

    def _answer(self, what: str) -> None:
        self.calls += 1
        if self.gone or what == self.broken:
            raise Failure(f"node a: {what} had no answer")


class Machine:
    """Node a, bootstrapped with the test document."""

    def __init__(self, folder: Path) -> None:
        self.paths, self.cloud, self.services = Paths(folder), Cloud(), Recorded()
        for program in (PROGRAM, NEW_PROGRAM):
            (self.paths.opt / program[:16]).mkdir(parents=True)
        self.document = self.changed()

    def changed(self, **values: Any) -> str:
        """Return the test document with some keys changed."""
        artifact = {**DOCUMENT["artifact"], "sha256": OLD_JAR}
        return json.dumps({**copy.deepcopy(DOCUMENT), "artifact": artifact, **values})

    def new(self, **values: Any) -> str:
        """Return a document of another generation."""
        return self.changed(generation="new0new0new0new0", **values)

    def bootstrap(self) -> None:
        """Do what a first boot does."""
        host.save(self.paths, Identity("a", "/p"), self.document)
        stages.link_asset(self.paths.current, self.paths.opt / PROGRAM[:16])
        stages.install(self.host())
        stages.configure(self.host())

    def host(self) -> Host:
        """Return the host as its files are now."""
        loaded = host.load(self.paths)
        return Host(loaded.identity, loaded.settings, loaded.paths, self.services)

    def apply(self, document: str) -> None:
        """Apply a document, up to the restart of the process."""
        with contextlib.suppress(Restart):
            rollout.apply(self.host(), document)

    def facts(self) -> dict[str, str]:
        """Return the hash of each file of the product, the units and the database users."""
        place = self.host().layout
        found = [place.jar, place.properties, place.launch_conf, self.paths.etc / "credentials.json"]
        return {file.name: aws.sha256_of(file) for file in [*found, *sorted(self.paths.units.glob("*.service"))]}


@contextlib.contextmanager
def machine(folder: Path) -> Iterator[Machine]:
    """Yield a machine that has been bootstrapped."""
    made = Machine(folder)

    def restart() -> None:
        raise Restart

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rollback, "restart_self", restart)
        patch.setattr(packages, "system", lambda: "debian-12")
        patch.setattr(packages, "missing", lambda *_: ())
        patch.setattr(stages, "ensure_user", lambda *_: None)
        patch.setattr("musternode.stages.shutil.chown", lambda *_, **__: None)
        patch.setattr(files, "_owned", lambda *_: True)
        patch.setattr(Systemd, "reload", lambda _: None)
        patch.setattr(Systemd, "enable", lambda _, unit: made.services.said.append(f"enable {unit}"))
        patch.setattr(Host, "aws", lambda *_, **__: made.cloud)
        made.bootstrap()
        yield made

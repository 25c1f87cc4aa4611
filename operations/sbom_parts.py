"""The parts of the bill of materials that are no Python packages."""

import hashlib
import json
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Final

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from packageurl import PackageURL

from muster.node_asset import SOURCE, pack, travelling
from musternode import packages
from operations import ROOT
from operations.errors import Failure
from operations.sbom_python import USED
from rehearsal.doubles import pins
from rehearsal.hosts import recipe

LICENCE: Final = "Apache-2.0"

OF_MAVEN: Final = re.compile(r"(?P<group>.+)/(?P<name>[^/]+)/(?P<version>[^/]+)/(?P=name)-(?P=version)(?P<rest>.*)")

ACTION: Final = re.compile(r"uses: (?P<owner>[^/\s]+)/(?P<name>[^@\s]+)@(?P<commit>[0-9a-f]{40})\s+# (?P<tag>\S+)")


def node_modules() -> Iterator[Component]:
    """Yield what `npm sbom` tells of package-lock.json. Raises `Failure` if npm cannot tell it."""
    command = ["npm", "sbom", "--sbom-format", "cyclonedx", "--package-lock-only"]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise Failure(
            f"npm sbom ended with {done.returncode} ({last}); remove the folder .venv, ./muster makes it anew"
        )
    told = {name: content for name, content in json.loads(done.stdout).items() if name != "metadata"}
    for each in Bom.from_json(data=told).components:  # type: ignore[attr-defined] # by py-serializable
        each.scope = ComponentScope.REQUIRED  # npm calls it optional, because it is no part of a published package
        each.properties = [Property(name=USED, value="running")]
        yield each


def on_nodes(version: str) -> Iterator[Component]:
    """Yield what Muster puts on a node, by the hash of the very file, and what a node gets of its distribution."""
    asset, script = pack(SOURCE / "musternode", *travelling()), (SOURCE / "user_data.sh").read_bytes()
    yield _own("musternode", ComponentType.APPLICATION, version, asset)
    yield _own("user_data.sh", ComponentType.FILE, version, script)
    for system, kind, namespace in ("debian-12", "deb", "debian"), ("amazon-linux-2023", "rpm", "amzn"):
        for name in packages.needed(system, packages.DEBIAN_JAVA):
            yield _of_distribution(PackageURL(kind, namespace, name), "every node", ComponentScope.REQUIRED)


def of_rehearsals() -> Iterator[Component]:
    """Yield the jars that builds and doubles are made of, and the Debian packages of a rehearsed host."""
    for path, digest in pins.pinned().items():
        if not path.endswith(".pom"):
            yield _jar(path, digest)
    for name in recipe.PACKAGES:
        yield _of_distribution(PackageURL("deb", "debian", name), "rehearsals", ComponentScope.EXCLUDED)


def actions() -> Iterator[Component]:
    """Yield the actions of GitHub that the workflows run, by commit."""
    texts = [file.read_text(encoding="utf-8") for file in sorted((ROOT / ".github" / "workflows").glob("*.yml"))]
    for owner, name, commit, tag in sorted(set(ACTION.findall("\n".join(texts)))):
        yield _excluded(PackageURL("github", owner, name, commit), tag, (), "workflows")


def unique(components: Iterable[Component]) -> list[Component]:
    """Return each part once: the first that has a reference."""
    first: dict[str, Component] = {}
    for each in components:
        first.setdefault(str(each.bom_ref.value), each)
    return list(first.values())


def _own(name: str, kind: ComponentType, version: str, content: bytes) -> Component:
    return Component(
        name=name,
        type=kind,
        version=version,
        bom_ref=name,
        scope=ComponentScope.REQUIRED,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=hashlib.sha256(content).hexdigest())],
        licenses=[LicenseFactory().make_with_id(LICENCE)],
        properties=[Property(name=USED, value="every node")],
    )


def _of_distribution(purl: PackageURL, used: str, scope: ComponentScope) -> Component:
    """Return a package that nobody pins: its version is what the distribution has on the day."""
    unpinned = Property(name="muster:version", value="what the distribution has on the day")
    return Component(
        name=purl.name,
        bom_ref=f"{purl}#{used}",
        purl=purl,
        scope=scope,
        properties=[Property(name=USED, value=used), unpinned],
    )


def _jar(path: str, digest: str) -> Component:
    found = OF_MAVEN.fullmatch(path)
    if found is None:
        raise Failure(f"{pins.PINS.name} names {path}, which is not where Maven keeps an artifact")
    classifier, kind = re.fullmatch(r"-?(.*?)\.(\w+)", found["rest"]).groups()  # type: ignore[union-attr] # any rest fits
    qualifiers = {"classifier": classifier} if classifier else {}
    if kind != "jar":
        qualifiers["type"] = kind
    group = ".".join(PurePosixPath(found["group"]).parts)
    return _excluded(
        PackageURL("maven", group, found["name"], found["version"], qualifiers), "", (digest,), "rehearsals"
    )


def _excluded(purl: PackageURL, tag: str, digests: tuple[str, ...], used: str) -> Component:
    return Component(
        name=purl.name,
        group=purl.namespace,
        version=tag or purl.version,
        bom_ref=purl.to_string(),
        purl=purl,
        scope=ComponentScope.EXCLUDED,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=each) for each in digests],
        properties=[Property(name=USED, value=used)],
    )

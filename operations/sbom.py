"""`muster sbom`: what Muster ships and uses, as a bill of materials (CycloneDX 1.6, JSON)."""

import hashlib
import os
import sys
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output.json import JsonV1Dot6

from muster.artifact_file import find, sha256_of
from muster.spec import ArtifactInS3, Cluster, SpecError
from operations import ROOT
from operations.errors import Failure
from operations.files import load_file, refused
from operations.sbom_parts import LICENCE, actions, node_modules, of_rehearsals, on_nodes, unique
from operations.sbom_pins import pins
from operations.sbom_python import USED, bootstrapping, python_packages

ARCHIVES = (".jar", ".war", ".zip")


def sbom_command(output: Path | None, cluster: Path | None) -> int:
    """Write the bill to `output`, or print it; with `cluster` also that file's product. Return 0. Raises `Failure`."""
    if output and not output.parent.is_dir():
        raise Failure(f"there is no folder {output.parent}; make it, or name another file", code=2)
    parts = _product_of(cluster) if cluster else []
    print("muster: reading what Muster is made of ...", file=sys.stderr)
    text = JsonV1Dot6(bill(parts)).output_as_string(indent=2) + "\n"
    if output is None:
        print(text, end="")
        return 0
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure(f"{output} cannot be written: {error.strerror}; name another file", code=2) from None
    print(f"{output}: written, {text.count(chr(34) + 'bom-ref' + chr(34))} parts")
    return 0


def bill(more: list[Component]) -> Bom:
    """Return the bill of this checkout, and of `more`."""
    version = metadata.version("muster")
    muster = Component(
        name="muster",
        type=ComponentType.APPLICATION,
        version=version,
        bom_ref="muster",
        licenses=[LicenseFactory().make_with_id(LICENCE)],
    )
    others = [*node_modules(), *on_nodes(version), *of_rehearsals(), *actions()]
    parts = unique([*more, *python_packages(), *bootstrapping(), *others])
    made = Bom(components=parts, metadata=BomMetaData(component=muster))
    made.register_dependency(muster, [each for each in parts if each.scope is ComponentScope.REQUIRED])
    for each, below in asking(parts):
        made.register_dependency(each, below)
    return made


def asking(parts: list[Component]) -> Iterator[tuple[Component, list[Component]]]:
    """Yield Muster's own Python packages, each with those that it asks for."""
    found = {(each.name, each.version): each for each in parts if each.purl and each.purl.type == "pypi"}
    known = [(pin, found[pin.name, pin.version]) for pin in pins((ROOT / "requirements.txt").read_text("utf-8"))]
    for pin, part in known:
        yield part, [other for each, other in known if pin.name in each.wanted_by]


def _product_of(file: Path) -> list[Component]:
    cluster = load_file(file)
    try:
        return list(product(cluster))
    except SpecError as error:
        raise refused(file, error) from error


def product(cluster: Cluster) -> Iterator[Component]:
    """Yield the product's archive by its hash, with the archives in it by theirs, if it is on this machine.

    One that lies in S3 is told by the hash that the cluster file pins. Raises `SpecError` if the file is not there.
    """
    wanted = cluster.artifact
    if isinstance(wanted, ArtifactInS3):
        yield _archive(wanted.name, wanted.sha256, cluster, [])
        return
    file = find(cluster, "artifact.file", wanted.file, f"the application's {cluster.about.archive}", os.environ)
    yield _archive(file.name, sha256_of(file), cluster, list(_inside(file)))


def _inside(file: Path) -> Iterator[Component]:
    """Yield the archives in an archive, by name and hash; the name says the version, if its maker did."""
    if not zipfile.is_zipfile(file):
        return
    with zipfile.ZipFile(file) as opened:
        for path in sorted(name for name in opened.namelist() if name.endswith(ARCHIVES)):
            digest = hashlib.sha256(opened.read(path)).hexdigest()
            yield Component(
                name=Path(path).name,
                bom_ref=f"product:{path}",
                hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
                properties=[Property(name="muster:path", value=path)],
            )


def _archive(name: str, digest: str, cluster: Cluster, inside: list[Component]) -> Component:
    return Component(
        name=name,
        type=ComponentType.APPLICATION,
        bom_ref=f"product:{digest}",
        scope=ComponentScope.REQUIRED,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
        components=inside,
        properties=[Property(name=USED, value=f"every node of {cluster.name} ({cluster.product})")],
    )

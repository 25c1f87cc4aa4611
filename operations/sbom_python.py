"""The Python packages of the bill of materials: of Muster, of its checks, and of the tools with pins of their own."""

import contextlib
from collections.abc import Iterator, Mapping
from importlib import metadata
from typing import Any, Final

from cyclonedx.contrib.license.exceptions import InvalidSpdxLicenseException
from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import AttachedText, HashAlgorithm, HashType, Property
from cyclonedx.model.component import Component, ComponentScope
from cyclonedx.model.license import License
from packageurl import PackageURL

from muster.node_asset import TRAVELLING
from operations import ROOT
from operations.sbom_pins import Pin, asked_for, below, normal, pins

OTHERS: Final = ("checkov", "audit")
"""The tools that run in an environment of their own: requirements-NAME.txt."""

USED: Final = "muster:used"
"""The property that says where a part is used."""

UNKNOWN: Final = "UNKNOWN"
"""What old packages write where they say nothing."""

OF_CLASSIFIER: Final = {
    "Apache Software License": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
"""The licence that a classifier names beyond doubt, by its last part."""


def python_packages() -> Iterator[Component]:
    """Yield every pinned package once; what no running Muster needs is out of scope."""
    own = pins((ROOT / "requirements.txt").read_text(encoding="utf-8"))
    running = below(own, asked_for((ROOT / "requirements.in").read_text(encoding="utf-8"))[0])
    known = {pin.name: installed for pin in own if (installed := _installed(pin.name))}
    seen = set()
    for pin in own:
        seen.add((pin.name, pin.version))
        yield _component(pin, "running" if pin.name in running else "checks", known)
    for tool in OTHERS:
        for pin in pins((ROOT / f"requirements-{tool}.txt").read_text(encoding="utf-8")):
            if (pin.name, pin.version) not in seen:
                seen.add((pin.name, pin.version))
                yield _component(pin, tool, {})


def bootstrapping() -> Iterator[Component]:
    """Yield pip, which Python's own `venv` brings and no list pins."""
    if found := _installed("pip"):
        pin = Pin("pip", found.version, (), frozenset())
        yield _component(pin, "set-up; its version is that of Python's venv", {"pip": found})


def licences(about: Mapping[str, Any]) -> list[License]:
    """Return the licence that a package's own metadata declares, its fields by name; empty if they declare none."""
    make = LicenseFactory()
    if expression := about.get("license_expression"):
        return [make.make_from_string(expression)]
    said = str(about.get("license", UNKNOWN)).strip()
    classified = [each.rpartition(" :: ")[2] for each in about.get("classifier", ()) if " :: OSI Approved :: " in each]
    with contextlib.suppress(InvalidSpdxLicenseException):
        return [make.make_with_id(said)]
    if classified:
        return [make.make_from_string(OF_CLASSIFIER.get(each, each)) for each in classified]
    if "\n" in said:
        return [make.make_with_name("its own text", text=AttachedText(content=said))]
    return [make.make_with_name(said)] if said != UNKNOWN else []


def _component(pin: Pin, used: str, known: Mapping[str, metadata.Distribution]) -> Component:
    scope = ComponentScope.REQUIRED if used.startswith(("running", "set-up")) else ComponentScope.EXCLUDED
    if pin.name in map(normal, TRAVELLING):
        used = "running, and on every node"
    found = known.get(pin.name)
    purl = PackageURL("pypi", name=pin.name, version=pin.version)
    return Component(
        name=pin.name,
        version=pin.version,
        bom_ref=purl.to_string(),
        purl=purl,
        scope=scope,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=each) for each in pin.hashes],
        licenses=licences(found.metadata.json) if found and found.version == pin.version else [],
        properties=[Property(name=USED, value=used)],
    )


def _installed(name: str) -> metadata.Distribution | None:
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None

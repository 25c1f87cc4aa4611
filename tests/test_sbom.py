"""`muster sbom`: the bill of materials holds what is there, and is valid by CycloneDX's own schema."""

import hashlib
import json
import re
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from typer.testing import CliRunner

from muster.node_asset import SOURCE, pack, travelling
from operations import ROOT, sbom
from operations.cli import app
from operations.errors import Failure
from operations.sbom import sbom_command
from operations.sbom_pins import normal, pins
from operations.sbom_python import licences
from rehearsal.doubles import pins as jars
from tests.conftest import users_environment

VALIDATOR = JsonStrictValidator(SchemaVersion.V1_6)


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("bill") / "bom.json"
    assert sbom_command(file, None) == 0
    return file.read_text()


@pytest.fixture(scope="module")
def parts(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text)["components"]
    return found


def purls(parts: list[dict[str, Any]], kind: str) -> set[str]:
    return {each["purl"] for each in parts if each.get("purl", "").startswith(f"pkg:{kind}/")}


def hashes(part: dict[str, Any]) -> set[str]:
    return {each["content"] for each in part["hashes"]}


def test_the_bill_is_valid_by_the_schema_of_cyclonedx(text: str) -> None:
    assert json.loads(text)["specVersion"] == "1.6"
    assert VALIDATOR.validate_str(text) is None


def test_the_schema_sees_what_is_wrong(text: str) -> None:
    """Negative control."""
    assert VALIDATOR.validate_str(text.replace('"scope": "excluded"', '"scope": "unknown"', 1)) is not None


def test_every_installed_package_is_in_it_with_its_version(parts: list[dict[str, Any]]) -> None:
    installed = {f"pkg:pypi/{normal(each.name)}@{each.version}" for each in metadata.distributions()}
    own = {f"pkg:pypi/muster@{metadata.version('muster')}"}
    assert installed - own - purls(parts, "pypi") == set()


@pytest.mark.parametrize("file", sorted(path.name for path in ROOT.glob("requirements*.txt")))
def test_every_pin_is_in_it(parts: list[dict[str, Any]], file: str) -> None:
    wanted = {f"pkg:pypi/{pin.name}@{pin.version}" for pin in pins((ROOT / file).read_text())}
    assert wanted - purls(parts, "pypi") == set()


def test_an_installed_package_has_the_licence_that_it_declares(parts: list[dict[str, Any]]) -> None:
    told = {each.get("purl"): each.get("licenses") for each in parts}
    installed = {f"pkg:pypi/{normal(each.name)}@{each.version}" for each in metadata.distributions()}
    assert told[f"pkg:pypi/typer@{metadata.version('typer')}"] == [{"license": {"id": "MIT"}}]
    assert {purl for purl in installed if purl in told and not told[purl]} == set()


@pytest.mark.parametrize(
    ("fields", "licence"),
    [
        ({"license_expression": "MIT"}, "MIT"),
        ({"license_expression": "MIT OR Apache-2.0"}, "MIT OR Apache-2.0"),
        ({"license": "BSD-3-Clause", "classifier": ["License :: OSI Approved :: BSD License"]}, "BSD-3-Clause"),
        ({"license": "UNKNOWN", "classifier": ["License :: OSI Approved :: MIT License"]}, "MIT"),
        ({"license": "as they please"}, "as they please"),
        ({"license": "Copyright\n\nPermission is granted"}, "its own text"),
        ({}, None),
    ],
)
def test_a_licence_is_told_as_it_is_declared(fields: dict[str, Any], licence: str | None) -> None:
    told = [getattr(each, "id", None) or getattr(each, "name", None) or each.value for each in licences(fields)]  # type: ignore[union-attr]
    assert told == ([licence] if licence else [])


def test_two_classifiers_are_both_told() -> None:
    both = ["License :: OSI Approved :: BSD License", "License :: OSI Approved :: Apache Software License"]
    told = licences({"license": "Dual License", "classifier": both})
    assert len(told) == 2


def test_the_cdk_command_line_is_in_it_with_the_hash_of_the_lock(parts: list[dict[str, Any]]) -> None:
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]["node_modules/aws-cdk"]
    part = next(each for each in parts if each["name"] == "aws-cdk")
    assert part["purl"] == f"pkg:npm/aws-cdk@{locked['version']}"
    assert [len(each) for each in hashes(part)] == [128]


def test_what_goes_to_nodes_is_in_it_by_the_hash_of_the_very_file(parts: list[dict[str, Any]]) -> None:
    part = {each["name"]: each for each in parts}
    assert hashes(part["musternode"]) == {hashlib.sha256(pack(SOURCE / "musternode", *travelling())).hexdigest()}
    assert hashes(part["user_data.sh"]) == {hashlib.sha256((SOURCE / "user_data.sh").read_bytes()).hexdigest()}
    assert part["tomlkit"]["properties"] == [{"name": "muster:used", "value": "running, and on every node"}]


def test_a_package_that_nobody_pins_says_so(parts: list[dict[str, Any]]) -> None:
    distribution = [each for each in parts if re.match(r"pkg:(deb|rpm)/", each.get("purl", ""))]
    assert distribution
    assert all("version" not in each and len(each["properties"]) == 2 for each in distribution)


def test_every_jar_of_a_rehearsal_is_in_it_and_out_of_scope(parts: list[dict[str, Any]]) -> None:
    found = [each for each in parts if each.get("purl", "").startswith("pkg:maven/")]
    wanted = {digest for path, digest in jars.pinned().items() if not path.endswith(".pom")}
    assert {digest for each in found for digest in hashes(each)} == wanted
    assert {each["scope"] for each in found} == {"excluded"}
    assert "pkg:maven/com.h2database/h2@1.4.199" in purls(parts, "maven")
    assert "pkg:maven/org.apache.tomcat/tomcat@9.0.98?type=zip" in purls(parts, "maven")


def test_what_only_checks_need_is_out_of_scope(parts: list[dict[str, Any]]) -> None:
    scope = {each["name"]: each["scope"] for each in parts}
    assert {scope[name] for name in ("pytest", "hypothesis", "ruff", "checkov", "pip-audit")} == {"excluded"}
    assert {scope[name] for name in ("moto", "botocore", "aws-cdk-lib", "aws-cdk", "musternode")} == {"required"}


def test_a_package_says_what_it_asks_for(text: str) -> None:
    asks = {each["ref"]: set(each.get("dependsOn", [])) for each in json.loads(text)["dependencies"]}
    version = {name: f"pkg:pypi/{name}@{metadata.version(name)}" for name in ("boto3", "botocore", "typer")}
    assert version["botocore"] in asks[version["boto3"]]
    assert version["typer"] not in asks[version["boto3"]]
    assert version["boto3"] in asks["muster"]


@pytest.fixture
def cluster(tmp_path: Path) -> Path:
    """Return a cluster file beside which its product lies."""
    text = (ROOT / "clusters" / "as400gateway.yaml").read_text()
    file = tmp_path / "cluster.yaml"
    file.write_text(text)
    named = re.search(r"file: (\S+\.jar)", text)
    assert named
    (tmp_path / named[1]).parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(tmp_path / named[1], "w") as jar:
        jar.writestr("BOOT-INF/lib/h2-1.4.199.jar", b"inside")
        jar.writestr("application.properties", b"")
    return file


def test_with_a_cluster_file_the_product_is_in_it_by_its_hash(
    cluster: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sbom, "bill", lambda more: Bom(components=more))
    assert sbom_command(tmp_path / "bom.json", cluster) == 0
    text = (tmp_path / "bom.json").read_text()
    assert VALIDATOR.validate_str(text) is None
    jar = next(tmp_path.rglob("*.jar"))
    part = next(each for each in json.loads(text)["components"] if each["name"] == jar.name)
    assert hashes(part) == {hashlib.sha256(jar.read_bytes()).hexdigest()}
    assert [(each["name"], hashes(each)) for each in part["components"]] == [
        ("h2-1.4.199.jar", {hashlib.sha256(b"inside").hexdigest()})
    ]


def test_a_product_that_is_not_there_is_refused_and_nothing_written(
    cluster: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    next(tmp_path.rglob("*.jar")).unlink()
    with pytest.raises(Failure, match="is refused: 1 fault") as failed:
        sbom_command(tmp_path / "bom.json", cluster)
    assert failed.value.code == 2
    assert "no such file" in capsys.readouterr().err
    assert not (tmp_path / "bom.json").exists()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Failure, match=r"there is no folder .*missing; make it") as failed:
        sbom_command(tmp_path / "missing" / "bom.json", None)
    assert failed.value.code == 2


def test_without_a_file_it_is_printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sbom, "bill", lambda more: Bom(components=more))
    assert sbom_command(None, None) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["bomFormat"] == "CycloneDX"
    assert said.err == "muster: reading what Muster is made of ...\n"


def test_it_is_written_as_a_user_calls_it(tmp_path: Path) -> None:
    file = tmp_path / "bill.json"
    command = [sys.executable, "-m", "operations", "sbom", str(file)]
    done = subprocess.run(command, cwd=ROOT, env=users_environment(), check=False)
    assert done.returncode == 0
    assert json.loads(file.read_text())["bomFormat"] == "CycloneDX"


def test_the_command_says_what_it_does() -> None:
    said = CliRunner().invoke(app, ["sbom", "--help"])
    assert said.exit_code == 0
    assert "CycloneDX 1.6" in said.output
    assert "--cluster" in said.output

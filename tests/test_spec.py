"""The cluster file: what is accepted, what is refused, and in which words."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from muster.products.as400gateway import As400Gateway
from muster.spec import ArtifactFile, ArtifactInS3, SpecError, load
from tests.conftest import ROOT, WriteCluster
from tests.spec_help import SHA, refusal


def test_the_example_is_accepted_and_read_as_written() -> None:
    cluster = load(ROOT / "clusters" / "as400gateway.yaml")
    assert (cluster.name, cluster.product, cluster.region) == ("as400", "as400gateway", "eu-west-1")
    assert {name: node.zone for name, node in cluster.nodes.items()} == {"a": "eu-west-1a", "b": "eu-west-1b"}
    assert (cluster.instance.type, cluster.instance.os, cluster.instance.java) == (
        "t4g.medium",
        "amazon-linux-2023",
        17,
    )
    assert cluster.artifact == ArtifactFile(file="artifacts/as400-common-api-1.0.0.jar")
    assert (cluster.balancer.stickiness.cookie, cluster.balancer.stickiness.hours) == ("JSESSIONID", 8)


def test_what_is_left_out_has_the_documented_default(write_cluster: WriteCluster) -> None:
    cluster = load(write_cluster())
    own = cluster.block(As400Gateway)
    assert (cluster.instance.os, cluster.instance.java, cluster.instance.ami) == ("amazon-linux-2023", 17, None)
    assert (cluster.balancer.scheme, cluster.balancer.certificate) == ("internal", None)
    assert (cluster.balancer.stickiness.cookie, cluster.balancer.stickiness.hours) == ("JSESSIONID", 8)
    assert (cluster.network.cidr, cluster.formation.timeout) == ("10.64.0.0/20", 900)
    assert (cluster.database.name, cluster.database.port, cluster.database.peer_port) == ("connections", 9092, 9093)
    assert (own.home, own.port, own.readiness_port) == ("/opt/as400gateway", 8080, 9180)
    assert (own.health, own.functional, own.admin) == ("/actuator/health", "/api", "/admin")


def test_a_part_of_a_block_keeps_the_products_default_of_the_rest(write_cluster: WriteCluster) -> None:
    assert load(write_cluster(balancer={"stickiness": {"hours": 1}})).balancer.stickiness.cookie == "JSESSIONID"


def test_a_cluster_cannot_be_changed(write_cluster: WriteCluster) -> None:
    cluster = load(write_cluster())
    with pytest.raises(ValidationError):
        cluster.name = "other"


def test_reading_never_imports_the_cdk() -> None:
    """Otherwise a wrong file would take seconds to be refused."""
    code = (
        "import sys; from pathlib import Path; from muster import spec; "
        "spec.load(Path('clusters/as400gateway.yaml')); "
        "sys.exit(any(name.partition('.')[0] in {'aws_cdk', 'jsii', 'boto3'} for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_names_every_fault_at_once_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(
        "name: AS\n"
        "product: as400gateway\n"
        "region: eu-west-1\n"
        "nodes:\n"
        "  a: {zone: us-east-1a}\n"
        "  b: {zone: eu-west-1b}\n"
        "  b: {zone: eu-west-1b}\n"
        "instance: {type: t4g.medium, os: debian-12, java: 11}\n"
        "artifact: {file: a.jar}\n"
        "formation:\n"
        "  timeout: soon\n"
        "database: {port: 8080}\n",
        encoding="utf-8",
    )
    lines = [line.split(":")[:3] for line in refusal(file).splitlines()]
    assert [(line, field.strip()) for line, field, *_ in lines] == [
        ("1", "name"),
        ("5", "nodes.a.zone"),
        ("7", "nodes.b"),
        ("8", "instance.java"),
        ("11", "formation.timeout"),
        ("12", "database.port"),
    ]


def test_a_rule_is_silent_where_a_field_it_reads_is_faulty(write_cluster: WriteCluster) -> None:
    """A zone cannot be said to be of another region while the region itself is wrong."""
    words = refusal(write_cluster(region="eu-west-9"))
    assert words.count("\n") == 0
    assert words.startswith("1: region:")


def test_a_fault_names_the_file_as_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.yaml").write_text("name: [\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError, match=r"^x\.yaml:2: is not YAML: "):
        load(Path("x.yaml"))


def test_a_refusal_made_later_has_the_line_of_its_field() -> None:
    cluster = load(ROOT / "clusters" / "as400gateway.yaml")
    fault = cluster.refusal("artifact.file", "is nowhere").faults[0]
    lines = (ROOT / "clusters" / "as400gateway.yaml").read_text(encoding="utf-8").splitlines()
    assert fault.line is not None
    assert lines[fault.line - 1].startswith("artifact:")


def test_both_kinds_of_artifact_have_a_type(write_cluster: WriteCluster) -> None:
    cluster = load(write_cluster(artifact={"s3": "bucket/x.jar", "sha256": SHA}))
    assert cluster.artifact == ArtifactInS3(s3="bucket/x.jar", sha256=SHA)

"""A cluster file to begin with, of a product whose nodes have groups."""

from pathlib import Path

from muster.spec import load
from operations.init import init_command
from tests.test_init import name_of, read, starting, taken_in

PRODUCT = "wso2-as"


def test_each_node_has_a_group(tmp_path: Path) -> None:
    lines = starting(PRODUCT, "eu-west-1")
    assert read("\n".join(lines), tmp_path).groups == {"a": "mgt", "b": "worker"}
    assert [line for line in lines if line.strip().startswith("group:")] == ["    group: mgt", "    group: worker"]


def test_there_is_a_certificate_of_the_region_and_its_policy_can_be_taken_in(tmp_path: Path) -> None:
    lines = starting(PRODUCT, "cn-north-1")
    (policy,) = [place for place, line in enumerate(lines) if name_of(line) == "tls_policy" and "#tls" in line]
    cluster = read(taken_in(lines, [policy]), tmp_path)
    assert str(cluster.balancer.certificate).startswith("arn:aws-cn:acm:cn-north-1:")


def test_files_of_other_products_have_no_groups(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    init_command("kaazing", name="first", region="eu-west-1", output=file)
    assert load(file).groups == {}
    assert "group:" not in file.read_text(encoding="utf-8")

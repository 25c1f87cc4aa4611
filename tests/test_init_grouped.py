"""A cluster file to begin with, of a product whose nodes have groups."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from muster.spec import load
from operations.check import check_files
from operations.init import init_command
from operations.starter import TOGETHER
from tests.test_init import COMMON, REGIONS, name_of, read, starting, taken_in, units
from tests.wso2_as_support import wired

PRODUCT = "wso2-as"
OWN = {"proxy", "trust", "member_port", "management_clients", "artifacts", "database"}
"""Settings of the product that stand with an example: taken in, they change the cluster."""


@pytest.fixture(autouse=True)
def _wired() -> Iterator[None]:
    with wired():
        yield


def test_what_it_writes_is_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "x.yaml"
    init_command(PRODUCT, name="first", region="eu-west-1", output=file)
    assert check_files([file]) == 0
    assert capsys.readouterr().err == ""


def test_each_node_has_a_group(tmp_path: Path) -> None:
    lines = starting(PRODUCT, "eu-west-1")
    assert read("\n".join(lines), tmp_path).groups == {"a": "mgt", "b": "worker"}
    assert [line for line in lines if line.strip().startswith("group:")] == ["    group: mgt", "    group: worker"]


def test_there_is_a_certificate_of_the_region_and_its_policy_can_be_taken_in(tmp_path: Path) -> None:
    lines = starting(PRODUCT, "cn-north-1")
    (policy,) = [place for place, line in enumerate(lines) if name_of(line) == "tls_policy" and "#tls" in line]
    cluster = read(taken_in(lines, [policy]), tmp_path)
    assert str(cluster.balancer.certificate).startswith("arn:aws-cn:acm:cn-north-1:")


@pytest.mark.parametrize("region", REGIONS)
def test_settings_that_stand_together_can_be_taken_in(region: str, tmp_path: Path) -> None:
    lines = starting(PRODUCT, region)
    addresses = [place for place, line in enumerate(lines) if name_of(line) == "address"]
    found = units(lines)
    assert len(found) > 15
    for unit in found:
        names = {name_of(lines[place]) for place in unit}
        alone = [place for place in unit if place not in addresses]
        read(taken_in(lines, alone + addresses if "vpc" in names else alone), tmp_path)


def test_a_setting_with_its_default_changes_nothing(tmp_path: Path) -> None:
    lines = starting(PRODUCT, "eu-west-1")
    plain, changed = read("\n".join(lines), tmp_path).model_dump(), set()
    for place in [place for unit in units(lines) for place in unit if len(unit) < 4]:
        name = name_of(lines[place])
        if name not in {"address", *dict(TOGETHER).values()}:
            changed |= {name} if read(taken_in(lines, [place]), tmp_path).model_dump() != plain else set()
    assert changed == (COMMON | OWN | {"committer"}) - {"certificate"}


def test_files_of_other_products_have_no_groups(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    init_command("kaazing", name="first", region="eu-west-1", output=file)
    assert load(file).groups == {}
    assert "group:" not in file.read_text(encoding="utf-8")

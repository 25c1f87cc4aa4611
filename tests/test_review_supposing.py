"""The table of a change that the lock file refuses: what a deploy would do without the lock."""

from pathlib import Path
from typing import Any

import pytest

from muster.spec import SpecError, load, locked, plan, read_lock, write_lock
from operations.review.supposing import without_refusals
from tests.conftest import WriteCluster

KEY = "arn:aws:kms:eu-west-1:123456789012:key/12345678-1234-1234-1234-123456789012"
MOVED = {"a": {"zone": "eu-west-1a"}, "b": {"zone": "eu-west-1c"}}


@pytest.fixture
def deployed(write_cluster: WriteCluster, tmp_path: Path) -> Path:
    """Return a cluster file with its lock, in a folder of its own."""
    file = tmp_path / "here" / "x.yaml"
    file.parent.mkdir()
    file.write_bytes(write_cluster().read_bytes())
    write_lock(file, locked(None, load(file)))
    return file


@pytest.mark.parametrize(
    "changes",
    [
        {"nodes": MOVED},
        {"instance": {"type": "t4g.large"}},
        {"instance": {"type": "m7i.large", "volume": 8}},
        {"balancer": {"scheme": "internet-facing"}},
        {"kms_key": KEY},
    ],
    ids=["zone", "type", "processor and volume", "scheme", "key"],
)
def test_a_refused_change_is_planned_as_if_nothing_ran(
    changes: dict[str, Any], deployed: Path, write_cluster: WriteCluster, tmp_path: Path
) -> None:
    before = plan(load(deployed), read_lock(deployed))
    deployed.write_bytes(write_cluster(**changes).read_bytes())
    with pytest.raises(SpecError):
        plan(load(deployed), read_lock(deployed))
    copy = without_refusals(deployed, tmp_path / "there")
    assert copy is not None
    cluster = load(copy)
    after = plan(cluster, read_lock(copy))
    assert [member.ordinal for member in after.members] == [member.ordinal for member in before.members]
    assert [member.zone for member in after.members] == [cluster.nodes[name].zone for name in "ab"]
    assert {member.instance_type for member in after.members} == {cluster.instance.type}
    assert all(member.present for member in after.members)


def test_a_node_that_stays_in_its_zone_keeps_its_address(
    deployed: Path, write_cluster: WriteCluster, tmp_path: Path
) -> None:
    before = plan(load(deployed), read_lock(deployed))
    deployed.write_bytes(write_cluster(nodes=MOVED).read_bytes())
    copy = without_refusals(deployed, tmp_path / "there")
    assert copy is not None
    after = plan(load(copy), read_lock(copy))
    assert after.members[0].address == before.members[0].address
    assert after.members[1].address != before.members[1].address


def test_the_user_s_own_files_stay(deployed: Path, write_cluster: WriteCluster, tmp_path: Path) -> None:
    deployed.write_bytes(write_cluster(nodes=MOVED).read_bytes())
    before = {each.name: each.read_bytes() for each in deployed.parent.iterdir()}
    assert without_refusals(deployed, tmp_path / "there") is not None
    assert {each.name: each.read_bytes() for each in deployed.parent.iterdir()} == before


def test_without_a_lock_there_is_nothing_to_suppose(write_cluster: WriteCluster, tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(write_cluster().read_bytes())
    assert without_refusals(file, tmp_path / "there") is None


def test_another_cluster_s_lock_is_not_supposed_away(
    deployed: Path, write_cluster: WriteCluster, tmp_path: Path
) -> None:
    deployed.write_bytes(write_cluster(name="other").read_bytes())
    assert without_refusals(deployed, tmp_path / "there") is None
    deployed.write_text("no: cluster\n")
    assert without_refusals(deployed, tmp_path / "there") is None

"""A node's data volume."""

import pytest

from tests.conftest import Synthesize, Template
from tests.node_side import KEY
from tests.template_help import of_type


def policies(template: Template) -> set[tuple[str, str]]:
    """Return what happens to data volumes that are deleted, and to those that are replaced."""
    resources = template["Resources"]
    names = of_type(template, "EC2::Volume")
    return {(resources[name]["DeletionPolicy"], resources[name]["UpdateReplacePolicy"]) for name in names}


@pytest.mark.parametrize(("protection", "policy"), [("on", "Snapshot"), ("lifted", "Snapshot"), ("off", "Delete")])
def test_a_snapshot_stays_unless_protection_is_off(protection: str, policy: str, node_side: Synthesize) -> None:
    assert policies(node_side(protection=protection)) == {(policy, policy)}


def test_is_an_encrypted_volume_of_the_files_size_in_its_nodes_zone(node_side: Synthesize) -> None:
    volumes = of_type(node_side(instance={"type": "t4g.medium", "volume": 100}), "EC2::Volume")
    assert list(volumes.values()) == [
        {
            "AvailabilityZone": zone,
            "Encrypted": True,
            "MultiAttachEnabled": False,
            "Size": 100,
            "Tags": [{"Key": "Name", "Value": f"as400-{name}-data"}],
            "VolumeType": "gp3",
        }
        for name, zone in (("a", "eu-west-1a"), ("b", "eu-west-1b"))
    ]


def test_is_encrypted_with_the_clusters_key_if_there_is_one(node_side: Synthesize) -> None:
    volumes = of_type(node_side(kms_key=KEY, account="123456789012"), "EC2::Volume").values()
    assert {each["KmsKeyId"] for each in volumes} == {KEY}

"""What AWS's own names say."""

import pytest
from aws_cdk import aws_ec2 as ec2

from muster.aws_names import architecture, region_of, regions

TYPES = [
    *("t4g.medium", "m6g.large", "m6gd.metal", "c7gn.xlarge", "r8g.2xlarge", "x2gd.large", "im4gn.large", "g5g.xlarge"),
    *("is4gen.medium", "a1.large", "i4g.large", "hpc7g.4xlarge", "t3.micro", "t3a.micro", "m5.large", "m7i.large"),
    *(
        "c6a.large",
        "g4dn.xlarge",
        "g5.xlarge",
        "p4d.24xlarge",
        "i3en.large",
        "x2iedn.xlarge",
        "inf2.xlarge",
        "r5b.large",
    ),
]


@pytest.mark.parametrize("name", TYPES)
def test_the_architecture_is_the_one_that_the_cdk_knows(name: str) -> None:
    known = ec2.InstanceType(name).architecture
    assert architecture(name) == ("arm64" if known == ec2.InstanceArchitecture.ARM_64 else "x86_64")


def test_regions_are_the_public_ones() -> None:
    assert {"eu-west-1", "us-east-1", "cn-north-1", "us-gov-west-1"} <= set(regions())
    assert not [name for name in regions() if "iso" in name or "global" in name]


def test_a_zone_belongs_to_the_region_in_its_name() -> None:
    assert region_of("eu-west-1a") == "eu-west-1"

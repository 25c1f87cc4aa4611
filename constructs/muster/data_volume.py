"""The disk that keeps a node's data apart from its system."""

from collections.abc import Mapping
from typing import Final

from aws_cdk import RemovalPolicy, Size, Tags
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from muster.acknowledgements import ZONES, acknowledge

GIBIBYTES: Final = 20


class DataVolume(Construct):
    """Encrypted gp3 volume in `zone`, of `GIBIBYTES`; it goes with the stack. `volume` is the volume."""

    def __init__(self, scope: Construct, id_: str, *, zone: str, tags: Mapping[str, str]) -> None:
        super().__init__(scope, id_)
        acknowledge(self, "CloudFormation-Validate::W3010", ZONES)
        self.volume = ec2.Volume(
            self,
            "Volume",
            availability_zone=zone,
            size=Size.gibibytes(GIBIBYTES),
            volume_type=ec2.EbsDeviceVolumeType.GP3,
            encrypted=True,
            removal_policy=RemovalPolicy.DESTROY,
        )
        for key, value in tags.items():
            Tags.of(self.volume).add(key, value)

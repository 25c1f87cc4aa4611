"""The disk that keeps a node's data apart from its system."""

from collections.abc import Mapping

from aws_cdk import RemovalPolicy, Size, Tags
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from constructs import Construct

from muster.acknowledgements import HIPAA, NIST, ZONES, acknowledge, acknowledge_in


class DataVolume(Construct):
    """Encrypted gp3 volume in `zone`, of `gibibytes`, with `kms_key` or AWS's own key. `volume` is the volume.

    `protected`: whenever it leaves the stack, a snapshot of it stays; otherwise nothing does. It grows without a
    replacement; another zone or key makes a new, empty one.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        zone: str,
        gibibytes: int,
        protected: bool,
        kms_key: kms.IKey | None,
        tags: Mapping[str, str],
    ) -> None:
        super().__init__(scope, id_)
        acknowledge(self, "CloudFormation-Validate::W3010", ZONES)
        self.volume = ec2.Volume(
            self,
            "Volume",
            availability_zone=zone,
            size=Size.gibibytes(gibibytes),
            volume_type=ec2.EbsDeviceVolumeType.GP3,
            encrypted=True,
            encryption_key=kms_key,
            removal_policy=RemovalPolicy.SNAPSHOT if protected else RemovalPolicy.DESTROY,
        )
        for key, value in tags.items():
            Tags.of(self.volume).add(key, value)
        acknowledge_in(
            self,
            (NIST, HIPAA),
            "EC2EBSInBackupPlan",
            "no member alone holds the data; how long backups are kept is the account's plan, which selects by tag",
        )

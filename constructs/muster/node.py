"""A member machine."""

from collections.abc import Mapping, Sequence
from typing import Final

from aws_cdk import Tags
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from constructs import Construct, IDependable

from muster.acknowledgements import LIFTED, ZONES, acknowledge
from muster.data_volume import DataVolume
from muster.names import ROOT_DEVICE
from muster.node_role import NodeRole
from muster.spec import Member

DATA_DEVICE: Final = "/dev/sdf"
"""What the EC2 API calls the data volume's place; on the Nitro System the guest sees an NVMe name instead."""

ROOT_GIBIBYTES: Final = 16


class Node(Construct):
    """A plain instance with the member's literal address, IMDSv2 alone, its data volume, and tags it reads itself.

    A plain instance because nothing then ends a node that holds data by itself, and because EC2 then recovers it on
    another machine if its own fails; metadata options without a launch template because a change of a launch template
    replaces the instance. The data volume is given by the instance's `Volumes` property: an attachment of its own
    would be taken away while the volume is in use. `protected`: EC2 refuses to terminate it.
    Waits for its role's policy and for `after`. `instance` is the instance.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        member: Member,
        vpc: ec2.IVpc,
        subnet: ec2.ISubnet,
        security_group: ec2.ISecurityGroup,
        role: NodeRole,
        image: ec2.IMachineImage,
        user_data: str,
        volume: DataVolume,
        protected: bool,
        kms_key: kms.IKey | None,
        tags: Mapping[str, str],
        after: Sequence[IDependable],
    ) -> None:
        super().__init__(scope, id_)
        self.instance = ec2.Instance(
            self,
            "Instance",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnets=[subnet]),
            availability_zone=member.zone,
            private_ip_address=member.address,
            instance_type=ec2.InstanceType(member.instance_type),
            machine_image=image,
            security_group=security_group,
            instance_profile=role.profile,
            user_data=ec2.UserData.custom(user_data),
            user_data_causes_replacement=False,
            http_tokens=ec2.HttpTokens.REQUIRED,
            http_put_response_hop_limit=1,
            instance_metadata_tags=True,
            detailed_monitoring=True,
            disable_api_termination=protected,
            block_devices=[_root(kms_key)],
        )
        self.instance.instance.volumes = [
            ec2.CfnInstance.VolumeProperty(device=DATA_DEVICE, volume_id=volume.volume.volume_id)
        ]
        for key, value in tags.items():
            Tags.of(self.instance).add(key, value)
        self.instance.instance.node.add_dependency(role.policy, *after)
        self._accept(protected=protected)

    def _accept(self, *, protected: bool) -> None:
        acknowledge(self.instance, "CloudFormation-Validate::W3010", ZONES)
        acknowledge(
            self.instance,
            "CloudFormation-Validate::W9010",
            "the image id does come from a mapping, as the rule asks; it looks through the mapping and sees the id",
        )
        if not protected:
            acknowledge(self.instance, "AwsSolutions-EC29", LIFTED)


def _root(kms_key: kms.IKey | None) -> ec2.BlockDevice:
    volume = ec2.BlockDeviceVolume.ebs(
        ROOT_GIBIBYTES, encrypted=True, kms_key=kms_key, volume_type=ec2.EbsDeviceVolumeType.GP3
    )
    return ec2.BlockDevice(device_name=ROOT_DEVICE, volume=volume)

"""A member machine."""

from collections.abc import Mapping
from typing import Final

from aws_cdk import Tags
from aws_cdk import aws_ec2 as ec2
from constructs import Construct, IDependable

from muster.acknowledgements import ZONES, acknowledge
from muster.data_volume import DataVolume
from muster.node_role import NodeRole
from muster.spec import Member

DATA_DEVICE: Final = "/dev/sdf"
"""What the EC2 API calls the data volume's place; on the Nitro System the guest sees an NVMe name instead."""

ROOT_DEVICE: Final = "/dev/xvda"
"""Root device of Amazon Linux 2023's and of Debian's images."""

ROOT_GIBIBYTES: Final = 16


class Node(Construct):
    """A plain instance with the member's literal address, IMDSv2 alone, its data volume, and tags it reads itself.

    A plain instance because nothing then ends a node that holds data by itself; metadata options without a launch
    template because a change of a launch template replaces the instance. The data volume is given by the instance's
    `Volumes` property: an attachment of its own would be taken away while the volume is in use.
    Waits for its way out of the subnet, for its role's policy and for `after`. `instance` is the instance.
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
        instance_type: str,
        image: ec2.IMachineImage,
        user_data: str,
        volume: DataVolume,
        tags: Mapping[str, str],
        after: IDependable,
    ) -> None:
        super().__init__(scope, id_)
        self.instance = ec2.Instance(
            self,
            "Instance",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnets=[subnet]),
            availability_zone=member.zone,
            private_ip_address=member.address,
            instance_type=ec2.InstanceType(instance_type),
            machine_image=image,
            security_group=security_group,
            instance_profile=role.profile,
            user_data=ec2.UserData.custom(user_data),
            user_data_causes_replacement=False,
            http_tokens=ec2.HttpTokens.REQUIRED,
            http_put_response_hop_limit=1,
            instance_metadata_tags=True,
            detailed_monitoring=True,
            block_devices=[_root()],
        )
        self.instance.instance.volumes = [
            ec2.CfnInstance.VolumeProperty(device=DATA_DEVICE, volume_id=volume.volume.volume_id)
        ]
        for key, value in tags.items():
            Tags.of(self.instance).add(key, value)
        self.instance.instance.node.add_dependency(subnet.internet_connectivity_established, role.policy, after)
        acknowledge(self.instance, "CloudFormation-Validate::W3010", ZONES)
        acknowledge(
            self.instance,
            "CloudFormation-Validate::W9010",
            "the image id does come from a mapping, as the rule asks; it looks through the mapping and sees the id",
        )
        acknowledge(
            self.instance,
            "AwsSolutions-EC29",
            "the cluster is meant to be removed by one `cdk destroy`, which termination protection would make fail",
        )


def _root() -> ec2.BlockDevice:
    volume = ec2.BlockDeviceVolume.ebs(ROOT_GIBIBYTES, encrypted=True, volume_type=ec2.EbsDeviceVolumeType.GP3)
    return ec2.BlockDevice(device_name=ROOT_DEVICE, volume=volume)

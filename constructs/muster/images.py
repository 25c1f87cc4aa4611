"""Which machine image a node starts from."""

from typing import Final

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from muster.spec import Cluster

PLACEHOLDER: Final = "ami-00000000000000000"
"""Stands where no image is pinned; no account has it, so that AWS refuses to start an instance from it."""


class Images(Construct):
    """The stack's mapping `Images`, region -> system and architecture -> image id; `image` is the cluster's.

    `image_id` is its id, never a parameter that AWS moves on: a new image replaces the instance.
    """

    def __init__(self, scope: Construct, id_: str, *, cluster: Cluster) -> None:
        super().__init__(scope, id_)
        instance = cluster.instance
        # attribute names of a mapping are letters and digits alone
        key = f"{instance.os}{instance.architecture}".replace("-", "").replace("_", "")
        self.image_id = instance.ami or PLACEHOLDER
        mapping = cdk.CfnMapping(self, "Mapping", mapping={cluster.region: {key: self.image_id}}, lazy=False)
        mapping.override_logical_id("Images")
        if not instance.ami:
            text = (
                f"{PLACEHOLDER} stands for the image of {instance.os}; AWS refuses it: set instance.ami to deploy there"
            )
            cdk.Annotations.of(self).add_warning_v2("muster:placeholder-image", text)
        self.image = _Image(mapping.find_in_map(cdk.Aws.REGION, key))


@jsii.implements(ec2.IMachineImage)
class _Image:
    def __init__(self, image_id: str) -> None:
        self._image_id = image_id

    @jsii.member(jsii_name="getImage")
    def get_image(self, scope: Construct) -> ec2.MachineImageConfig:
        """Return the image's id, whatever the scope."""
        del scope
        return ec2.MachineImageConfig(
            image_id=self._image_id, os_type=ec2.OperatingSystemType.LINUX, user_data=ec2.UserData.for_linux()
        )

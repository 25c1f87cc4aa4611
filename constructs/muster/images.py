"""Which machine image each node starts from."""

from collections.abc import Mapping
from typing import Final

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from muster.spec import PLACEHOLDER, Cluster, Member, Plan

__all__ = ["PLACEHOLDER", "Images"]

WARNING: Final = "muster:placeholder-image"
"""Id of the warning that no image is pinned."""


class Images(Construct):
    """The stack's mapping `Images`, region -> key -> image id, of every image that a member is launched from.

    Ids stand in it, never a parameter that AWS moves on: a new image replaces the instance. While `./muster roll`
    works, members have different ones; an image's key depends on that image alone, so that no member's moves with
    another's. `placeholder` says whether a present member has no image yet.
    """

    def __init__(self, scope: Construct, id_: str, *, cluster: Cluster, plan: Plan) -> None:
        super().__init__(scope, id_)
        keys = {self.image_id_of(member): _key(cluster, member) for member in plan.members}
        values: Mapping[str, str] = {key: image for image, key in sorted(keys.items())}
        mapping = cdk.CfnMapping(self, "Mapping", mapping={cluster.region: values}, lazy=False)
        mapping.override_logical_id("Images")
        self._images = {image: _Image(mapping.find_in_map(cdk.Aws.REGION, key)) for image, key in keys.items()}
        self.placeholder = any(member.image is None for member in plan.present)
        if self.placeholder:
            text = f"{PLACEHOLDER} stands for the image of {cluster.instance.os}; AWS refuses it"
            cdk.Annotations.of(self).add_warning_v2(WARNING, f"{text}: ./muster bump FILE pins one to deploy there")

    def image_of(self, member: Member) -> ec2.IMachineImage:
        """Return the image of `member`, by its place in the mapping."""
        return self._images[self.image_id_of(member)]

    def image_id_of(self, member: Member) -> str:
        """Return the id of the image of `member`, or the placeholder's."""
        return member.image or PLACEHOLDER


def _key(cluster: Cluster, member: Member) -> str:
    """Return the image's attribute name in the mapping, which has letters and digits alone."""
    name = member.image or f"{cluster.instance.os}{cluster.instance.architecture}"
    return name.replace("-", "").replace("_", "")


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

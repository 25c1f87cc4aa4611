"""The vendors' own images: where their ids are published, and what an image must be to start a node from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from muster.aws_names import Architecture
from muster.names import ROOT_DEVICE
from muster.spec.lock import OWN, PinnedImage
from operations.aws import Aws, Missing
from operations.errors import Failure

DEBIAN: Final = "136693071363"
"""Account of Debian's images (wiki.debian.org, "Cloud/AmazonEC2Image")."""


@dataclass(frozen=True)
class Vendor:
    """Who publishes a system's images: SSM parameter by architecture, and how EC2 names the owner."""

    parameters: Mapping[Architecture, str]
    owner_field: str
    owner: str


VENDORS: Final[Mapping[str, Vendor]] = {
    "amazon-linux-2023": Vendor(
        {
            each: f"/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{each}"
            for each in ("arm64", "x86_64")
        },
        "ImageOwnerAlias",
        "amazon",
    ),
    "debian-12": Vendor(
        {
            "arm64": "/aws/service/debian/release/12/latest/arm64",
            "x86_64": "/aws/service/debian/release/12/latest/amd64",
        },
        "OwnerId",
        DEBIAN,
    ),
}


def newest(aws: Aws, system: str, architecture: Architecture, today: str) -> PinnedImage:
    """Return the vendor's newest image for `system`, looked at: owner, architecture, root device.

    Raises `Failure` where the vendor publishes none here, or what the parameter names is not the vendor's image.
    """
    vendor = VENDORS[system]
    name = vendor.parameters[architecture]
    try:
        image_id = aws.call("ssm", "get_parameter", Name=name)["Parameter"]["Value"]
    except Missing as missing:
        raise Failure(
            f"the parameter {name} is not in {aws.region}: {system} has no public image there; set instance.ami"
        ) from missing
    image = described(aws, image_id)
    owner = image.get(vendor.owner_field)
    if owner != vendor.owner:
        raise Failure(f"{image_id}, which {name} names, belongs to {owner or 'nobody known'}, not to {vendor.owner}")
    _fit(image, architecture)
    return PinnedImage(id=image_id, name=str(image.get("Name", "")), read=today)


def own(aws: Aws, image_id: str, architecture: Architecture) -> str:
    """Return the name of the user's image `image_id`. Raises `Failure` if no node can be started from it."""
    image = described(aws, image_id)
    _fit(image, architecture)
    return str(image.get("Name", OWN))


def described(aws: Aws, image_id: str) -> dict[str, Any]:
    """Return what EC2 says about an image. Raises `Failure` where these credentials see none."""
    try:
        images = aws.call("ec2", "describe_images", ImageIds=[image_id])["Images"]
    except Missing:
        images = []
    if not images:
        raise Failure(f"the image {image_id} is not in {aws.region}, or not shared with your account")
    image: dict[str, Any] = images[0]
    return image


def _fit(image: Mapping[str, Any], architecture: Architecture) -> None:
    image_id, built, root = image["ImageId"], image.get("Architecture"), image.get("RootDeviceName")
    if built != architecture:
        raise Failure(f"the image {image_id} is built for {built}, instance.type is {architecture}")
    if root != ROOT_DEVICE:
        raise Failure(f"the image {image_id} has its root at {root}, want one with {ROOT_DEVICE}")
    if (state := image.get("State", "available")) != "available":
        raise Failure(f"the image {image_id} is {state}, not available")

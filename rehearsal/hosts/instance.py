"""What EC2 knows about one instance, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Instance:
    """One entry of DescribeInstances, with the fields that a host and its metadata service need.

    `launched` changes with each start. `groups` are (id, name) pairs of its interface; `profile` is the instance
    profile's ARN or None; `state` is EC2's own word.
    """

    id: str
    state: str
    image: str
    type: str
    launched: str
    zone: str
    vpc: str
    subnet: str
    address: str
    private_dns: str
    interface: str
    groups: tuple[tuple[str, str], ...]
    profile: str | None
    tags: tuple[tuple[str, str], ...]
    endpoint_enabled: bool
    token_required: bool
    tags_served: bool
    hop_limit: int = 1
    """How far an answer with a session token goes: 1 is no farther than the instance itself."""

    @property
    def hostname(self) -> str:
        """The first label of the private DNS name, such as ip-10-64-0-10."""
        return self.private_dns.split(".")[0]

    @property
    def domain(self) -> str:
        """What follows the host name in the private DNS name, such as eu-west-1.compute.internal."""
        return self.private_dns.partition(".")[2]

    @property
    def profile_name(self) -> str | None:
        """The name of the instance profile, if there is one."""
        return self.profile.rsplit("/", 1)[-1] if self.profile else None

    def tag(self, key: str) -> str:
        """Return a tag's value, empty if the instance has no such tag."""
        return dict(self.tags).get(key, "")


def instance(description: Mapping[str, Any]) -> Instance:
    """Return the instance that one entry of EC2's DescribeInstances describes."""
    options = description.get("MetadataOptions", {})
    interface = (description.get("NetworkInterfaces") or [{}])[0]
    groups = interface.get("Groups") or description.get("SecurityGroups", [])
    return Instance(
        id=description["InstanceId"],
        state=description["State"]["Name"],
        image=description["ImageId"],
        type=description["InstanceType"],
        launched=description["LaunchTime"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        zone=description["Placement"]["AvailabilityZone"],
        vpc=description.get("VpcId", ""),
        subnet=description.get("SubnetId", ""),
        address=description.get("PrivateIpAddress", ""),
        private_dns=description.get("PrivateDnsName", ""),
        interface=interface.get("NetworkInterfaceId", ""),
        groups=tuple((group["GroupId"], group["GroupName"]) for group in groups),
        profile=description.get("IamInstanceProfile", {}).get("Arn"),
        tags=tuple((tag["Key"], tag["Value"]) for tag in description.get("Tags", [])),
        endpoint_enabled=options.get("HttpEndpoint", "enabled") == "enabled",
        token_required=options.get("HttpTokens", "optional") == "required",
        tags_served=options.get("InstanceMetadataTags", "disabled") == "enabled",
        hop_limit=int(options.get("HttpPutResponseHopLimit", 1)),
    )

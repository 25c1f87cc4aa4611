"""What the account says, as hosts and wires need it; and where a host's control groups are."""

import datetime
from pathlib import Path
from typing import Any

import pytest

from rehearsal.hosts.cgroups import hierarchies
from rehearsal.hosts.instance import instance
from rehearsal.hosts.view import borders, nats, read_view, ways_out
from rehearsal.hosts.volumes import attachments, by_id

SUBNETS = [{"SubnetId": "subnet-a", "VpcId": "vpc-1"}, {"SubnetId": "subnet-b", "VpcId": "vpc-1"}]
LOCAL = {"DestinationCidrBlock": "10.0.0.0/16", "State": "active"}
DEFAULT = {"DestinationCidrBlock": "0.0.0.0/0", "State": "active"}

ENTRY = {"RuleNumber": 100, "Egress": True, "RuleAction": "allow", "Protocol": "-1", "CidrBlock": "0.0.0.0/0"}


def table(*routes: dict[str, str], **association: object) -> dict[str, Any]:
    return {"VpcId": "vpc-1", "Associations": [association], "Routes": list(routes)}


def test_a_subnet_goes_out_by_its_own_route_table() -> None:
    tables = [table(LOCAL, Main=True), table(LOCAL, DEFAULT, SubnetId="subnet-a")]
    assert ways_out(SUBNETS, tables) == {"subnet-a"}


def test_a_subnet_without_a_table_of_its_own_uses_the_main_one() -> None:
    tables = [table(LOCAL, DEFAULT, Main=True), table(LOCAL, SubnetId="subnet-a")]
    assert ways_out(SUBNETS, tables) == {"subnet-b"}


def test_a_black_hole_leads_nowhere() -> None:
    tables = [table({**DEFAULT, "State": "blackhole"}, SubnetId="subnet-a")]
    assert ways_out(SUBNETS, tables) == frozenset()


def test_the_way_out_through_a_nat_gateway_leads_by_its_subnet() -> None:
    tables = [
        table({"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1"}, SubnetId="subnet-a"),
        table({"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1"}, SubnetId="subnet-b"),
    ]
    assert nats(SUBNETS, tables, [{"NatGatewayId": "nat-1", "SubnetId": "subnet-b"}]) == {"subnet-a": "subnet-b"}


def test_each_subnet_has_the_acl_that_it_is_associated_with() -> None:
    acls: list[dict[str, Any]] = [
        {"Entries": [], "Associations": [{"SubnetId": "subnet-a"}]},
        {"Entries": [ENTRY], "Associations": [{"SubnetId": "subnet-b"}, {"SubnetId": "subnet-c"}]},
    ]
    found = borders(acls)
    assert {subnet: (each.id, len(each.acl.egress)) for subnet, each in found.items()} == {
        "subnet-a": ("subnet-a", 0),
        "subnet-b": ("subnet-b", 1),
        "subnet-c": ("subnet-c", 1),
    }


def described(**more: Any) -> dict[str, Any]:
    return {
        "InstanceId": "i-1",
        "ImageId": "ami-1",
        "InstanceType": "t4g.medium",
        "State": {"Name": "running"},
        "LaunchTime": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
        "Placement": {"AvailabilityZone": "eu-west-1a"},
        "VpcId": "vpc-1",
        "SubnetId": "subnet-a",
        "PrivateIpAddress": "10.0.0.10",
        "PrivateDnsName": "ip-10-0-0-10.eu-west-1.compute.internal",
        **more,
    }


def test_an_instance_is_in_the_groups_of_its_interface() -> None:
    groups = [{"GroupId": "sg-1", "GroupName": "one"}]
    found = instance(described(NetworkInterfaces=[{"NetworkInterfaceId": "eni-1", "Groups": groups}]))
    assert found.groups == (("sg-1", "one"),)


def test_metadata_options_have_the_defaults_of_ec2() -> None:
    found = instance(described())
    assert (found.endpoint_enabled, found.token_required, found.tags_served) == (True, False, False)
    assert found.hop_limit == 1


def test_metadata_options_are_those_of_the_instance() -> None:
    options = {
        "HttpEndpoint": "disabled",
        "HttpTokens": "required",
        "HttpPutResponseHopLimit": 2,
        "InstanceMetadataTags": "enabled",
    }
    found = instance(described(MetadataOptions=options))
    assert (found.endpoint_enabled, found.token_required, found.tags_served) == (False, True, True)
    assert found.hop_limit == 2


def test_host_name_and_domain_are_the_two_parts_of_the_private_name() -> None:
    found = instance(described())
    assert (found.hostname, found.domain) == ("ip-10-0-0-10", "eu-west-1.compute.internal")


def test_a_missing_tag_is_empty() -> None:
    found = instance(described(Tags=[{"Key": "muster:node", "Value": "a"}]))
    assert (found.tag("muster:node"), found.tag("Name")) == ("a", "")


def test_a_detached_volume_is_attached_nowhere() -> None:
    entry = {"InstanceId": "i-1", "Device": "/dev/sdf", "State": "detached"}
    assert attachments({"VolumeId": "vol-1", "Size": 8, "Attachments": [entry]}) == []


def test_a_volume_has_the_name_that_ec2_gives_it() -> None:
    assert by_id("vol-0abc") == "nvme-Amazon_Elastic_Block_Store_vol0abc"


MOUNT_TARGET = {
    "MountTargetId": "fsmt-1",
    "FileSystemId": "fs-1",
    "VpcId": "vpc-1",
    "SubnetId": "subnet-a",
    "AvailabilityZoneName": "eu-west-1a",
    "IpAddress": "10.0.0.252",
}


class Ec2:
    """Answers with one instance, its root disk and one data volume, and a file system."""

    def __getattr__(self, operation: str) -> Any:
        volumes = [
            {"VolumeId": f"vol-{name}", "Size": 8, "Attachments": [{"InstanceId": "i-1", "Device": f"/dev/{name}"}]}
            for name in ("xvda", "sdf")
        ]
        answers: dict[str, Any] = {
            "describe_instances": {"Reservations": [{"Instances": [described()]}]},
            "describe_volumes": {"Volumes": volumes},
            "describe_load_balancers": {"LoadBalancers": []},
            "describe_vpcs": {"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}]},
            "describe_subnets": {"Subnets": [{**SUBNETS[0], "CidrBlock": "10.0.0.0/24"}]},
            "describe_security_groups": {"SecurityGroups": []},
            "describe_route_tables": {"RouteTables": []},
            "describe_network_acls": {"NetworkAcls": []},
            "describe_nat_gateways": {"NatGateways": []},
            "describe_vpc_endpoints": {"VpcEndpoints": []},
            "describe_file_systems": {"FileSystems": [{"FileSystemId": "fs-1"}]},
            "describe_mount_targets": {"MountTargets": [MOUNT_TARGET]},
            "describe_mount_target_security_groups": {"SecurityGroups": ["sg-1"]},
        }
        return lambda **_asked: answers[operation]


def test_root_disks_are_no_data_volumes() -> None:
    view = read_view(Ec2(), Ec2(), Ec2())
    assert [entry.volume for entry in view.attachments] == ["vol-sdf"]
    assert view.volumes == {"vol-xvda", "vol-sdf"}


def test_a_mount_target_has_a_name_of_its_zone() -> None:
    view = read_view(Ec2(), Ec2(), Ec2())
    assert view.file_systems == {"fs-1"}
    (target,) = view.mount_targets
    assert (target.file_system, target.vpc, target.address, target.groups) == ("fs-1", "vpc-1", "10.0.0.252", ("sg-1",))
    assert target.name("eu-west-1") == "eu-west-1a.fs-1.efs.eu-west-1.amazonaws.com"


V1 = """\
31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
"""


@pytest.mark.parametrize(
    ("own", "mounts", "folders"),
    [
        (
            "0::/user.slice/x.scope\n",
            "30 23 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw",
            ["user.slice/x.scope"],
        ),
        ("0::/\n", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw", [""]),
        ("0::/docker/abc/sub\n", "30 23 0:26 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup2 rw", ["sub"]),
        (
            "9:name=systemd:/\n4:memory:/job/7\n1:cpu,cpuacct:/\n7:blkio:/\n0::/\n",
            V1,
            ["systemd", "memory/job/7", "cpu,cpuacct", "unified"],
        ),
    ],
)
def test_own_control_groups_are_found_in_every_mounted_hierarchy(own: str, mounts: str, folders: list[str]) -> None:
    assert hierarchies(own, mounts) == [Path("/sys/fs/cgroup", folder) for folder in folders]

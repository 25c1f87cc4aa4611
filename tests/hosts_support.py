"""A VPC with hosts in a rehearsal's service, made by the account's plain API, and ways to look into them."""

import json
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal import drive
from rehearsal.drive import Rehearsal
from rehearsal.hosts.enter import Ran, run_at
from rehearsal.inventory import HostEntry
from rehearsal.places import WORK
from rehearsal.poll import NotYet, poll

REGION = "eu-west-1"
READY_SECONDS = 600.0
"""The first time on a machine the image is built."""

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@contextmanager
def service() -> Iterator[Rehearsal]:
    """Run a service; everything of it goes at the end."""
    process = drive.start_service(REGION)
    try:
        yield drive.wait_for_service(process, within=READY_SECONDS)
    finally:
        drive.end(process)


@dataclass(frozen=True)
class Site:
    """A VPC of one subnet with a way out, a group with everything out and nothing in, and a role that may nothing."""

    rehearsal: Rehearsal
    subnet: str
    group: str
    profile: str

    @property
    def ec2(self) -> Any:
        """A client of EC2."""
        return self.rehearsal.client("ec2")

    def launch(self, address: str, node: str, user_data: str = "") -> str:
        """Run an instance as a cluster's stack would; return its id."""
        answer = self.ec2.run_instances(
            ImageId=self.ec2.register_image(Name=f"image-{node}", RootDeviceName="/dev/xvda")["ImageId"],
            InstanceType="t3.small",
            MinCount=1,
            MaxCount=1,
            UserData=user_data,
            IamInstanceProfile={"Name": self.profile},
            MetadataOptions={"HttpTokens": "required", "HttpEndpoint": "enabled", "InstanceMetadataTags": "enabled"},
            NetworkInterfaces=[
                {"DeviceIndex": 0, "SubnetId": self.subnet, "PrivateIpAddress": address, "Groups": [self.group]}
            ],
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "muster:node", "Value": node}]}],
        )
        return str(answer["Instances"][0]["InstanceId"])

    def entry(self, instance: str) -> HostEntry | None:
        """Return the inventory's entry of an instance, None while there is none."""
        return next((host for host in self.rehearsal.inventory().hosts if host.instance == instance), None)

    def leader(self, instance: str) -> int:
        """Return process 1 of an instance's host, 0 while it is off."""
        entry = self.entry(instance)
        return entry.leader_pid if entry else 0

    def run(self, instance: str, *command: str, within: float = 20.0) -> Ran:
        """Run a command inside."""
        return run_at(self.leader(instance), command, within=within)

    def wait_until_booted(self, instance: str, *, after: int = 0, within: float = 40.0) -> str:
        """Return systemd's verdict once the host (with another process 1 than `after`) has started all units."""

        def booted() -> str:
            leader = self.leader(instance)
            if leader in (0, after):
                raise NotYet("the host is off")
            state = run_at(leader, ["systemctl", "is-system-running"], within=10).out.strip()
            if state not in ("running", "degraded"):
                raise NotYet(state or "no answer yet")
            return state

        return poll(booted, within=within)

    def power_loss(self, instance: str) -> None:
        """Take the power from a host, as no guest can."""
        os.kill(self.leader(instance), signal.SIGKILL)

    def state(self, instance: str) -> str:
        """Return the account's word for an instance's state."""
        found = self.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
        return str(found["State"]["Name"])

    @staticmethod
    def folder(instance: str) -> Path:
        """Return where a host's disk is."""
        return WORK / "hosts" / instance

    def attach(self, instance: str, device: str = "/dev/sdf") -> str:
        """Make a volume of 1 GiB and attach it; return its id."""
        volume = str(self.ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1)["VolumeId"])
        self.ec2.attach_volume(InstanceId=instance, VolumeId=volume, Device=device)
        return volume


def site(rehearsal: Rehearsal) -> Site:
    """Make a site in the running service."""
    ec2, iam = rehearsal.client("ec2"), rehearsal.client("iam")
    vpc = ec2.create_vpc(CidrBlock="10.77.0.0/20")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.77.0.0/24", AvailabilityZone=f"{REGION}a")["Subnet"]["SubnetId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    group = ec2.create_security_group(GroupName="hosts", Description="hosts", VpcId=vpc)["GroupId"]
    iam.create_role(RoleName="host", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.create_instance_profile(InstanceProfileName="hosts")
    iam.add_role_to_instance_profile(InstanceProfileName="hosts", RoleName="host")
    return Site(rehearsal, subnet, group, "hosts")


def lines(*text: str) -> str:
    """Return a shell program."""
    return "\n".join(text) + "\n"


def failed_units(ran: Ran) -> Sequence[str]:
    """Return the names of failed units from `systemctl --failed --plain --no-legend`."""
    return [line.split()[0] for line in ran.out.splitlines() if line.strip()]

"""What the account says about machines, wires and disks, read in one go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rehearsal.hosts.endpoint import Endpoint, read_endpoints
from rehearsal.hosts.instance import Instance, instance
from rehearsal.hosts.mount_target import MountTarget, read_file_systems, read_mount_targets
from rehearsal.hosts.volumes import Attachment, attachments
from rehearsal.network import Subnet, network_acl

ROOT_DEVICES = ("/dev/sda1", "/dev/xvda")
"""Names of root disks in machine images (EC2 user guide, "Device names for volumes")."""

_DEFAULT_ROUTE = "0.0.0.0/0"


@dataclass(frozen=True)
class View:
    """The account at one moment, by ids.

    `vpcs` and `subnets` give CIDRs; `groups` and `balancers` are EC2's and ELB's own descriptions; `ways_out` are the
    subnets with a default route, `tables` the route table of each, `borders` its network ACL, and `nats` the subnet of
    the NAT gateway that its default route leads to; `attachments` leave out root disks, which hosts have by the image.
    """

    instances: Mapping[str, Instance]
    vpcs: Mapping[str, str]
    subnets: Mapping[str, str]
    groups: Mapping[str, Mapping[str, Any]]
    ways_out: frozenset[str]
    attachments: tuple[Attachment, ...]
    volumes: frozenset[str]
    balancers: tuple[Mapping[str, Any], ...]
    tables: Mapping[str, str] = field(default_factory=dict)
    endpoints: tuple[Endpoint, ...] = ()
    file_systems: frozenset[str] = frozenset()
    mount_targets: tuple[MountTarget, ...] = ()
    borders: Mapping[str, Subnet] = field(default_factory=dict)
    nats: Mapping[str, str] = field(default_factory=dict)

    def border(self, subnet: str) -> Subnet | None:
        """Return a subnet with its network ACL."""
        return self.borders.get(subnet)

    def nat(self, subnet: str) -> Subnet | None:
        """Return the subnet of the NAT gateway through which a subnet's machines go out, if there is one."""
        return self.borders.get(self.nats.get(subnet, ""))


def read_instances(ec2: Any) -> dict[str, Instance]:
    """Return all instances that are in a VPC, terminated ones too."""
    reservations = ec2.describe_instances()["Reservations"]
    found = [instance(entry) for reservation in reservations for entry in reservation["Instances"] if "VpcId" in entry]
    return {entry.id: entry for entry in found}


def read_view(ec2: Any, elbv2: Any, efs: Any) -> View:
    """Ask the account for everything that hosts, wires and balancers depend on."""
    subnets = ec2.describe_subnets()["Subnets"]
    described = ec2.describe_volumes()["Volumes"]
    instances = read_instances(ec2)
    tables = ec2.describe_route_tables()["RouteTables"]
    file_systems = read_file_systems(efs)
    attached = [found for volume in described for found in attachments(volume) if found.device not in ROOT_DEVICES]
    return View(
        instances=instances,
        vpcs={vpc["VpcId"]: vpc["CidrBlock"] for vpc in ec2.describe_vpcs()["Vpcs"]},
        subnets={subnet["SubnetId"]: subnet["CidrBlock"] for subnet in subnets},
        groups={group["GroupId"]: group for group in ec2.describe_security_groups()["SecurityGroups"]},
        ways_out=ways_out(subnets, tables),
        attachments=tuple(attached),
        volumes=frozenset(volume["VolumeId"] for volume in described),
        balancers=tuple(elbv2.describe_load_balancers()["LoadBalancers"]),
        tables={subnet: str(table["RouteTableId"]) for subnet, table in _tables_of(subnets, tables).items()},
        endpoints=read_endpoints(ec2),
        file_systems=file_systems,
        mount_targets=read_mount_targets(efs, file_systems),
        borders=borders(ec2.describe_network_acls()["NetworkAcls"]),
        nats=nats(subnets, tables, ec2.describe_nat_gateways()["NatGateways"]),
    )


def ways_out(subnets: Sequence[Mapping[str, Any]], tables: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Return the subnets from which a default route leads somewhere: by their own route table, else the VPC's main one.

    A route whose target is gone (a black hole) leads nowhere.
    """
    chosen = _tables_of(subnets, tables)
    return frozenset(subnet for subnet, table in chosen.items() if _leads_out(table))


def borders(acls: Sequence[Mapping[str, Any]]) -> dict[str, Subnet]:
    """Return each subnet that one of these network ACLs is associated with."""
    known = [(each["SubnetId"], network_acl(acl)) for acl in acls for each in acl["Associations"]]
    return {subnet: Subnet(subnet, acl) for subnet, acl in known}


def nats(
    subnets: Sequence[Mapping[str, Any]], tables: Sequence[Mapping[str, Any]], gateways: Sequence[Mapping[str, Any]]
) -> dict[str, str]:
    """Return, for each subnet whose default route leads to a NAT gateway, the subnet in which that lies."""
    lying = {gateway["NatGatewayId"]: str(gateway["SubnetId"]) for gateway in gateways}
    return {
        subnet: lying[route["NatGatewayId"]]
        for subnet, table in _tables_of(subnets, tables).items()
        for route in table["Routes"]
        if route.get("DestinationCidrBlock") == _DEFAULT_ROUTE and route.get("NatGatewayId") in lying
    }


def _tables_of(
    subnets: Sequence[Mapping[str, Any]], tables: Sequence[Mapping[str, Any]]
) -> dict[str, Mapping[str, Any]]:
    own: dict[str, Mapping[str, Any]] = {}
    main: dict[str, Mapping[str, Any]] = {}
    for table in tables:
        for association in table["Associations"]:
            if association.get("SubnetId"):
                own[association["SubnetId"]] = table
            elif association.get("Main"):
                main[table["VpcId"]] = table
    chosen = {subnet["SubnetId"]: own.get(subnet["SubnetId"], main.get(subnet["VpcId"])) for subnet in subnets}
    return {subnet: table for subnet, table in chosen.items() if table is not None}


def _leads_out(table: Mapping[str, Any]) -> bool:
    return any(
        route.get("DestinationCidrBlock") == _DEFAULT_ROUTE and route.get("State", "active") == "active"
        for route in table["Routes"]
    )

"""What is in an account before a cluster is deployed to it, made with exactly the ids that a cluster file names.

No public API gives a VPC an id of one's choice; this module knows, beside `emulator`, how the emulator chooses them.
"""

import json
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import moto.ec2.models.route_tables as route_tables
import moto.ec2.models.subnets as subnets
import moto.ec2.models.vpcs as vpcs
import moto.route53.models as route53
from moto.moto_api._internal import mock_random
from moto.secretsmanager.utils import SecretsManagerSecretIdentifier

from rehearsal.account.cloud import Cloud
from rehearsal.account.kinds import kind_of
from rehearsal.account.kinds.base import Request

EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}

IN_THE_CLEAR = {"Bool": {"aws:SecureTransport": "false"}}
REFUSED = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "*", "Condition": IN_THE_CLEAR}
ONLY_TLS = {"Version": "2012-10-17", "Statement": [REFUSED]}
"""The policy of a file system whose owner enforces encryption in transit and names nobody: who comes needs leave of its
own (EFS user guide, "Using IAM to control file system data access"). Without any, whoever reaches it may do all."""


@dataclass(frozen=True)
class Subnet:
    """A subnet; `table` is the id of its route table, '' for the public one that every such VPC has."""

    id: str
    cidr: str
    zone: str
    table: str = ""


@dataclass(frozen=True)
class Vpc:
    """A VPC with an internet gateway.

    `way_out`: its route tables (but the public one) lead to a NAT gateway in the first public subnet. `endpoints` are
    services that it has interface or gateway endpoints for.
    """

    id: str
    cidr: str
    subnets: Sequence[Subnet]
    way_out: bool
    endpoints: Sequence[str] = ()


@dataclass(frozen=True)
class FileSystem:
    """A file system of EFS with a mount target in the first of `subnets` of each zone, open to the VPC.

    Its policy lets in whom their own role lets in, by TLS.
    """

    id: str
    vpc: str
    subnets: Sequence[str]


@dataclass(frozen=True)
class Existing:
    """VPCs, hosted zones (name by id), customer managed policies, which allow everything, by name; file systems.

    `logins` are secrets by their ARNs, each with a user and a password of its own, encrypted with `key`, '' for AWS's.
    """

    vpcs: Sequence[Vpc] = ()
    zones: Mapping[str, str] = field(default_factory=dict)
    policies: Sequence[str] = ()
    file_systems: Sequence[FileSystem] = ()
    logins: Sequence[str] = ()
    key: str = ""

    def text(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self))


def parse(text: str) -> Existing:
    """Return what `Existing.text` wrote."""
    given = json.loads(text)
    made = [Vpc(**{**vpc, "subnets": [Subnet(**subnet) for subnet in vpc["subnets"]]}) for vpc in given["vpcs"]]
    systems = [FileSystem(**system) for system in given["file_systems"]]
    return Existing(made, given["zones"], given["policies"], systems, given["logins"], given["key"])


def provide(cloud: Cloud, existing: Existing) -> None:
    """Make what is not there yet. What is there under the same id stays as it is."""
    known = {vpc["VpcId"] for vpc in cloud.call("ec2", "DescribeVpcs")["Vpcs"]}
    for vpc in existing.vpcs:
        if vpc.id not in known:
            _vpc(cloud, vpc)
    zones = {zone["Id"].rsplit("/", 1)[1] for zone in cloud.call("route53", "ListHostedZones")["HostedZones"]}
    for zone, name in existing.zones.items():
        if zone not in zones:
            with _next(route53, "create_route53_zone_id", zone):
                cloud.call("route53", "CreateHostedZone", Name=name, CallerReference=zone)
    policies = {policy["PolicyName"] for policy in cloud.call("iam", "ListPolicies", Scope="Local")["Policies"]}
    for policy in set(existing.policies) - policies:
        cloud.call("iam", "CreatePolicy", PolicyName=policy, PolicyDocument=json.dumps(EVERYTHING))
    systems = {each["FileSystemId"] for each in cloud.call("efs", "DescribeFileSystems", MaxItems=1000)["FileSystems"]}
    for system in existing.file_systems:
        if system.id not in systems:
            _file_system(cloud, system)
    named = {secret["Name"] for secret in cloud.call("secretsmanager", "ListSecrets")["SecretList"]}
    for login in existing.logins:
        if _secret_name(login) not in named:
            _login(cloud, login, existing.key)


@contextmanager
def _next(module: Any, generator: str, wanted: str) -> Iterator[None]:
    """Let the emulator's next id be the wanted one; the account is not open to others at this moment."""
    usual = getattr(module, generator)
    setattr(module, generator, lambda *_args, **_named: wanted)
    try:
        yield
    finally:
        setattr(module, generator, usual)


def _vpc(cloud: Cloud, vpc: Vpc) -> None:
    with _next(vpcs, "random_vpc_id", vpc.id):
        cloud.call("ec2", "CreateVpc", CidrBlock=vpc.cidr)
    for name in ("EnableDnsSupport", "EnableDnsHostnames"):
        cloud.call("ec2", "ModifyVpcAttribute", VpcId=vpc.id, **{name: {"Value": True}})
    gateway = cloud.call("ec2", "CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    cloud.call("ec2", "AttachInternetGateway", InternetGatewayId=gateway, VpcId=vpc.id)
    public = cloud.call("ec2", "CreateRouteTable", VpcId=vpc.id)["RouteTable"]["RouteTableId"]
    _lead_out(cloud, public, GatewayId=gateway)
    tables = sorted({subnet.table for subnet in vpc.subnets if subnet.table})
    for table in tables:
        with _next(route_tables, "random_route_table_id", table):
            cloud.call("ec2", "CreateRouteTable", VpcId=vpc.id)
    for subnet in vpc.subnets:
        with _next(subnets, "random_subnet_id", subnet.id):
            where = {"CidrBlock": subnet.cidr, "AvailabilityZone": subnet.zone}
            cloud.call("ec2", "CreateSubnet", VpcId=vpc.id, **where)
        cloud.call("ec2", "AssociateRouteTable", RouteTableId=subnet.table or public, SubnetId=subnet.id)
    if vpc.way_out:
        nat = _nat(cloud, next(subnet.id for subnet in vpc.subnets if not subnet.table))
        for table in tables:
            _lead_out(cloud, table, NatGatewayId=nat)
    if vpc.endpoints:
        _endpoints(cloud, vpc, tables)


def _lead_out(cloud: Cloud, table: str, **target: str) -> None:
    cloud.call("ec2", "CreateRoute", RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **target)


def _nat(cloud: Cloud, subnet: str) -> str:
    address = cloud.call("ec2", "AllocateAddress", Domain="vpc")["AllocationId"]
    made = cloud.call("ec2", "CreateNatGateway", AllocationId=address, SubnetId=subnet)["NatGateway"]
    return str(made["NatGatewayId"])


def _endpoints(cloud: Cloud, vpc: Vpc, tables: Sequence[str]) -> None:
    """Make the endpoints that the VPC's owner has, in its public subnets, open to the whole VPC."""
    group = cloud.call("ec2", "CreateSecurityGroup", GroupName="endpoints", Description="endpoints", VpcId=vpc.id)
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": vpc.cidr}]}
    cloud.call("ec2", "AuthorizeSecurityGroupIngress", GroupId=group["GroupId"], IpPermissions=[https])
    apart = [subnet.id for subnet in vpc.subnets if not subnet.table]
    for service in vpc.endpoints:
        common: dict[str, Any] = {"ServiceName": f"com.amazonaws.{cloud.region}.{service}", "VpcId": vpc.id}
        if service in ("s3", "dynamodb"):
            properties = {**common, "VpcEndpointType": "Gateway", "RouteTableIds": list(tables)}
        else:
            where = {"SubnetIds": apart, "SecurityGroupIds": [group["GroupId"]], "PrivateDnsEnabled": True}
            properties = {**common, "VpcEndpointType": "Interface", **where}
        kind_of("AWS::EC2::VPCEndpoint").create(Request(cloud, "", "existing", service, properties))


def _file_system(cloud: Cloud, system: FileSystem) -> None:
    with _next(mock_random, "get_random_hex", system.id.removeprefix("fs-")):
        cloud.call("efs", "CreateFileSystem", CreationToken=system.id, Encrypted=True)
    cloud.call("efs", "PutFileSystemPolicy", FileSystemId=system.id, Policy=json.dumps(ONLY_TLS))
    cidr = cloud.call("ec2", "DescribeVpcs", VpcIds=[system.vpc])["Vpcs"][0]["CidrBlock"]
    about = {"GroupName": f"files-{system.id}", "Description": "files", "VpcId": system.vpc}
    group = cloud.call("ec2", "CreateSecurityGroup", **about)["GroupId"]
    nfs = {"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049, "IpRanges": [{"CidrIp": cidr}]}
    cloud.call("ec2", "AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[nfs])
    zones = {each["SubnetId"]: each["AvailabilityZone"] for each in cloud.call("ec2", "DescribeSubnets")["Subnets"]}
    for subnet in {zones[subnet]: subnet for subnet in reversed(system.subnets)}.values():
        properties = {"FileSystemId": system.id, "SubnetId": subnet, "SecurityGroups": [group]}
        kind_of("AWS::EFS::MountTarget").create(Request(cloud, "", "existing", subnet, properties))


def _login(cloud: Cloud, arn: str, key: str) -> None:
    """Make a secret of exactly this ARN; of one without its last six letters, which AWS adds, one with some."""
    login = {"username": "engine", "password": secrets.token_urlsafe(18)}
    given = {"Name": _secret_name(arn), "SecretString": json.dumps(login), **({"KmsKeyId": key} if key else {})}
    if given["Name"] == arn.rpartition(":")[2]:
        cloud.call("secretsmanager", "CreateSecret", **given)
        return
    with _next(SecretsManagerSecretIdentifier, "generate", arn):
        cloud.call("secretsmanager", "CreateSecret", **given)


def _secret_name(arn: str) -> str:
    return re.sub("-[A-Za-z0-9]{6}$", "", arn.rpartition(":")[2])

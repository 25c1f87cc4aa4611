"""What a cluster file takes for granted exists in the emulated account under exactly the ids that it names."""

import json
import urllib.request
from collections.abc import Iterator

import pytest

from muster.spec import load
from rehearsal.account import Account, Mount
from rehearsal.account.existing import Existing, FileSystem, Subnet, Vpc, parse
from rehearsal.account.iam.file_systems import RIGHTS
from rehearsal.existing import existing
from tests.account_help import request, running_account
from tests.axonivy_support import SECRET, ivy
from tests.conftest import WriteCluster
from tests.spec_help import existing_vpc
from tests.test_account_gate import drop_role, make_role

TABLE = "rtb-0123456789abcdef0"
VPC = Vpc(
    id="vpc-0123456789abcdef0",
    cidr="10.0.0.0/16",
    subnets=[
        Subnet("subnet-0123456789abcdef1", "10.0.101.0/24", "eu-west-1a"),
        Subnet("subnet-0123456789abcdef0", "10.0.1.0/24", "eu-west-1a", TABLE),
    ],
    way_out=True,
    endpoints=["ssm", "s3"],
)
FILES = FileSystem("fs-0123456789abcdef0", VPC.id, ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"])
UNKEYED = SECRET.replace("ivy", "unkeyed")
NAMELESS = SECRET.rpartition("-")[0].replace("ivy", "other")
KEY = "arn:aws:kms:eu-west-1:123456789012:key/12345678-1234-1234-1234-123456789012"
WANTED = Existing([VPC], {"Z0123456789ABC": "example.org"}, ["bound"], [FILES], [SECRET, NAMELESS], KEY)


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with running_account() as account:
        ask(account, "PUT", "/muster/existing", WANTED.text().encode())
        yield account


def ask(account: Account, method: str, path: str, body: bytes | None = None) -> bytes:
    sent = urllib.request.Request(f"{account.url}{path}", body, method=method)
    with urllib.request.urlopen(sent, timeout=10) as answer:
        return bytes(answer.read())


def test_it_is_what_it_was_on_the_other_side() -> None:
    assert parse(WANTED.text()) == WANTED


def test_vpc_subnets_and_route_tables_have_their_ids(account: Account) -> None:
    ec2 = account.client("ec2")
    mine = [{"Name": "vpc-id", "Values": [VPC.id]}]
    subnets = {each["SubnetId"]: each["CidrBlock"] for each in ec2.describe_subnets(Filters=mine)["Subnets"]}
    assert subnets == {subnet.id: subnet.cidr for subnet in VPC.subnets}
    table = ec2.describe_route_tables(RouteTableIds=[TABLE])["RouteTables"][0]
    assert [each["SubnetId"] for each in table["Associations"]] == ["subnet-0123456789abcdef0"]
    out = [route for route in table["Routes"] if route.get("DestinationCidrBlock") == "0.0.0.0/0"]
    assert out[0]["NatGatewayId"].startswith("nat-")


def test_zone_policy_and_endpoints_are_there(account: Account) -> None:
    assert account.client("route53").get_hosted_zone(Id="Z0123456789ABC")["HostedZone"]["Name"] == "example.org."
    assert account.client("iam").get_policy(PolicyArn="arn:aws:iam::123456789012:policy/bound")
    found = account.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    assert sorted(each["ServiceName"].rsplit(".", 1)[1] for each in found) == ["s3", "ssm"]


def test_a_file_system_has_its_id_and_a_mount_target_in_a_zone_that_is_open_to_the_vpc(account: Account) -> None:
    efs = account.client("efs")
    assert [each["FileSystemId"] for each in efs.describe_file_systems()["FileSystems"]] == [FILES.id]
    (target,) = efs.describe_mount_targets(FileSystemId=FILES.id)["MountTargets"]
    assert target["SubnetId"] == "subnet-0123456789abcdef0"
    groups = efs.describe_mount_target_security_groups(MountTargetId=target["MountTargetId"])["SecurityGroups"]
    (group,) = account.client("ec2").describe_security_groups(GroupIds=groups)["SecurityGroups"]
    assert [(rule["FromPort"], rule["IpRanges"][0]["CidrIp"]) for rule in group["IpPermissions"]] == [(2049, VPC.cidr)]


LEAVE = [f"elasticfilesystem:{right}" for right in RIGHTS]


@pytest.fixture
def roles(account: Account) -> Iterator[None]:
    """Let there be a role that may mount file systems, and one that lacks one right of three."""
    for role, actions in (("able", LEAVE), ("unable", LEAVE[:-1])):
        make_role(account, role, [{"Effect": "Allow", "Action": actions, "Resource": "*"}])
    yield
    for role in ("able", "unable"):
        drop_role(account, role)


@pytest.mark.usefixtures("roles")
def test_a_file_system_lets_in_whom_their_own_role_lets_in_and_nobody_without_tls(account: Account) -> None:
    def refusal(role: str, *, tls: bool = True, iam: bool = True) -> str:
        return account.mount_refusal(Mount(FILES.id, "i-0123456789abcdef0", role, tls, iam))

    assert refusal("able") == ""
    assert f"{LEAVE[-1]} (ImplicitDeny)" in refusal("unable")
    assert "ExplicitDeny" in refusal("able", tls=False)
    assert "anonymous" in refusal("able", iam=False)


def test_a_login_is_a_secret_of_exactly_its_arn(account: Account) -> None:
    found = account.client("secretsmanager").get_secret_value(SecretId=SECRET)
    assert (found["ARN"], found["Name"]) == (SECRET, "ivy")
    login = json.loads(found["SecretString"])
    assert sorted(login) == ["password", "username"]
    assert len(login["password"]) > 20


def test_a_login_is_encrypted_with_the_key_that_the_cluster_file_names(
    account: Account, write_cluster: WriteCluster
) -> None:
    """As a node needs leave to use it: without one of the file's own the key is AWS's."""
    assert account.client("secretsmanager").describe_secret(SecretId=SECRET)["KmsKeyId"] == KEY
    assert existing(load(write_cluster(**ivy(kms_key=KEY)))).key == KEY
    account.provide(Existing(logins=[UNKEYED]))
    assert "KmsKeyId" not in account.client("secretsmanager").describe_secret(SecretId=UNKEYED)


def test_an_arn_without_its_last_letters_is_not_that_of_the_secret(account: Account) -> None:
    found = account.client("secretsmanager").describe_secret(SecretId="other")
    assert found["ARN"].startswith(f"{NAMELESS}-")


def test_a_cluster_file_takes_its_login_and_its_file_system_for_granted(write_cluster: WriteCluster) -> None:
    own = existing(load(write_cluster(**ivy())))
    assert (own.logins, own.file_systems) == ([SECRET], [])
    vpc = existing_vpc()
    nodes = {"a": {"zone": "eu-west-1a", "address": "10.0.1.10"}, "b": {"zone": "eu-west-1b", "address": "10.0.2.10"}}
    file = write_cluster(**ivy({"shared": FILES.id}, network={"vpc": vpc, "egress": "nat"}, nodes=nodes))
    subnets = [place["nodes"]["id"] for place in vpc["zones"].values()]
    assert existing(load(file)).file_systems == [FileSystem(FILES.id, vpc["id"], subnets)]


def test_a_product_without_them_takes_neither(write_cluster: WriteCluster) -> None:
    found = existing(load(write_cluster()))
    assert (found.logins, found.file_systems) == ([], [])


def test_asked_for_again_nothing_changes_and_it_is_no_remainder(account: Account) -> None:
    before = account.client("ec2").describe_vpcs()["Vpcs"]
    account.provide(WANTED)
    assert account.client("ec2").describe_vpcs()["Vpcs"] == before
    assert json.loads(ask(account, "GET", "/muster/remains")) == account.remains() == []
    topic = account.client("sns").create_topic(Name="own")["TopicArn"]
    assert json.loads(ask(account, "GET", "/muster/remains")) == [f"topic {topic}"]


def test_a_host_cannot_ask_for_it(account: Account) -> None:
    url = f"https://ssm.{account.region}.amazonaws.com/muster/existing"
    status, _, body = request(account.host_app, "PUT", url, WANTED.text().encode())
    assert status == 400
    assert b"MissingAuthenticationToken" in body

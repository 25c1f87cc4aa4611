"""Network ACLs of the emulated account: what a template says of them is what the account then has."""

from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.account import Account
from tests.account_help import Stacks, Template, emptied_after, template

REGION = "eu-west-1"


@pytest.fixture
def stacks(account: Account) -> Iterator[Stacks]:
    with emptied_after(account) as stacks:
        yield stacks
    assert account.remains() == []


def entry(number: int = 100, **more: Any) -> dict[str, Any]:
    given = {
        "NetworkAclId": {"Ref": "Acl"},
        "RuleNumber": number,
        "Protocol": 6,
        "RuleAction": "allow",
        "CidrBlock": "10.64.0.0/20",
        "PortRange": {"From": 1024, "To": 65535},
    }
    properties = {key: value for key, value in {**given, **more}.items() if value is not None}
    return {"Type": "AWS::EC2::NetworkAclEntry", "Properties": properties}


def place(**more: Any) -> Template:
    vpc = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.64.0.0/20"}}
    where = {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.64.0.0/24", "AvailabilityZone": f"{REGION}a"}
    acl = {"Type": "AWS::EC2::NetworkAcl", "Properties": {"VpcId": {"Ref": "Vpc"}}}
    return template(Vpc=vpc, Subnet={"Type": "AWS::EC2::Subnet", "Properties": where}, Acl=acl, Other=acl, **more)


def association(acl: str = "Acl") -> dict[str, Any]:
    given = {"NetworkAclId": {"Ref": acl}, "SubnetId": {"Ref": "Subnet"}}
    return {"Type": "AWS::EC2::SubnetNetworkAclAssociation", "Properties": given}


def acl_of(account: Account, subnet: str) -> dict[str, Any]:
    where = [{"Name": "association.subnet-id", "Values": [subnet]}]
    (found,) = account.client("ec2").describe_network_acls(Filters=where)["NetworkAcls"]
    return dict(found)


def entries(account: Account, acl: str) -> list[tuple[int, bool, str, str, Any]]:
    (found,) = account.client("ec2").describe_network_acls(NetworkAclIds=[acl])["NetworkAcls"]
    return sorted(
        (e["RuleNumber"], e["Egress"], e["RuleAction"], e["Protocol"], e.get("PortRange")) for e in found["Entries"]
    )


def test_an_acl_denies_everything_but_what_its_entries_allow(stacks: Stacks, account: Account) -> None:
    assert stacks.create("s", place(In=entry(), Out=entry(Egress=True))) == "CREATE_COMPLETE"
    assert entries(account, stacks.resource("s", "Acl")) == [
        (100, False, "allow", "6", {"From": 1024, "To": 65535}),
        (100, True, "allow", "6", {"From": 1024, "To": 65535}),
        (32767, False, "deny", "-1", None),
        (32767, True, "deny", "-1", None),
    ]


def test_a_subnet_has_the_acl_that_it_is_given_and_then_its_vpcs_default(stacks: Stacks, account: Account) -> None:
    stacks.create("s", place(Association=association()))
    subnet = stacks.resource("s", "Subnet")
    assert acl_of(account, subnet)["NetworkAclId"] == stacks.resource("s", "Acl")
    assert stacks.update("s", place(Association=association("Other"))) == "UPDATE_COMPLETE"
    assert acl_of(account, subnet)["NetworkAclId"] == stacks.resource("s", "Other")
    assert stacks.update("s", place()) == "UPDATE_COMPLETE"
    assert acl_of(account, subnet)["IsDefault"]


def test_an_entry_is_changed_in_place_and_another_number_is_another_entry(stacks: Stacks, account: Account) -> None:
    stacks.create("s", place(In=entry()))
    acl = stacks.resource("s", "Acl")
    assert stacks.update("s", place(In=entry(PortRange={"From": 443, "To": 443}))) == "UPDATE_COMPLETE"
    assert (100, False, "allow", "6", {"From": 443, "To": 443}) in entries(account, acl)
    assert stacks.update("s", place(In=entry(110))) == "UPDATE_COMPLETE"
    assert [number for number, egress, *_ in entries(account, acl) if not egress] == [110, 32767]


def test_icmp_is_told_by_type_and_code(stacks: Stacks, account: Account) -> None:
    stacks.create("s", place(In=entry(Protocol=1, PortRange=None, Icmp={"Type": 3, "Code": 4})))
    (found,) = account.client("ec2").describe_network_acls(NetworkAclIds=[stacks.resource("s", "Acl")])["NetworkAcls"]
    (icmp,) = [each for each in found["Entries"] if each["Protocol"] == "1"]
    assert icmp["IcmpTypeCode"] == {"Type": 3, "Code": 4}


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"PortRange": None}, "PortRange must be specified"),
        ({"Protocol": 1, "PortRange": None}, "Icmp must be specified"),
    ],
)
def test_an_entry_without_its_ports_is_refused_as_on_aws(stacks: Stacks, given: dict[str, Any], why: str) -> None:
    assert stacks.create("s", place(In=entry(**given))) == "ROLLBACK_COMPLETE"
    assert why in stacks.reason("s", "In", "CREATE_FAILED")


def test_two_entries_of_one_number_are_refused(stacks: Stacks) -> None:
    second = {**entry(), "DependsOn": "In"}
    assert stacks.create("s", place(In=entry(), Second=second)) == "ROLLBACK_COMPLETE"
    assert "already exists" in stacks.reason("s", "Second", "CREATE_FAILED")

"""Every stack that Muster makes is carried by the emulated account: each type, each property; here without hosts."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from muster.spec import load
from rehearsal.account import Account
from rehearsal.existing import existing
from rehearsal.poll import poll
from tests.account_help import Stacks, Template, running_account, send
from tests.axonivy_support import ivy, write_named_files
from tests.conftest import Synthesize, WriteCluster

STACK = "muster-as400"
OWN = "123456789012"
KMS_KEY = f"arn:aws:kms:eu-west-1:{OWN}:key/12345678-1234-1234-1234-123456789012"
EVERYTHING: dict[str, Any] = {
    "account": OWN,
    "protection": "off",
    "tags": {"cost-center": "1234"},
    "alarms": {"email": "ops@example.org"},
    "kms_key": KMS_KEY,
    "permission_boundary": f"arn:aws:iam::{OWN}:policy/bound",
    "network": {"egress": "endpoints"},
    "balancer": {
        "scheme": "internet-facing",
        "certificate": f"arn:aws:acm:eu-west-1:{OWN}:certificate/12345678-1234-1234-1234-123456789012",
        "waf": True,
        "domain": {"name": "gw.example.org", "zone": "Z0123456789ABC"},
        "admin": {"route": "host", "host": "admin.gw.example.org"},
    },
}


def place(number: int) -> dict[str, Any]:
    nodes = {"id": f"subnet-0123456789abcdef{number}", "cidr": f"10.0.{number}.0/24"}
    return {"nodes": nodes, "balancer": {"id": f"subnet-0123456789abcd00{number}", "cidr": f"10.0.10{number}.0/24"}}


VPC = {
    "id": "vpc-0123456789abcdef0",
    "cidr": "10.0.0.0/16",
    "zones": {"eu-west-1a": place(1), "eu-west-1b": place(2)},
    "endpoints": ["s3", "ssm"],
    "route_tables": ["rtb-0123456789abcdef0"],
}
IN_EXISTING: dict[str, Any] = {
    "protection": "off",
    "network": {"vpc": VPC, "egress": "endpoints"},
    "nodes": {
        "a": {"zone": "eu-west-1a", "address": "10.0.1.10"},
        "b": {"zone": "eu-west-1b", "address": "10.0.2.10"},
    },
}


ENGINES = ivy({"weights": {"a": 2, "b": 1}}, name="as400", protection="off")
"""What two engines of Axon.ivy have otherwise, with a file system of their own."""
ENGINES_IN_EXISTING = {**ivy({"shared": "fs-0123456789abcdef0"}, name="as400"), **IN_EXISTING}
GATEWAYS: dict[str, Any] = {
    "product": "kaazing",
    "protection": "off",
    "artifact": {"file": "artifacts/gateway.zip"},
    "kaazing": {"host": "gateway.example.org"},
}


@pytest.fixture
def account() -> Iterator[Account]:
    with running_account(bootstrapped=True) as account:
        yield account


@pytest.fixture
def stacks(account: Account) -> Stacks:
    return Stacks(account)


def deploy(stacks: Stacks, wanted: Template, name: str = STACK) -> str:
    """Deploy, signal for both nodes as if they had formed, and return the stack's id."""
    stacks.begin(name, wanted, kind="CREATE")
    parameter = f"/muster/{name.removeprefix('muster-')}/settings"

    def told() -> Mapping[str, Any]:
        found = stacks.account.client("ssm").get_parameters(Names=[parameter])["Parameters"]
        assert stacks.describe(name)["StackStatus"] == "CREATE_IN_PROGRESS", failures(stacks, name)
        return json.loads(found[0]["Value"]) if found else {}

    settings = poll(told, within=30, every=0.05)
    for node in "ab":
        send(stacks.account, url_of(settings), UniqueId=node)
    assert stacks.end(name) == "CREATE_COMPLETE", failures(stacks, name)
    return str(stacks.describe(name)["StackId"])


def url_of(settings: Any) -> str:
    """Return the wait handle's URL, wherever it stands in the settings document."""
    text = json.dumps(settings)
    start = text.index("https://cloudformation-waitcondition-")
    return text[start : text.index('"', start)]


def failures(stacks: Stacks, stack: str) -> list[tuple[str, str, str]]:
    return [event for event in stacks.events(stack) if "FAILED" in event[1]]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"protection": "off"}, id="plain"),
        pytest.param(EVERYTHING, id="all"),
        pytest.param(IN_EXISTING, id="existing"),
        pytest.param(GATEWAYS, id="gateways"),
        pytest.param(ENGINES, id="engines"),
        pytest.param(ENGINES_IN_EXISTING, id="engines in existing"),
    ],
)
def test_a_cluster_of_any_kind_is_deployed_found_unchanged_and_removed(
    account: Account, stacks: Stacks, synthesize: Synthesize, write_cluster: WriteCluster, changes: dict[str, Any]
) -> None:
    cluster = load(write_cluster(**changes))
    write_named_files(cluster.folder)
    (cluster.folder / "artifacts" / "gateway.zip").write_bytes(b"not really a zip")
    account.provide(existing(cluster))
    wanted = synthesize(**changes)
    stack = deploy(stacks, wanted)
    assert stacks.propose(stack, wanted, kind="UPDATE")["Status"] == "FAILED"  # nothing to change
    stacks.api.delete_stack(StackName=stack)
    assert stacks.end(stack) == "DELETE_COMPLETE", failures(stacks, stack)
    assert account.remains() == []


def test_two_clusters_live_side_by_side_in_one_existing_vpc(
    account: Account, stacks: Stacks, synthesize: Synthesize, write_cluster: WriteCluster
) -> None:
    second = {
        "name": "second",
        "network": {"vpc": {name: VPC[name] for name in ("id", "cidr", "zones")}, "egress": "endpoints"},
        "nodes": {
            "a": {"zone": "eu-west-1a", "address": "10.0.1.20"},
            "b": {"zone": "eu-west-1b", "address": "10.0.2.20"},
        },
    }
    account.provide(existing(load(write_cluster(**IN_EXISTING))))
    vpc = account.client("ec2").describe_subnets(Filters=[{"Name": "vpc-id", "Values": [VPC["id"]]}])["Subnets"]
    one = deploy(stacks, synthesize(**IN_EXISTING))
    two = deploy(stacks, synthesize(**{**IN_EXISTING, **second}), "muster-second")
    for stack in (one, two):
        stacks.api.delete_stack(StackName=stack)
        assert stacks.end(stack) == "DELETE_COMPLETE", failures(stacks, stack)
    assert account.remains() == []
    again = account.client("ec2").describe_subnets(Filters=[{"Name": "vpc-id", "Values": [VPC["id"]]}])["Subnets"]
    assert [each["SubnetId"] for each in again] == [each["SubnetId"] for each in vpc]


def test_a_protected_cluster_refuses_its_deletion_part_by_part(
    account: Account, stacks: Stacks, template: Template
) -> None:
    stack = deploy(stacks, template)
    stacks.api.delete_stack(StackName=stack)
    assert stacks.end(stack) == "DELETE_FAILED"
    said = " ".join(reason for _, _, reason in failures(stacks, stack))
    assert said.count("may not be terminated. Modify its 'disableApiTermination' instance attribute and try again") == 2
    assert "cannot be deleted because deletion protection is enabled" in said
    ec2, balancing = account.client("ec2"), account.client("elbv2")
    for reservation in ec2.describe_instances()["Reservations"]:
        for instance in reservation["Instances"]:
            value = {"Value": False}
            ec2.modify_instance_attribute(InstanceId=instance["InstanceId"], DisableApiTermination=value)
    off = [{"Key": "deletion_protection.enabled", "Value": "false"}]
    for balancer in balancing.describe_load_balancers()["LoadBalancers"]:
        balancing.modify_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"], Attributes=off)
    stacks.api.delete_stack(StackName=stack)
    assert stacks.end(stack) == "DELETE_COMPLETE", failures(stacks, stack)
    kinds = sorted(line.split()[0] for line in account.remains())
    assert kinds == ["bucket", "bucket", "snapshot", "snapshot", "table"]


def test_the_documents_of_an_existing_vpc_say_what_the_file_says(write_cluster: WriteCluster) -> None:
    made = existing(load(write_cluster(**IN_EXISTING)))
    vpc = made.vpcs[0]
    assert (vpc.id, vpc.cidr, vpc.way_out) == ("vpc-0123456789abcdef0", "10.0.0.0/16", False)
    assert {subnet.table for subnet in vpc.subnets if subnet.id.startswith("subnet-0123456789abcdef")} == {
        "rtb-0123456789abcdef0"
    }
    assert set(vpc.endpoints) == {"dynamodb", "ec2", "ssmmessages", "secretsmanager", "logs", "monitoring"}
    assert existing(load(write_cluster())).vpcs == []

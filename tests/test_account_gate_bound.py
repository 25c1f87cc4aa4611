"""Credentials bound to their instance: what a request tells of its way, and what nodes' statements make of it.

The statements are the ones that a cluster's stack has; only the wire is a function call.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from muster.node_statements import bound_to_instance
from rehearsal.account import Account
from rehearsal.account.iam.decision import told
from rehearsal.passage import CAME_THROUGH
from tests.account_help import Stacks, host_client, running_account
from tests.test_account_endpoints import gateway, interface, place
from tests.test_account_gate import ACCOUNT, make_role, refused

OWN, OTHER = "10.64.0.10", "10.64.0.11"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/00000000-0000-0000-0000-000000000001"
ANYTHING = {"Sid": "Anything", "Effect": "Allow", "Action": "*", "Resource": "*"}
BOUND = [ANYTHING, *(each.to_statement_json() for each in bound_to_instance())]
PARAMETER = {"Name": "/p"}


class Place:
    """An account with two VPCs that are alike, each with its endpoints, and an instance in the first."""

    def __init__(self, account: Account) -> None:
        self.account, self.stacks = account, Stacks(account)
        services = {name.title(): interface(name) for name in ("ssm", "secretsmanager", "sts")}
        for name in ("own", "foreign"):
            assert self.stacks.create(name, place(**services, S3=gateway())) == "CREATE_COMPLETE"
        made = account.client("ec2").run_instances(
            ImageId="ami-12c6146b",
            MinCount=1,
            MaxCount=1,
            SubnetId=self.stacks.resource("own", "A"),
            PrivateIpAddress=OWN,
        )
        self.instance = str(made["Instances"][0]["InstanceId"])

    def caller(self, service: str, vpc: str, address: str, role: str = "bound", credentials: Any = None) -> Any:
        """Return a client that holds the instance's credentials and calls by the endpoint of a VPC; '': by none."""
        by = self.stacks.resource(vpc, "S3" if service == "s3" else service.title()) if vpc else ""
        account = self.account

        class Behind:
            region = account.region

            @staticmethod
            def host_app(environ: dict[str, Any], start_response: Any) -> Any:
                way = {"REMOTE_ADDR": address, **({CAME_THROUGH: by} if by else {})}
                return account.host_app({**environ, **way}, start_response)

        behind: Any = Behind
        return host_client(behind, service, credentials or account.instance_credentials(role, self.instance))


@pytest.fixture(scope="module")
def around() -> Iterator[Place]:
    with running_account() as account:
        make_role(account, "bound", BOUND)
        make_role(account, "free", [ANYTHING])
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT}}
        make_role(account, "taken", BOUND, {"Version": "2012-10-17", "Statement": [trust]})
        account.client("ssm").put_parameter(**PARAMETER, Value="1", Type="String")
        account.client("secretsmanager").create_secret(Name="keyed", SecretString="{}", KmsKeyId=KEY)
        where = {"LocationConstraint": "eu-west-1"}
        account.client("s3").create_bucket(Bucket="files", CreateBucketConfiguration=where)
        account.client("s3").put_object(Bucket="files", Key="a", Body=b"a")
        yield Place(account)


def last(account: Account) -> tuple[str, str]:
    """Return the verdict of the last decision and the statement behind it, as other processes are told of them."""
    decision = json.loads(json.dumps(told(account.decisions[-1:])))[0]
    return decision["verdict"], decision["statement"]["sid"]


WAYS = [
    ("from the instance", "own", OWN, ("Allow", "Anything")),
    ("from another address", "own", OTHER, ("ExplicitDeny", "OwnAddressAlone")),
    ("from another VPC", "foreign", OWN, ("ExplicitDeny", "OwnVpcAlone")),
    ("from outside", "", OWN, ("ExplicitDeny", "OwnVpcAlone")),
]


@pytest.mark.parametrize(("vpc", "address", "expected"), [way[1:] for way in WAYS], ids=[way[0] for way in WAYS])
@pytest.mark.parametrize("service", ["ssm", "s3"], ids=["interface", "gateway"])
def test_credentials_work_by_either_kind_of_endpoint_from_their_instance_alone(
    around: Place, service: str, vpc: str, address: str, expected: tuple[str, str]
) -> None:
    client = around.caller(service, vpc, address)
    call, given = (client.get_parameter, PARAMETER) if service == "ssm" else (client.get_object, WANTED)
    if expected[0] == "Allow":
        assert call(**given)
    else:
        assert refused(call, **given)[1].endswith("with an explicit deny in an identity-based policy")
    assert last(around.account) == expected


WANTED = {"Bucket": "files", "Key": "a"}


@pytest.mark.parametrize(("vpc", "address"), [way[1:3] for way in WAYS], ids=[way[0] for way in WAYS])
def test_without_the_statements_the_same_credentials_work_from_anywhere(around: Place, vpc: str, address: str) -> None:
    assert around.caller("ssm", vpc, address, "free").get_parameter(**PARAMETER)


def test_a_key_that_a_service_asks_for_is_not_denied(around: Place) -> None:
    caller = around.caller("secretsmanager", "own", OWN)
    assert caller.get_secret_value(SecretId="keyed")["SecretString"] == "{}"
    assert (around.account.decisions[-1].action, last(around.account)) == ("kms:Decrypt", ("Allow", "Anything"))


def test_a_key_that_a_service_asks_for_came_by_no_endpoint(around: Place) -> None:
    """Negative control: without the exception for services a bound node could read no secret under a key."""
    blind = [json.loads(json.dumps(each)) for each in BOUND]
    for each in blind[1:]:
        del each["Condition"]["BoolIfExists"]
    make_role(around.account, "blind", blind)
    caller = around.caller("secretsmanager", "own", OWN, "blind")
    assert "kms:Decrypt" in refused(caller.get_secret_value, SecretId="keyed")[1]
    assert last(around.account) == ("ExplicitDeny", "OwnVpcAlone")


def test_a_session_that_the_instance_took_on_is_not_bound(around: Place) -> None:
    """It has no ec2:SourceInstanceARN: whoever holds it may use it anywhere for the hour that it lives."""
    asked = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/taken", "RoleSessionName": "bridge"}
    got = around.caller("sts", "own", OWN).assume_role(**asked)["Credentials"]

    class Session:
        access_key_id, secret_access_key, token = got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"]

    assert around.caller("ssm", "", OTHER, credentials=Session).get_parameter(**PARAMETER)


def test_the_address_of_a_request_from_outside_is_not_made_up(around: Place) -> None:
    """On AWS it would be the NAT gateway's; here nobody knows it, and a policy that asks for it is refused."""
    condition = {"IpAddress": {"aws:SourceIp": "10.64.0.0/20"}}
    make_role(around.account, "by-address", [{**ANYTHING, "Condition": condition}])
    refusal = refused(around.caller("ssm", "", OWN, "by-address").get_parameter, **PARAMETER)
    assert "aws:SourceIp" in refusal[1]
    within = refused(around.caller("ssm", "own", OWN, "by-address").get_parameter, **PARAMETER)
    assert within[0] == "AccessDeniedException"

"""What an H2 pair needs beside its nodes, deployed to the emulated account: IAM decides each call of a node."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from botocore.exceptions import ClientError

from muster.node_statements import use_of_key
from muster.pair import Pair
from muster.spec import load
from musternode.h2.witness import Item, Unreachable, Witness
from rehearsal.account import Account
from tests.account_help import REGION, Stacks, emptied_after, host_client
from tests.conftest import Template, WriteCluster
from tests.node_side import KEY
from tests.template_help import the

BOTH = Item(1, frozenset("ab"), "a")
OTHER = {"id": {"S": "other"}}


class Around(cdk.Stack):
    """A pair's parts, and a role with their statements but the one called `without`."""

    def __init__(self, scope: cdk.App, file: Path, *, without: str = "") -> None:
        super().__init__(scope, "around", env=cdk.Environment(region=REGION))
        cluster = load(file)
        key = kms.Key.from_key_arn(self, "Key", cluster.kms_key) if cluster.kms_key else None
        pair = Pair(self, "Pair", cluster=cluster, kms_key=key)
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
        key_use = use_of_key(self, key, pair.encrypted, writing=True)
        statements = [each for each in [*pair.statements, *key_use] if each.sid != without]
        iam.ManagedPolicy(self, "Policy", roles=[role], statements=statements)
        iam.CfnInstanceProfile(self, "Profile", roles=[role.role_name])


def template(file: Path, folder: Path, **how: Any) -> Template:
    """Return the template of `Around` for the cluster file `file`."""
    app = cdk.App(outdir=str(folder), analytics_reporting=False, default_stack_synthesizer=cdk.LegacyStackSynthesizer())
    Around(app, file, **how)
    app.synth()
    found: Template = json.loads((folder / "around.template.json").read_text(encoding="utf-8"))
    return found


Deploy = Callable[..., Stacks]


@pytest.fixture
def deploy(account: Account, write_cluster: WriteCluster, tmp_path: Path) -> Iterator[Deploy]:
    """Yield a function that deploys the pair of a cluster file with changes, once; it is removed afterwards."""

    def deploy(*, without: str = "", **changes: Any) -> Stacks:
        stacks = Stacks(account)
        wanted = template(write_cluster(**changes), tmp_path / "cdk.out", without=without)
        assert stacks.create("around", wanted) == "CREATE_COMPLETE", stacks.events("around")
        return stacks

    with emptied_after(account):
        yield deploy


def resource(account: Account, kind: str) -> str:
    """Return the physical id of the stack's one resource of this type."""
    listed = account.client("cloudformation").list_stack_resources(StackName="around")["StackResourceSummaries"]
    (found,) = [each["PhysicalResourceId"] for each in listed if each["ResourceType"] == kind]
    return str(found)


def client(account: Account, service: str) -> Any:
    """Return a node's client."""
    profile = resource(account, "AWS::IAM::InstanceProfile")
    return host_client(account, service, account.instance_credentials(profile, "i-0123456789abcdef0"))


def witness(account: Account) -> Witness:
    """Return the witness as a node reaches it."""
    found = Witness(resource(account, "AWS::DynamoDB::Table"), REGION, "a", longest=30)
    found._calls._made = client(account, "dynamodb")
    return found


def denied(call: Any, **given: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**given)
    return str(caught.value.response["Error"]["Code"])


def test_a_node_makes_reads_and_changes_the_one_item(account: Account, deploy: Deploy) -> None:
    deploy()
    node = witness(account)
    assert node.read().item is None
    assert node.create(BOTH)
    assert node.replace(1, Item(2, frozenset("a"), "a"))
    assert node.read().item == Item(2, frozenset("a"), "a")
    decided = {(each.action, each.statement.statement["Sid"]) for each in account.decisions if each.statement}
    assert decided == {("dynamodb:GetItem", "Witness"), ("dynamodb:UpdateItem", "Witness")}


def test_nothing_else_of_the_table_is_a_nodes(account: Account, deploy: Deploy) -> None:
    deploy()
    table, dynamodb = resource(account, "AWS::DynamoDB::Table"), client(account, "dynamodb")
    own = {"id": {"S": "witness"}}
    assert denied(dynamodb.get_item, TableName=table, Key=OTHER) == "AccessDeniedException"
    assert denied(dynamodb.update_item, TableName=table, Key=OTHER) == "AccessDeniedException"
    assert denied(dynamodb.put_item, TableName=table, Item=own) == "AccessDeniedException"
    assert denied(dynamodb.delete_item, TableName=table, Key=own) == "AccessDeniedException"
    assert denied(dynamodb.describe_table, TableName=table) == "AccessDeniedException"


def test_without_its_statement_the_witness_is_out_of_reach_and_says_so(account: Account, deploy: Deploy) -> None:
    deploy(without="Witness")
    with pytest.raises(Unreachable, match="AccessDenied: its role lacks a statement that allows dynamodb:GetItem on"):
        witness(account).read()


def test_a_node_writes_and_reads_dumps_and_nothing_beside_them(account: Account, deploy: Deploy) -> None:
    deploy()
    bucket, s3 = resource(account, "AWS::S3::Bucket"), client(account, "s3")
    s3.put_object(Bucket=bucket, Key="h2/2026-01-01.sql.gz", Body=b"dump")
    assert s3.get_object(Bucket=bucket, Key="h2/2026-01-01.sql.gz")["Body"].read() == b"dump"
    assert denied(s3.put_object, Bucket=bucket, Key="other", Body=b"") == "AccessDenied"
    assert denied(s3.delete_object, Bucket=bucket, Key="h2/2026-01-01.sql.gz") == "AccessDenied"
    assert denied(s3.list_objects_v2, Bucket=bucket) == "AccessDenied"


@pytest.mark.parametrize("without", ["", "Key"])
def test_under_a_key_of_ones_own_the_witness_needs_it_too(account: Account, without: str, deploy: Deploy) -> None:
    deploy(kms_key=KEY, without=without)
    if not without:
        assert witness(account).create(BOTH)
        assert account.decisions[-1].action == "kms:Decrypt"
        return
    with pytest.raises(Unreachable, match="AccessDenied"):
        witness(account).read()


@pytest.mark.parametrize("without", ["", "Key"])
def test_under_a_key_of_ones_own_dumps_need_it_too(account: Account, without: str, deploy: Deploy) -> None:
    deploy(kms_key=KEY, without=without)
    bucket, s3 = resource(account, "AWS::S3::Bucket"), client(account, "s3")
    if not without:
        s3.put_object(Bucket=bucket, Key="h2/x", Body=b"dump")
        assert account.decisions[-1].action == "kms:GenerateDataKey"
        assert s3.get_object(Bucket=bucket, Key="h2/x")["Body"].read() == b"dump"
        return
    assert denied(s3.put_object, Bucket=bucket, Key="h2/x", Body=b"dump") == "AccessDenied"


def test_dumps_go_by_the_days_of_the_cluster_file(account: Account, deploy: Deploy) -> None:
    deploy(database={"backup": {"days": 9}})
    found = account.client("s3").get_bucket_lifecycle_configuration(Bucket=resource(account, "AWS::S3::Bucket"))
    (rule,) = found["Rules"]
    assert (rule["Status"], rule["Expiration"]["Days"]) == ("Enabled", 9)
    assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 7


@pytest.mark.parametrize("protection", ["on", "lifted", "off"])
def test_a_deletion_leaves_what_protection_keeps(account: Account, protection: str, deploy: Deploy) -> None:
    before = set(account.remains())
    stacks = deploy(protection=protection)
    assert witness(account).create(BOTH)
    table = account.client("dynamodb").describe_table(TableName=resource(account, "AWS::DynamoDB::Table"))["Table"]
    assert table["DeletionProtectionEnabled"] is (protection == "on")
    assert stacks.delete("around") == "DELETE_COMPLETE"
    kinds = {line.split()[0] for line in set(account.remains()) - before}
    assert kinds == (set() if protection == "off" else {"table", "bucket"})


def test_the_policy_of_the_bucket_is_in_the_template(write_cluster: WriteCluster, tmp_path: Path) -> None:
    """The emulator is not asked about TLS: every host reaches a bucket by it."""
    _, policy = the(template(write_cluster(), tmp_path / "cdk.out"), "S3::BucketPolicy")
    assert policy["PolicyDocument"]["Statement"][0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}

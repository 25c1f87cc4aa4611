"""The key by which members find each other: what the secret holds, what it is good for, and how it becomes another."""

import json

from operations.rotate_key import rotate_key_file
from tests.scenario_support import Bench, connect

Key = dict[str, str]

ASK = """
import boto3, json, sys
from botocore.exceptions import ClientError
given = json.load(sys.stdin)
key = {"aws_" + name: given[name] for name in ("access_key_id", "secret_access_key")}
try:
    found = boto3.client("ec2", region_name=given["region"], **key).describe_instances()["Reservations"]
    tags = [tag for one in found for each in one["Instances"] for tag in each["Tags"]]
    print(json.dumps([tag["Value"] for tag in tags if tag["Key"] == "muster:node"]))
except ClientError as refused:
    print(json.dumps(refused.response["Error"]["Code"]))
"""
"""Lists instances with the key on standard input."""


def key_in_the_secret(bench: Bench) -> Key:
    """Return what the secret holds now."""
    arn = bench.scene.settings_document["secrets"]["discovery"]
    answer = bench.rehearsal.client("secretsmanager").get_secret_value(SecretId=arn)
    found: Key = json.loads(answer["SecretString"])
    return found


def found_by(bench: Bench, key: Key) -> set[str] | str:
    """Return the nodes that EC2 lists to a request from a host that `key` signs, or the code by which it is refused.

    From a host: the account's administrator, who stands outside, is asked for no signature.
    """
    asked = json.dumps({**key, "region": bench.rehearsal.state.region})
    told = bench.scene.run_in(bench.member("a"), ["python3", "-c", ASK], text=asked, within=60)
    found: list[str] | str = json.loads(told)
    return found if isinstance(found, str) else set(found)


def configured(bench: Bench, node: str) -> str:
    """Return the product's own configuration of its cluster on a node."""
    home = bench.scene.settings_document["settings"]["home"]
    file = f"{home}/current/repository/conf/axis2/axis2.xml"
    return bench.scene.run_in(bench.member(node), ["cat", file], within=20)


def rotate(bench: Bench) -> None:
    """Do as an operator does: run the command, and say yes."""
    assert rotate_key_file(bench.file, yes=True, ask=lambda _: False, connect=connect(bench)) == 0

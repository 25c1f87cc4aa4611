"""Secrets planted where none may lie, one in each place that is searched: what is not found was not looked at."""

import base64
import io
import json
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from rehearsal.canaries import values
from rehearsal.canaries.account import Connect
from rehearsal.canaries.forms import Canary
from rehearsal.checks import secrets
from rehearsal.checks.secrets import NEEDED, ON_EACH
from rehearsal.places import RUN, cache
from rehearsal.poll import poll
from tests.scenario_support import Bench

MISSED = 0.01
"""The share of programs that may have ended before they were looked at."""

STACK = "planted"

ON_HOST = """
sh -c 'sleep 600; :' "$0" > /dev/null 2>&1 &
echo "$0" | systemd-cat
echo "key: $0" > /srv/planted; chmod 0644 /srv/planted
echo "$0" > /var/log/planted.log; chmod 0600 /var/log/planted.log
mkdir -m 0700 /srv/crashed; echo "$0" > /srv/crashed/core.1; chmod 0600 /srv/crashed/core.1
"""
"""What is done on a node: an argument, a line of the journal, a file for all, a log and a core for root alone."""


def wanted(node: str) -> set[str]:
    """Return the places in which a planted secret is found."""
    at_node = {f"{kind} of {node}" for kind in (*ON_EACH, "logs", "cores and dumps")}
    return {*NEEDED, "tables", "records of runs", "temporary files", *at_node}


def found(bench: Bench) -> dict[str, Sequence[str]]:
    """Return what is found now, by place."""
    return {each.place: each.found for each in secrets.record(bench.scene) if each.found}


def a_secret(bench: Bench) -> Canary:
    """Return a value of the cluster's own."""
    return next(values.kept(bench.rehearsal.client("secretsmanager")))


@contextmanager
def planted(bench: Bench, node: str, folder: Path) -> Iterator[None]:
    """Put a secret of the cluster into every place, in one form or another, for the time of the block."""
    value = a_secret(bench).value
    bench.scene.run_in(bench.member(node), ["sh", "-c", ON_HOST, value], within=20)
    with ExitStack() as undo:
        for file in (RUN / "planted", cache() / "runs" / "planted", folder / "planted"):
            undo.callback(file.unlink, missing_ok=True)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps({"said": value}), encoding="utf-8")
        plant_in_account(bench.rehearsal.client, value)
        yield


def plant_in_account(connect: Connect, value: str) -> None:
    """Put a secret into every place of an account, which is not to be used for anything else any more."""
    encoded = base64.b64encode(f"user:{value}".encode()).decode()
    connect("ssm").put_parameter(Name="/planted", Value=encoded, Type="String")
    made = connect("ec2").create_launch_template(LaunchTemplateName=STACK, LaunchTemplateData={"UserData": encoded})
    template = made["LaunchTemplate"]["LaunchTemplateId"]
    connect("ec2").create_tags(Resources=[template], Tags=[{"Key": "planted", "Value": value}])
    connect("cloudwatch").put_metric_data(Namespace=STACK, MetricData=[{"MetricName": value, "Value": 1.0}])
    _item(connect("dynamodb"), value)
    _log(connect("logs"), value)
    _zip(connect("s3"), value)
    _stack(connect("cloudformation"), value)


def _item(client: Any, value: str) -> None:
    key = {"AttributeName": "id"}
    client.create_table(
        TableName=STACK,
        KeySchema=[{**key, "KeyType": "HASH"}],
        AttributeDefinitions=[{**key, "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client.put_item(TableName=STACK, Item={"id": {"S": STACK}, "held": {"S": value}})


def _log(client: Any, value: str) -> None:
    client.create_log_group(logGroupName="/planted")
    client.create_log_stream(logGroupName="/planted", logStreamName=STACK)
    event = {"timestamp": round(time.time() * 1000), "message": f"logged in as {value}"}
    client.put_log_events(logGroupName="/planted", logStreamName=STACK, logEvents=[event])


def _zip(client: Any, value: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("conf/planted.properties", f"password={value}")
    client.create_bucket(Bucket=STACK, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    client.put_object(Bucket=STACK, Key="planted.zip", Body=packed.getvalue())


def _stack(client: Any, value: str) -> None:
    """Deploy a stack whose template has the secret in words that nobody evaluates."""
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/beside", "Type": "String", "Value": "none"}}
    body = json.dumps({"Description": value, "Resources": {"One": parameter}})
    client.create_change_set(StackName=STACK, ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=body)
    client.execute_change_set(StackName=STACK, ChangeSetName="first")
    poll(lambda: client.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE", within=30)

"""Metrics, logs and keyed secrets as hosts reach them: protocols, namespaces, groups and keys decide."""

import datetime
from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.account import Account, InstanceCredentials
from tests.account_help import host_client, request, running_account
from tests.test_account_gate import ACCOUNT, make_role, refused, sign

STATEMENTS: list[dict[str, Any]] = [
    {
        "Effect": "Allow",
        "Action": "cloudwatch:PutMetricData",
        "Resource": "*",
        "Condition": {"StringEquals": {"cloudwatch:namespace": "Muster"}},
    },
    {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/muster/x/node:*",
    },
    {"Effect": "Allow", "Action": ["ssm:UpdateInstanceInformation", "ssmmessages:OpenDataChannel"], "Resource": "*"},
]
WHO = f"User: arn:aws:sts::{ACCOUNT}:assumed-role/node/i-0123456789abcdef0 is not authorized to perform:"


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with running_account() as account:
        make_role(account, "node", STATEMENTS)
        yield account


@pytest.fixture
def node(account: Account) -> InstanceCredentials:
    return account.instance_credentials("node", "i-0123456789abcdef0")


METRIC = {"MetricName": "Members", "Value": 2.0, "Dimensions": [{"Name": "Cluster", "Value": "x"}]}


@pytest.mark.parametrize("metrics", [1, 500], ids=["small", "compressed"])
def test_metrics_of_the_allowed_namespace_arrive(account: Account, node: InstanceCredentials, metrics: int) -> None:
    cloudwatch = host_client(account, "cloudwatch", node)
    cloudwatch.put_metric_data(Namespace="Muster", MetricData=[METRIC] * metrics)
    assert account.decisions[-1].action == "cloudwatch:PutMetricData"
    listed = account.client("cloudwatch").list_metrics(Namespace="Muster")["Metrics"]
    assert {metric["MetricName"] for metric in listed} == {"Members"}


def test_metrics_of_another_namespace_are_denied_in_the_protocol_of_the_call(
    account: Account, node: InstanceCredentials
) -> None:
    cloudwatch = host_client(account, "cloudwatch", node)
    code, message = refused(cloudwatch.put_metric_data, Namespace="Other", MetricData=[METRIC])
    assert code == "AccessDeniedException"
    assert message.startswith(f"{WHO} cloudwatch:PutMetricData")


def post(account: Account, node: InstanceCredentials, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    """Send CloudWatch a request as a client of another age or language would."""
    signed = sign("POST", "https://monitoring.eu-west-1.amazonaws.com/", body, node, "monitoring", **headers)
    status, _, answer = request(account.host_app, "POST", signed.url, body, dict(signed.headers.items()))
    return status, answer


@pytest.mark.parametrize(("namespace", "status"), [("Muster", 200), ("Other", 403)])
def test_the_query_protocol_of_older_clients_is_understood_too(
    account: Account, node: InstanceCredentials, namespace: str, status: int
) -> None:
    form = f"Action=PutMetricData&Version=2010-08-01&Namespace={namespace}&MetricData.member.1.MetricName=Members"
    form += "&MetricData.member.1.Value=2"
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    got, body = post(account, node, form.encode(), headers)
    assert got == status, body
    assert (b"<Code>AccessDenied</Code>" in body) == (status == 403)


def test_a_protocol_that_is_not_known_is_refused_by_its_name(account: Account, node: InstanceCredentials) -> None:
    headers = {"Smithy-Protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}
    status, body = post(account, node, b"\xa0", headers)
    assert status == 501
    assert b"rpc-v2-cbor" in body
    assert account.decisions[-1].verdict == "Undecidable"
    assert "rpc-v2-cbor" in account.decisions[-1].detail


def test_a_signature_that_is_not_known_is_recorded_as_undecided(account: Account, node: InstanceCredentials) -> None:
    status, body = post(account, node, b"Action=PutMetricData", {"X-Amz-Content-Sha256": "STREAMING-NEW"})
    assert (status, b"STREAMING-NEW" in body) == (501, True)
    last = account.decisions[-1]
    assert (last.principal, last.action, last.verdict) == ("anonymous", "monitoring", "Undecidable")


def test_logs_go_to_the_allowed_group_alone(account: Account, node: InstanceCredentials) -> None:
    for name in ("node", "h2"):
        account.client("logs").create_log_group(logGroupName=f"/muster/x/{name}")
    logs = host_client(account, "logs", node)
    logs.create_log_stream(logGroupName="/muster/x/node", logStreamName="a")
    stamp = int(datetime.datetime.now(datetime.UTC).timestamp() * 1000)
    events = [{"timestamp": stamp, "message": "one"}]
    logs.put_log_events(logGroupName="/muster/x/node", logStreamName="a", logEvents=events)
    assert account.decisions[-1].resource.endswith("log-group:/muster/x/node:log-stream:a")
    assert refused(logs.create_log_stream, logGroupName="/muster/x/h2", logStreamName="a")[0] == "AccessDeniedException"


KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/00000000-0000-0000-0000-000000000001"
READ = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
VIA = {"StringEquals": {"kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com"}}


@pytest.mark.parametrize(
    ("name", "statement", "allowed"),
    [
        ("via", {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": KEY, "Condition": VIA}, True),
        ("other", {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": f"{KEY}2", "Condition": VIA}, False),
        ("none", READ, False),
    ],
)
def test_a_secret_under_a_customer_key_needs_the_key_too(
    account: Account, name: str, statement: dict[str, Any], allowed: bool
) -> None:
    account.client("secretsmanager").create_secret(Name=f"keyed-{name}", SecretString="{}", KmsKeyId=KEY)
    make_role(account, f"reader-{name}", [READ, statement])
    reader = host_client(account, "secretsmanager", account.instance_credentials(f"reader-{name}", "i-1"))
    if allowed:
        assert reader.get_secret_value(SecretId=f"keyed-{name}")["SecretString"] == "{}"
        assert account.decisions[-1].action == "kms:Decrypt"
    else:
        assert "kms:Decrypt" in refused(reader.get_secret_value, SecretId=f"keyed-{name}")[1]

"""AWS API faults: what they concern fails as AWS fails, everything else is answered as ever, and they end."""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError
from werkzeug.serving import make_server

from rehearsal.account import Account
from rehearsal.account.api_faults import ERRORS, PATH, ApiFault, ApiFaults, BadFaultError
from tests.account_help import host_client, request, running_account
from tests.test_account_gate import make_role

TABLE = {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}
HERE, ELSEWHERE = "10.64.0.10", "10.64.0.11"
CODES = {
    "throttled": "ThrottlingException",
    "unavailable": "ServiceUnavailable",
    "denied": "AccessDeniedException",
    "expired": "ExpiredTokenException",
}


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with running_account() as account:
        keys = {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}
        kinds = {"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]}
        account.client("dynamodb").create_table(TableName="t", BillingMode="PAY_PER_REQUEST", **keys, **kinds)
        make_role(account, "node", [TABLE])
        yield account


@pytest.fixture
def node(account: Account) -> Any:
    """Return DynamoDB as the host at `HERE` uses it."""
    return host_client(account, "dynamodb", account.instance_credentials("node", "i-1"))


@contextmanager
def fault(account: Account, **given: Any) -> Iterator[None]:
    """Have a fault, set as another process does."""
    path = f"{account.url}{PATH}/f"
    assert request(account._serve, "PUT", path, json.dumps({"service": "dynamodb", **given}).encode())[0] == 200
    yield
    request(account._serve, "DELETE", path)


def read(node: Any) -> Any:
    return node.get_item(TableName="t", Key={"id": {"S": "x"}}).get("Item")


def write(node: Any, value: str) -> Any:
    values = {":v": {"S": value}}
    return node.update_item(
        TableName="t", Key={"id": {"S": "x"}}, UpdateExpression="SET v = :v", ExpressionAttributeValues=values
    )


@pytest.mark.parametrize("kind", sorted(ERRORS))
def test_an_error_is_one_that_the_sdk_knows_by_its_code(account: Account, node: Any, kind: str) -> None:
    with fault(account, kind=kind), pytest.raises(ClientError) as failure:
        read(node)
    assert failure.value.response["Error"]["Code"] == CODES[kind]
    assert read(node) is None  # the fault has ended


def test_a_fault_concerns_the_hosts_it_names_alone(account: Account, node: Any) -> None:
    with fault(account, kind="denied", addresses=[ELSEWHERE]):
        read(node)
    with fault(account, kind="denied", addresses=[ELSEWHERE, HERE]), pytest.raises(ClientError):
        read(node)


def test_a_fault_concerns_the_operations_it_names_alone(account: Account, node: Any) -> None:
    with fault(account, kind="throttled", operations=["UpdateItem"]):
        read(node)
        with pytest.raises(ClientError):
            write(node, "never")
    assert read(node) is None


def test_a_lost_answer_is_of_work_that_was_done(account: Account, node: Any) -> None:
    with fault(account, kind="lost", operations=["UpdateItem"]):
        with pytest.raises(ConnectionAbortedError):
            write(node, "written")
        assert read(node) == {"id": {"S": "x"}, "v": {"S": "written"}}


def test_another_service_is_answered_as_ever(account: Account) -> None:
    named = host_client(account, "sts", account.instance_credentials("node", "i-1"))
    with fault(account, kind="denied"):
        assert named.get_caller_identity()["Account"] == account.account_id


def test_the_accounts_own_address_meets_no_fault(account: Account) -> None:
    with fault(account, kind="denied"):
        account.client("dynamodb").get_item(TableName="t", Key={"id": {"S": "x"}})


def test_hosts_can_set_no_fault(account: Account) -> None:
    status, _, _ = request(account.host_app, "PUT", f"https://dynamodb.eu-west-1.amazonaws.com{PATH}/f", b"{}")
    assert status == 400  # refused as unsigned
    assert json.loads(request(account._serve, "GET", f"{account.url}{PATH}")[2]) == {}


@pytest.mark.parametrize("given", [{"kind": "sulking"}, {"kind": "denied", "service": "ec2"}, {}])
def test_what_is_no_fault_is_refused(account: Account, given: dict[str, str]) -> None:
    body = json.dumps({"service": "dynamodb", **given}).encode()
    assert request(account._serve, "PUT", f"{account.url}{PATH}/f", body)[0] == 400


def test_a_fault_of_a_service_without_json_is_no_error() -> None:
    assert ApiFault("ec2", "silent").concerns("ec2", "", HERE)
    with pytest.raises(BadFaultError):
        ApiFault("ec2", "throttled")


# over a socket, where connections end


@pytest.fixture
def served() -> Iterator[tuple[ApiFaults, int]]:
    """Serve faults in front of an application that answers 204, as the endpoints do; give the port too."""

    def app(_environ: Any, start: Any) -> list[bytes]:
        start("204 No Content", [])
        return []

    faults = ApiFaults(app)
    server = make_server("127.0.0.1", 0, faults, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield faults, server.server_port
    server.shutdown()


def call(port: int, patience: float = 5.0) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=patience)
    named = {"Host": "dynamodb.eu-west-1.amazonaws.com", "X-Amz-Target": "DynamoDB_20120810.GetItem"}
    connection.request("POST", "/", b"{}", named)
    return connection.getresponse().status


def set_fault(faults: ApiFaults, kind: str) -> None:
    body = json.dumps({"service": "dynamodb", "kind": kind}).encode()
    assert request(faults.control, "PUT", f"http://x{PATH}/f", body)[0] == 200


def test_the_connection_of_a_lost_answer_ends_at_once(served: tuple[ApiFaults, int]) -> None:
    faults, port = served
    assert call(port) == 204
    set_fault(faults, "lost")
    started = time.monotonic()
    with pytest.raises(http.client.RemoteDisconnected):
        call(port)
    assert time.monotonic() - started < 2
    assert faults.met == {"f": 1}


def test_silence_lasts_until_the_fault_ends(served: tuple[ApiFaults, int]) -> None:
    faults, port = served
    set_fault(faults, "silent")
    with pytest.raises(TimeoutError):
        call(port, patience=0.5)
    threading.Timer(0.5, lambda: request(faults.control, "DELETE", f"http://x{PATH}")).start()
    started = time.monotonic()
    with pytest.raises(http.client.RemoteDisconnected):
        call(port)
    assert 0.3 < time.monotonic() - started < 3
    assert call(port) == 204

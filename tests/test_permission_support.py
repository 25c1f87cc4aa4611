"""What a scenario takes from living nodes it gives back, and what is allowed is read to the last action."""

import json
from collections.abc import Iterator
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from rehearsal.account import Account, Mount
from rehearsal.account.iam.decision import told
from rehearsal.checks import permissions
from tests import permission_support
from tests.permission_support import allowed, file_system_without, refusals, statements, used, withdrawn
from tests.scenario_support import Bench
from tests.template_edits import less
from tests.test_account_gate import make_role

POLICY = "NodeRolePolicyB5B05F41"
STREAM, PUT = "logs:CreateLogStream", "logs:PutLogEvents"
SAID: list[dict[str, Any]] = [
    {"Sid": "Logs", "Effect": "Allow", "Action": [STREAM, PUT], "Resource": "*"},
    {"Sid": "Files", "Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::b/x", "arn:aws:s3:::b/y"]},
    {"Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*"},
    {"Sid": "SessionManager", "Effect": "Allow", "Action": "ssm:UpdateInstanceInformation", "Resource": "*"},
    {"Sid": "Elsewhere", "Effect": "Deny", "Action": "*", "Resource": "*"},
]


@pytest.fixture
def account() -> Iterator[Account]:
    made = Account(region="eu-west-1")
    made.start()
    yield made
    made.stop()


@pytest.fixture
def arn(account: Account, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the ARN of the one policy of the stack."""
    text = json.dumps({"Version": "2012-10-17", "Statement": SAID})
    made: str = account.client("iam").create_policy(PolicyName="p", PolicyDocument=text)["Policy"]["Arn"]
    monkeypatch.setattr(permission_support, "policies", lambda _: {POLICY: made})
    monkeypatch.setattr(permission_support, "file_systems", lambda _: {})
    monkeypatch.setattr(permission_support, "SECONDS_KEPT", 0.01)
    return made


@pytest.fixture
def bench(account: Account) -> Bench:
    rehearsal = SimpleNamespace(client=account.client, state=SimpleNamespace(url=account.url))
    return cast("Bench", SimpleNamespace(rehearsal=rehearsal, cluster=SimpleNamespace(name="x")))


def test_all_that_is_allowed_is_read_but_for_session_manager(bench: Bench, arn: str) -> None:
    assert statements(bench, arn) == SAID
    assert allowed(bench) == {
        (POLICY, "Logs", STREAM, ""),
        (POLICY, "Logs", PUT, ""),
        (POLICY, "Files", "s3:GetObject", "arn:aws:s3:::b/x"),
        (POLICY, "Files", "s3:GetObject", "arn:aws:s3:::b/y"),
        (POLICY, "[2]", "ec2:DescribeInstances", ""),
    }


MOUNT = "elasticfilesystem:ClientMount"
CLEAR = {"Bool": {"aws:SecureTransport": "false"}}
SHARED: list[dict[str, Any]] = [
    {"Sid": "Nodes", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": [MOUNT]},
    {"Sid": "OnlyTls", "Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "*", "Condition": CLEAR},
]


@pytest.fixture
def system(account: Account, arn: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the id of a file system that the stack has too."""
    assert arn
    efs = account.client("efs")
    made: str = efs.create_file_system(CreationToken="t")["FileSystemId"]
    efs.put_file_system_policy(FileSystemId=made, Policy=json.dumps({"Version": "2012-10-17", "Statement": SHARED}))
    monkeypatch.setattr(permission_support, "file_systems", lambda _: {"SharedFiles": made})
    return made


def test_what_the_policy_of_a_file_system_allows_is_read_and_its_use_is_seen(
    bench: Bench, account: Account, system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ("SharedFiles", "Nodes", MOUNT, "") in allowed(bench)
    assert {each for each in allowed(bench) if each[1] == "OnlyTls"} == set()
    (found,) = account.client("efs").describe_file_systems(FileSystemId=system)["FileSystems"]
    by = {"policy": f"policy of {found['FileSystemArn']}", "index": 0, "sid": "Nodes"}
    decided = [{**decision(0, "muster-x-NodeRole", "Allow"), "action": MOUNT, "statement": by}]
    monkeypatch.setattr(permissions, "decisions", lambda _: decided)
    assert used(bench) == {("SharedFiles", "Nodes", MOUNT, "")}


def test_the_account_names_the_policy_of_a_file_system_as_it_is_looked_for(
    bench: Bench, account: Account, system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_role(account, "node", [{"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*"}])
    assert account.mount_refusal(Mount(system, "i-0123456789abcdef0", "node", tls=True, iam=True)) != ""
    monkeypatch.setattr(permissions, "decisions", lambda _: told(account.decisions))
    assert used(bench) == {("SharedFiles", "Nodes", MOUNT, "")}, "the first right of three was granted"


def test_a_statement_of_a_file_system_is_taken_for_the_time_of_the_block_and_given_back(
    bench: Bench, system: str
) -> None:
    def sids() -> list[str]:
        return [each["Sid"] for each in permission_support.file_system_policy(bench, system)["Statement"]]

    with file_system_without(bench, system, "OnlyTls"):
        assert sids() == ["Nodes"]
    assert sids() == ["Nodes", "OnlyTls"]
    with pytest.raises(AssertionError), file_system_without(bench, system, "Other"):
        pass


def test_an_action_is_taken_for_the_time_of_the_block_and_given_back(bench: Bench, arn: str) -> None:
    with withdrawn(bench, "Logs", PUT) as before:
        assert before == 0
        assert statements(bench, arn) == less(SAID, "Logs", PUT)
    assert statements(bench, arn) == SAID


def test_what_is_not_allowed_cannot_be_taken(bench: Bench, arn: str) -> None:
    with pytest.raises(AssertionError), withdrawn(bench, "Logs", "logs:DeleteLogGroup"):
        pass
    assert statements(bench, arn) == SAID


def decision(at: int, role: str, verdict: str, sid: str = "Logs") -> dict[str, Any]:
    """Return a decision of a second."""
    return {
        "at": f"2026-01-01T00:00:{at:02}+00:00",
        "principal": f"arn:aws:sts::123456789012:assumed-role/{role}/i-a",
        "role": role,
        "session": "i-a",
        "action": PUT,
        "resource": "*",
        "allowed": verdict == "Allow",
        "verdict": verdict,
        "statement": {"policy": "arn:p", "index": 0, "sid": sid} if verdict == "Allow" else None,
        "detail": "",
    }


def test_refusals_are_those_of_one_cluster_and_of_the_time_that_is_asked_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, other = "muster-x-NodeRole", "muster-xy-NodeRole"
    refused = [decision(at, role, "ImplicitDeny") for at in (1, 2, 3) for role in (ours, other)]
    decided = [decision(0, ours, "Allow"), *refused]
    monkeypatch.setattr(permissions, "decisions", lambda _: decided)
    assert sum(each.times for each in refusals(bench)) == 3
    assert sum(each.times for each in refusals(bench, since=3)) == 2
    until = datetime.fromisoformat("2026-01-01T00:00:02+00:00")
    assert sum(each.times for each in refusals(bench, until=until)) == 1


def test_what_was_used_is_what_a_policy_of_the_stack_allowed(
    bench: Bench, arn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    by = {"policy": arn, "index": 0, "sid": "Logs"}
    decided = [
        {**decision(0, "muster-x-NodeRole", "Allow"), "statement": by},
        decision(1, "muster-x-NodeRole", "Allow"),
        decision(2, "muster-x-NodeRole", "ImplicitDeny"),
    ]
    monkeypatch.setattr(permissions, "decisions", lambda _: decided)
    assert used(bench) == {(POLICY, "Logs", PUT, "")}

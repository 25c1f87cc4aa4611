"""Who may mount a file system of EFS: decided by its own policy and the role's, as calls are."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.account import Account
from rehearsal.account.iam.file_systems import RIGHTS, Mount
from tests.account_help import running_account
from tests.test_account_gate import ACCOUNT, make_role

INSTANCE = "i-0123456789abcdef0"
ALL = [f"elasticfilesystem:{right}" for right in RIGHTS]
MAY_ALL = {"Effect": "Allow", "Action": ALL, "Resource": "*"}
NODE = f"arn:aws:iam::{ACCOUNT}:role/node"
BY_TARGET = {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}}
LETS_NODE_IN = {"Effect": "Allow", "Principal": {"AWS": NODE}, "Action": ALL, "Condition": BY_TARGET}
ONLY_TLS = {
    "Effect": "Deny",
    "Principal": {"AWS": "*"},
    "Action": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with running_account() as account:
        make_role(account, "node", [{"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*"}])
        make_role(account, "able", [MAY_ALL])
        yield account


@pytest.fixture
def system(account: Account) -> Iterator[str]:
    efs = account.client("efs")
    name = str(efs.create_file_system(CreationToken="t")["FileSystemId"])
    yield name
    efs.delete_file_system(FileSystemId=name)


def mount(system: str, profile: str = "node", *, tls: bool = True, iam: bool = True) -> Mount:
    return Mount(system, INSTANCE, profile, tls, iam)


def limit(account: Account, system: str, *statements: Any) -> None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    account.client("efs").put_file_system_policy(FileSystemId=system, Policy=policy)


def test_without_a_policy_whoever_reaches_it_may(account: Account, system: str) -> None:
    assert account.mount_refusal(mount(system)) == ""
    assert account.mount_refusal(mount(system, tls=False, iam=False)) == ""


def test_a_policy_lets_the_role_in_that_it_names_and_no_other(account: Account, system: str) -> None:
    limit(account, system, {**LETS_NODE_IN, "Principal": {"AWS": NODE.replace("node", "other")}})
    assert "not authorized to perform: elasticfilesystem:ClientMount" in account.mount_refusal(mount(system))
    limit(account, system, LETS_NODE_IN)
    assert account.mount_refusal(mount(system)) == ""


def test_a_role_that_may_by_its_own_policy_needs_no_word_of_the_file_system(account: Account, system: str) -> None:
    limit(account, system, ONLY_TLS)
    assert account.mount_refusal(mount(system)) != ""
    assert account.mount_refusal(mount(system, "able")) == ""


def test_who_does_not_say_who_it_is_is_not_the_role(account: Account, system: str) -> None:
    limit(account, system, LETS_NODE_IN, ONLY_TLS)
    assert "anonymous is not authorized" in account.mount_refusal(mount(system, iam=False))


def test_nothing_goes_without_tls_where_the_policy_denies_it(account: Account, system: str) -> None:
    limit(account, system, LETS_NODE_IN, ONLY_TLS)
    assert account.mount_refusal(mount(system)) == ""
    assert "ExplicitDeny" in account.mount_refusal(mount(system, tls=False))
    assert "ExplicitDeny" in account.mount_refusal(mount(system, "able", tls=False))


@pytest.mark.parametrize("missing", RIGHTS)
def test_each_right_is_needed(account: Account, system: str, missing: str) -> None:
    fewer = [action for action in ALL if not action.endswith(missing)]
    limit(account, system, {**LETS_NODE_IN, "Action": fewer})
    assert f"perform: elasticfilesystem:{missing}" in account.mount_refusal(mount(system))


def test_an_instance_without_credentials_is_not_the_role(account: Account, system: str) -> None:
    assert "instance profile nobody does not exist" in account.mount_refusal(mount(system, "nobody"))


def test_what_is_not_known_is_refused_by_its_name(account: Account, system: str) -> None:
    limit(account, system, {**LETS_NODE_IN, "Condition": {"Bool": {"aws:Whatever": "true"}}})
    assert "condition key aws:Whatever is not supported" in account.mount_refusal(mount(system))


def test_each_decision_is_on_record(account: Account, system: str) -> None:
    limit(account, system, LETS_NODE_IN)
    before = len(account.decisions)
    account.mount_refusal(mount(system))
    made = account.decisions[before:]
    assert [decision.action for decision in made] == ALL
    assert {decision.role for decision in made} == {"node"}
    assert {decision.resource for decision in made} == {
        f"arn:aws:elasticfilesystem:eu-west-1:{ACCOUNT}:file-system/{system}"
    }

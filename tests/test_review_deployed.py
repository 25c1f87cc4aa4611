"""The deployed template, read from an emulated account."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from operations.aws import Aws
from operations.errors import Failure
from operations.review.deployed import _lookup_client, deployed_template
from operations.review.synthesis import Side
from rehearsal.account import Account
from tests.account_help import REGION, Stacks, parameter, running_account, template

TEMPLATE = template(Other=parameter("one", Name="/other"))
LOOKUP = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/cdk-hnb659fds-lookup-role-${AWS::AccountId}-" + REGION


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with running_account(bootstrapped=True) as account:
        assert Stacks(account).create("muster-x", TEMPLATE) == "CREATE_COMPLETE"
        yield account


@pytest.fixture
def side(account: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Side:
    for name, value in account.environment().items():
        monkeypatch.setenv(name, value)
    return Side("muster-x", {}, tmp_path, f"aws://unknown-account/{REGION}", LOOKUP)


def test_the_template_is_read_as_it_was_deployed(side: Side) -> None:
    assert json.loads(json.dumps(deployed_template(side))) == TEMPLATE


def test_the_lookup_role_is_taken(side: Side, account: Account) -> None:
    client = _lookup_client(Aws(REGION), side.lookup_role, account.account_id)
    assert client is not None
    assert client._request_signer._credentials.access_key not in ("", account.access_key)


def test_without_the_lookup_role_the_user_s_own_permissions_do(side: Side) -> None:
    assert deployed_template(replace(side, lookup_role=None)) == TEMPLATE
    nobody = "arn:aws:iam::123456789012:role/nobody"
    assert deployed_template(replace(side, lookup_role=nobody)) == TEMPLATE


def test_a_stack_that_is_not_there_is_none(side: Side) -> None:
    assert deployed_template(replace(side, stack="muster-y")) is None


def test_credentials_of_another_account_are_refused_in_one_line(side: Side, account: Account) -> None:
    with pytest.raises(Failure, match=f"of the account {account.account_id}, the cluster file is for 999999999999"):
        deployed_template(replace(side, environment=f"aws://999999999999/{REGION}"))


def test_an_account_that_does_not_answer_is_one_line(side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(Failure, match="AWS cannot be") as refusal:
        deployed_template(side)
    assert "\n" not in str(refusal.value)

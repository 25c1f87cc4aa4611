"""IAM users and their keys: made and removed by stacks, and what somebody who signs with such a key may do."""

import datetime
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.account import Account
from rehearsal.account.existing import Existing
from tests.account_help import Stacks, Template, host_client, running_account, template
from tests.test_account_gate import ACCOUNT, drop_role, make_role, refused
from tests.test_account_kinds import made, updated

LOOK = {"Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*"}
READ = {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*"}
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/boundary"


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with running_account() as account:
        account.provide(Existing(policies=["boundary"]))
        yield account


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def user(**given: Any) -> dict[str, Any]:
    return {"Type": "AWS::IAM::User", "Properties": given}


def key(**given: Any) -> dict[str, Any]:
    return {"Type": "AWS::IAM::AccessKey", "Properties": {"UserName": {"Ref": "User"}, **given}}


SECRET = {
    "Type": "AWS::SecretsManager::Secret",
    "Properties": {
        "SecretString": {
            "Fn::Join": [
                "",
                [
                    '{"access_key_id":"',
                    {"Ref": "Key"},
                    '","secret_access_key":"',
                    {"Fn::GetAtt": ["Key", "SecretAccessKey"]},
                    '"}',
                ],
            ]
        }
    },
}
INLINE = {"PolicyName": "look", "PolicyDocument": policy(LOOK)}


def keyed(*, inline: bool = True, **given: Any) -> Template:
    """Return a user who may list instances, with a key in a secret."""
    more = {"Policies": [INLINE]} if inline else {}
    return template(User=user(**more), Key=key(**given), Secret=SECRET)


def credentials(stacks: Stacks) -> SimpleNamespace:
    """Return the key as the secret has it, the way a node reads it."""
    found = stacks.account.client("secretsmanager").get_secret_value(SecretId=stacks.resource("s", "Secret"))
    read = json.loads(found["SecretString"])
    return SimpleNamespace(access_key_id=read["access_key_id"], secret_access_key=read["secret_access_key"], token=None)


def ec2(stacks: Stacks, who: Any = None) -> Any:
    return host_client(stacks.account, "ec2", who or credentials(stacks))


def denied(stacks: Stacks, who: Any = None) -> str:
    return refused(ec2(stacks, who).describe_instances)[0]


def test_a_key_in_a_secret_signs_for_its_user(stacks: Stacks) -> None:
    made(stacks, keyed())
    who, name = credentials(stacks), stacks.resource("s", "User")
    assert who.access_key_id == stacks.resource("s", "Key")
    assert ec2(stacks).describe_instances()["Reservations"] == []
    last = stacks.account.decisions[-1]
    arn = f"arn:aws:iam::{ACCOUNT}:user/{name}"
    assert (last.principal, last.role, last.action, last.verdict) == (arn, "", "ec2:DescribeInstances", "Allow")
    assert host_client(stacks.account, "sts", who).get_caller_identity()["Arn"] == arn


def test_a_user_is_denied_in_the_words_of_aws(stacks: Stacks) -> None:
    made(stacks, keyed())
    code, message = refused(ec2(stacks).describe_volumes)
    arn = f"arn:aws:iam::{ACCOUNT}:user/{stacks.resource('s', 'User')}"
    why = "because no identity-based policy allows the ec2:DescribeVolumes action"
    assert code == "UnauthorizedOperation"
    assert message.endswith(f"User: {arn} is not authorized to perform: ec2:DescribeVolumes {why}")


@pytest.mark.parametrize("type_", ["Policy", "ManagedPolicy"])
def test_a_policy_of_its_own_is_given_to_users_and_taken_again(
    stacks: Stacks, type_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rehearsal.account.iam.principals.SECONDS_KEPT", -1.0)
    named = {"PolicyName": "look"} if type_ == "Policy" else {}

    def wanted(*users: str) -> Template:
        given = {"PolicyDocument": policy(LOOK), "Users": [{"Ref": each} for each in users], **named}
        look = {"Type": f"AWS::IAM::{type_}", "Properties": given}
        return keyed(inline=False) | {
            "Resources": {**keyed(inline=False)["Resources"], "Other": user(), "Look": look},
        }

    made(stacks, wanted("User"))
    assert ec2(stacks).describe_instances()["Reservations"] == []
    updated(stacks, wanted("Other"))
    assert denied(stacks) == "UnauthorizedOperation"


def test_a_users_policies_are_changed_in_place(stacks: Stacks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rehearsal.account.iam.principals.SECONDS_KEPT", -1.0)
    made(stacks, keyed())
    before = stacks.resource("s", "User")
    other = {"PolicyName": "read", "PolicyDocument": policy(READ)}
    tags = [{"Key": "k", "Value": "1"}]
    updated(stacks, template(User=user(Policies=[other], Tags=tags), Key=key(), Secret=SECRET))
    assert denied(stacks) == "UnauthorizedOperation"
    iam = stacks.account.client("iam")
    assert iam.list_user_policies(UserName=before)["PolicyNames"] == ["read"]
    assert tags[0] in iam.list_user_tags(UserName=before)["Tags"]
    assert stacks.resource("s", "User") == before


def test_a_managed_policy_of_aws_is_attached_to_a_user(stacks: Stacks) -> None:
    arn = "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"
    made(stacks, template(User=user(ManagedPolicyArns=[arn]), Key=key(), Secret=SECRET))
    assert ec2(stacks).describe_instances()["Reservations"] == []


def test_a_boundary_limits_a_user(stacks: Stacks) -> None:
    given = {"PolicyDocument": policy(READ)}
    limit = {"Type": "AWS::IAM::ManagedPolicy", "Properties": given}
    bound = user(Policies=[INLINE], PermissionsBoundary={"Ref": "Limit"})
    made(stacks, template(Limit=limit, User=bound, Key=key(), Secret=SECRET))
    _, message = refused(ec2(stacks).describe_instances)
    assert message.endswith("because no permissions boundary allows the ec2:DescribeInstances action")
    stacks.delete("s")
    made(stacks, template(User=user(Policies=[INLINE], PermissionsBoundary=BOUNDARY), Key=key(), Secret=SECRET))
    assert ec2(stacks).describe_instances()["Reservations"] == []


def test_a_boundary_that_does_not_exist_fails_the_user(stacks: Stacks) -> None:
    assert stacks.create("s", template(User=user(PermissionsBoundary=f"{BOUNDARY}-2"))) == "ROLLBACK_COMPLETE"
    assert "does not exist or is not attachable" in stacks.reason("s", "User", "CREATE_FAILED")


def test_a_condition_may_ask_for_the_users_name(stacks: Stacks) -> None:
    mine = {**LOOK, "Condition": {"StringEquals": {"aws:username": "discoverer"}}}
    given = {"Policies": [{"PolicyName": "look", "PolicyDocument": policy(mine)}]}
    made(stacks, template(User=user(UserName="discoverer", **given), Key=key(), Secret=SECRET))
    assert ec2(stacks).describe_instances()["Reservations"] == []
    stacks.delete("s")
    made(stacks, template(User=user(UserName="another", **given), Key=key(), Secret=SECRET))
    assert denied(stacks) == "UnauthorizedOperation"


def test_a_key_that_is_switched_off_signs_no_more(stacks: Stacks) -> None:
    made(stacks, keyed())
    who = credentials(stacks)
    updated(stacks, keyed(Status="Inactive"))
    assert denied(stacks, who) == "AuthFailure"
    assert refused(host_client(stacks.account, "sts", who).get_caller_identity)[0] == "InvalidClientTokenId"
    updated(stacks, keyed(Status="Active"))
    assert ec2(stacks, who).describe_instances()["Reservations"] == []


def test_a_key_may_be_made_switched_off(stacks: Stacks) -> None:
    made(stacks, keyed(Status="Inactive"))
    assert denied(stacks) == "AuthFailure"


def test_another_serial_makes_another_key_and_the_old_one_is_deleted(stacks: Stacks) -> None:
    made(stacks, keyed(Serial=1))
    before = credentials(stacks)
    updated(stacks, keyed(Serial=2))
    assert credentials(stacks).access_key_id != before.access_key_id
    assert ec2(stacks).describe_instances()["Reservations"] == []
    status = refused(ec2(stacks, before).describe_instances)
    assert status == ("AuthFailure", "AWS was not able to validate the provided access credentials")


def test_a_key_needs_its_secret_and_has_no_token(stacks: Stacks) -> None:
    made(stacks, keyed())
    who = credentials(stacks)
    assert denied(stacks, SimpleNamespace(**{**vars(who), "secret_access_key": "wrong"})) == "AuthFailure"
    assert denied(stacks, SimpleNamespace(**{**vars(who), "token": "some"})) == "AuthFailure"


def test_a_third_key_of_a_user_is_one_too_many(stacks: Stacks) -> None:
    two = {"User": user(), "One": key(), "Two": key()}
    made(stacks, template(**two))
    third = {**key(), "DependsOn": ["One", "Two"]}
    assert stacks.update("s", template(**two, Three=third)) == "UPDATE_ROLLBACK_COMPLETE"
    assert "LimitExceeded" in stacks.reason("s", "Three", "CREATE_FAILED")


def test_a_key_that_somebody_deleted_is_no_hindrance(stacks: Stacks) -> None:
    made(stacks, keyed())
    iam, name = stacks.account.client("iam"), stacks.resource("s", "User")
    iam.delete_access_key(UserName=name, AccessKeyId=stacks.resource("s", "Key"))
    assert stacks.delete("s") == "DELETE_COMPLETE"


def test_a_user_with_a_key_that_somebody_added_cannot_be_deleted(stacks: Stacks) -> None:
    made(stacks, keyed())
    iam, name = stacks.account.client("iam"), stacks.resource("s", "User")
    added = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
    stack = stacks.describe("s")["StackId"]
    assert stacks.delete("s") == "DELETE_FAILED"
    assert "DeleteConflict" in stacks.reason(stack, "User", "DELETE_FAILED")
    assert sorted(stacks.account.remains()) == [f"access key {added}", "stack s DELETE_FAILED", f"user {name}"]
    iam.delete_access_key(UserName=name, AccessKeyId=added)
    assert stacks.delete("s") == "DELETE_COMPLETE"


def test_what_remains_names_users_and_keys(stacks: Stacks) -> None:
    made(stacks, template(User=user(), Key=key()))
    remaining = stacks.account.remains()
    assert f"user {stacks.resource('s', 'User')}" in remaining
    assert f"access key {stacks.resource('s', 'Key')}" in remaining


def test_a_user_in_a_group_is_refused_by_the_groups_name(stacks: Stacks) -> None:
    made(stacks, keyed())
    iam, name = stacks.account.client("iam"), stacks.resource("s", "User")
    iam.create_group(GroupName="people")
    iam.add_user_to_group(GroupName="people", UserName=name)
    assert "['people']" in refused(ec2(stacks).describe_instances)[1]
    iam.remove_user_from_group(GroupName="people", UserName=name)
    iam.delete_group(GroupName="people")


@pytest.mark.parametrize("wrong", [user(Groups=["a"]), user(LoginProfile={"Password": "a"}), user(Path="/a/")])
def test_a_property_that_is_not_honoured_is_refused_by_its_name(stacks: Stacks, wrong: dict[str, Any]) -> None:
    with pytest.raises(
        ClientError, match=f"User: AWS::IAM::User: .*'{next(iter(wrong['Properties']))}'.* not supported"
    ):
        stacks.create("s", template(User=wrong))


def test_a_name_that_is_given_is_the_users(stacks: Stacks) -> None:
    made(stacks, template(User=user(UserName="discoverer")))
    assert stacks.resource("s", "User") == "discoverer"
    assert stacks.create("t", template(User=user(UserName="discoverer"))) == "ROLLBACK_COMPLETE"
    assert "EntityAlreadyExists" in stacks.reason("t", "User", "CREATE_FAILED")


def role(principal: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": policy(statement)}}


@pytest.mark.parametrize("kind", ["role", "user"])
def test_a_role_trusts_nobody_who_does_not_exist(stacks: Stacks, kind: str) -> None:
    """The control: the same name, once there is somebody of that name."""
    arn = f"arn:aws:iam::{ACCOUNT}:{kind}/somebody"
    assert stacks.create("s", template(Role=role({"AWS": arn}))) == "ROLLBACK_COMPLETE"
    reason = stacks.reason("s", "Role", "CREATE_FAILED")
    assert f'Invalid principal in policy: "AWS":"{arn}"' in reason
    stacks.delete("s")
    somebody = user(UserName="somebody") if kind == "user" else role({"Service": "ec2.amazonaws.com"})
    if kind == "role":
        somebody["Properties"]["RoleName"] = "somebody"
    made(stacks, template(Somebody=somebody, Role={**role({"AWS": arn}), "DependsOn": "Somebody"}))


def test_a_user_takes_on_a_role_for_as_long_as_the_role_says(stacks: Stacks) -> None:
    """A user's session may outlive an hour, as no session of a role's session may."""
    trusting = role({"AWS": {"Fn::GetAtt": ["User", "Arn"]}})
    trusting["Properties"]["MaxSessionDuration"] = 7200
    may = {"PolicyName": "assume", "PolicyDocument": policy({**LOOK, "Action": "sts:AssumeRole"})}
    made(stacks, template(User=user(Policies=[may]), Key=key(), Secret=SECRET, Role=trusting))
    sts = host_client(stacks.account, "sts", credentials(stacks))
    name = f"arn:aws:iam::{ACCOUNT}:role/{stacks.resource('s', 'Role')}"
    given = {"RoleArn": name, "RoleSessionName": "me"}
    ends = sts.assume_role(**given, DurationSeconds=7200)["Credentials"]["Expiration"]
    assert ends > datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1, minutes=50)
    code, message = refused(sts.assume_role, **given, DurationSeconds=7201)
    assert (code, "MaxSessionDuration" in message) == ("ValidationError", True)


def test_a_node_reads_a_users_key_from_the_secret_alone(stacks: Stacks, account: Account) -> None:
    made(stacks, keyed())
    secret = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": stacks.resource("s", "Secret")}
    make_role(account, "node", [secret])
    reader = host_client(account, "secretsmanager", account.instance_credentials("node", "i-1"))
    text = reader.get_secret_value(SecretId=stacks.resource("s", "Secret"))["SecretString"]
    assert json.loads(text)["access_key_id"] == stacks.resource("s", "Key")
    drop_role(account, "node")

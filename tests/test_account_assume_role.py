"""A role that a host takes on beside its own: caller and trust policy decide both, and the session is the role's alone.

Every call is made by boto3 against the public host names; only the wire is a function call.
"""

import datetime
import json
import urllib.parse
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.account import Account
from rehearsal.account.iam import gate
from rehearsal.account.iam.assume_role import trusts, wanted
from rehearsal.account.iam.faults import InvalidRequestError, UndecidableError
from rehearsal.account.iam.policy import Ask
from rehearsal.account.iam.principals import Principal
from tests.account_help import host_client, request, running_account
from tests.test_account_gate import ACCOUNT, drop_role, make_role, refused, sign

NODE = f"arn:aws:iam::{ACCOUNT}:role/node"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/discovery"
MAY_ASSUME = {
    "Sid": "Assume",
    "Effect": "Allow",
    "Action": "sts:AssumeRole",
    "Resource": f"arn:aws:iam::{ACCOUNT}:role/discovery*",
}
MAY_LOOK = {"Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*"}
MAY_READ = {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*"}
INSTANCE = "i-0123456789abcdef0"
WHO = f"User: arn:aws:sts::{ACCOUNT}:assumed-role"


def trusting(principal: Any, **more: Any) -> dict[str, Any]:
    return {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more}]}


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with running_account() as account:
        make_role(account, "node", [MAY_ASSUME, MAY_READ])
        make_role(account, "stranger", [MAY_ASSUME])
        make_role(account, "idle", [MAY_LOOK])
        make_role(account, "discovery", [MAY_LOOK], trusting({"AWS": [NODE, NODE.replace("node", "idle")]}))
        account.client("ssm").put_parameter(Name="/x", Value="{}", Type="String")
        yield account


def sts(account: Account, role: str = "node") -> Any:
    return host_client(account, "sts", account.instance_credentials(role, INSTANCE))


def assumed(account: Account, caller: Any = None, **more: Any) -> SimpleNamespace:
    """Return the credentials of a session, as boto3 wants them."""
    answer = (caller or sts(account)).assume_role(**{"RoleArn": ROLE, "RoleSessionName": "bridge", **more})
    got = answer["Credentials"]
    return SimpleNamespace(
        access_key_id=got["AccessKeyId"],
        secret_access_key=got["SecretAccessKey"],
        token=got["SessionToken"],
        expiration=got["Expiration"],
        arn=answer["AssumedRoleUser"]["Arn"],
    )


def test_a_host_takes_on_a_role_that_trusts_its_own(account: Account) -> None:
    session = assumed(account)
    assert session.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/discovery/bridge"
    assert host_client(account, "sts", session).get_caller_identity()["Arn"] == session.arn
    assert host_client(account, "ec2", session).describe_instances()["Reservations"] == []
    asked = [(each.principal, each.action, each.resource, each.verdict) for each in account.decisions[-2:]]
    caller = f"arn:aws:sts::{ACCOUNT}:assumed-role/node/{INSTANCE}"
    assert asked == [
        (caller, "sts:AssumeRole", ROLE, "Allow"),
        (session.arn, "ec2:DescribeInstances", "*", "Allow"),
    ]


def test_a_session_may_what_its_role_may_and_not_what_its_caller_may(account: Account) -> None:
    code, message = refused(host_client(account, "ssm", assumed(account)).get_parameter, Name="/x")
    assert (code, message.startswith(f"{WHO}/discovery/bridge is not")) == ("AccessDeniedException", True)
    node = account.instance_credentials("node", INSTANCE)
    assert host_client(account, "ssm", node).get_parameter(Name="/x")
    assert refused(host_client(account, "ec2", node).describe_instances)[0] == "UnauthorizedOperation"


@pytest.mark.parametrize(
    ("caller", "verdict"), [("stranger", "NoTrust"), ("idle", "ImplicitDeny")], ids=["not trusted", "without a policy"]
)
def test_the_callers_policies_and_the_roles_trust_are_both_needed(account: Account, caller: str, verdict: str) -> None:
    code, message = refused(sts(account, caller).assume_role, RoleArn=ROLE, RoleSessionName="bridge")
    assert code == "AccessDenied"
    assert message == f"{WHO}/{caller}/{INSTANCE} is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
    assert (account.decisions[-1].verdict, account.decisions[-1].allowed) == (verdict, False)


def test_a_role_that_does_not_exist_is_denied_like_one_that_does_not_trust(account: Account) -> None:
    nothing = f"{ROLE}-nothing"
    code, message = refused(sts(account).assume_role, RoleArn=nothing, RoleSessionName="bridge")
    assert (code, message.endswith(f"sts:AssumeRole on resource: {nothing}")) == ("AccessDenied", True)


def test_a_key_of_a_session_needs_its_token(account: Account) -> None:
    session = assumed(account)
    session.token = None
    code, message = refused(host_client(account, "ec2", session).describe_instances)
    assert (code, message) == ("AuthFailure", "AWS was not able to validate the provided access credentials")


@pytest.mark.parametrize("seconds", [900, 3600])
def test_a_session_lives_as_long_as_asked_for(account: Account, seconds: int) -> None:
    left = assumed(account, DurationSeconds=seconds).expiration - datetime.datetime.now(datetime.UTC)
    assert seconds - 30 < left.total_seconds() <= seconds


def test_an_expired_session_signs_no_more(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    session = assumed(account, DurationSeconds=900)
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=901)

    class Later(datetime.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return later.astimezone(tz)

    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda **_: later.replace(tzinfo=None))
    monkeypatch.setattr(gate, "datetime", SimpleNamespace(datetime=Later, UTC=datetime.UTC))
    assert refused(host_client(account, "ec2", session).describe_instances)[0] == "RequestExpired"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"DurationSeconds": 3601}, "exceeds the 1 hour session limit for roles assumed by role chaining"),
        ({"RoleSessionName": "with space"}, r"at 'roleSessionName' failed to satisfy constraint: Member must satisfy"),
    ],
)
def test_what_sts_does_not_take_is_a_validation_error(account: Account, more: dict[str, Any], words: str) -> None:
    code, message = refused(sts(account).assume_role, **{"RoleArn": ROLE, "RoleSessionName": "bridge", **more})
    assert (code, words in message) == ("ValidationError", True), message


def test_a_limit_that_is_not_known_is_refused_by_its_name(account: Account) -> None:
    given_ = {"RoleArn": ROLE, "RoleSessionName": "bridge", "Policy": "{}"}
    code, message = refused(sts(account).assume_role, **given_)
    assert (code, "['Policy']" in message) == ("InternalFailure", True)
    assert (account.decisions[-1].action, account.decisions[-1].verdict) == ("sts:AssumeRole", "Undecidable")


def test_an_external_id_that_the_trust_demands_has_to_be_given(account: Account) -> None:
    demand = {"Condition": {"StringEquals": {"sts:ExternalId": "secret"}}}
    make_role(account, "discovery-2", [MAY_LOOK], trusting({"AWS": NODE}, **demand))
    asked = {"RoleArn": f"{ROLE}-2", "RoleSessionName": "bridge"}
    assert refused(sts(account).assume_role, **asked)[0] == "AccessDenied"
    assert sts(account).assume_role(**asked, ExternalId="secret")["Credentials"]


def test_a_trust_by_instance_holds_for_the_instance_and_for_no_chain(account: Account) -> None:
    """The metadata service's keys carry the instance; a session's name that looks like one does not."""
    mine = {"ArnEquals": {"ec2:SourceInstanceARN": f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/{INSTANCE}"}}
    make_role(account, "discovery-3", [MAY_LOOK], trusting({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, Condition=mine))
    make_role(account, "discovery-4", [MAY_ASSUME], trusting({"AWS": NODE}))
    asked = {"RoleArn": f"{ROLE}-3", "RoleSessionName": "bridge"}
    assert sts(account).assume_role(**asked)["Credentials"]
    chained = assumed(account, RoleArn=f"{ROLE}-4", RoleSessionName=INSTANCE)
    assert refused(host_client(account, "sts", chained).assume_role, **asked)[0] == "AccessDenied"


def test_sessions_of_a_role_that_is_gone_are_no_signatures(account: Account) -> None:
    make_role(account, "discovery-5", [MAY_LOOK], trusting({"AWS": NODE}))
    session = assumed(account, RoleArn=f"{ROLE}-5")
    drop_role(account, "discovery-5")
    assert refused(host_client(account, "ec2", session).describe_instances)[0] == "AuthFailure"


def test_the_global_and_the_regional_name_of_sts_are_both_answered(account: Account) -> None:
    form = {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": ROLE, "RoleSessionName": "bridge"}
    body = urllib.parse.urlencode(form).encode()
    node = account.instance_credentials("node", INSTANCE)
    content = {"Content-Type": "application/x-www-form-urlencoded"}
    for host, region in (("sts.eu-west-1", "eu-west-1"), ("sts", "us-east-1")):
        url = f"https://{host}.amazonaws.com/"
        signed = sign("POST", url, body, node, "sts", region=region, **content)
        status, _, answer = request(account.host_app, "POST", url, body, dict(signed.headers.items()))
        assert (status, b"<AssumeRoleResult>" in answer) == (200, True), answer


def test_other_processes_are_told_every_decision(account: Account) -> None:
    assumed(account)
    url = f"{account.url}/muster/decisions"
    told = json.loads(request(account._serve, "GET", url)[2])
    assert len(told) == len(account.decisions)
    assert told[-1] == {
        "at": account.decisions[-1].at.isoformat(),
        "principal": f"arn:aws:sts::{ACCOUNT}:assumed-role/node/{INSTANCE}",
        "role": "node",
        "session": INSTANCE,
        "action": "sts:AssumeRole",
        "resource": ROLE,
        "allowed": True,
        "verdict": "Allow",
        "statement": {"policy": "needs", "index": 0, "sid": "Assume"},
        "detail": "",
    }


def test_other_processes_are_told_what_could_not_be_decided_and_why(account: Account) -> None:
    assert refused(sts(account).get_session_token)[0] == "InternalFailure"
    told = json.loads(request(account._serve, "GET", f"{account.url}/muster/decisions")[2])[-1]
    assert (told["action"], told["verdict"], told["allowed"]) == ("sts:GetSessionToken", "Undecidable", False)
    assert told["statement"] is None
    assert told["detail"] == "sts:GetSessionToken by a host is not supported by this emulated account"


def test_hosts_are_not_told_the_decisions(account: Account) -> None:
    assert request(account.host_app, "GET", "https://sts.eu-west-1.amazonaws.com/muster/decisions")[0] == 403


CALLER = Principal(
    arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/node/{INSTANCE}", secret="", role="node", role_arn=NODE, session=INSTANCE
)
ASK = Ask("sts:AssumeRole", ROLE, {"aws:principalarn": [NODE], "sts:externalid": [], "sts:rolesessionname": ["x"]})


@pytest.mark.parametrize(
    ("principal", "outcome"),
    [
        ({"AWS": NODE}, "Allow"),
        ({"AWS": [f"{NODE}-2", NODE]}, "Allow"),
        ({"AWS": CALLER.arn}, "Allow"),
        ({"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/node/i-other"}, "NoTrust"),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Allow"),
        ({"AWS": ACCOUNT}, "Allow"),
        ({"AWS": "arn:aws:iam::999999999999:root"}, "NoTrust"),
        ({"AWS": f"{NODE}-2"}, "NoTrust"),
        ({"AWS": "*"}, "Allow"),
        ("*", "Allow"),
        ({"Service": "ec2.amazonaws.com"}, "NoTrust"),
        ({"Federated": "accounts.google.com"}, "NoTrust"),
        ({"Service": "ec2.amazonaws.com", "AWS": NODE}, "Allow"),
    ],
)
def test_a_trust_policy_names_whom_iam_documents(principal: Any, outcome: str) -> None:
    assert trusts({"AssumeRolePolicyDocument": trusting(principal)}, CALLER, ASK).outcome == outcome


def test_a_denial_in_the_trust_policy_wins() -> None:
    denied = {**trusting({"AWS": NODE})["Statement"][0], "Effect": "Deny"}
    both = {"Statement": [*trusting("*")["Statement"], denied]}
    assert trusts({"AssumeRolePolicyDocument": both}, CALLER, ASK).outcome == "ExplicitDeny"


def test_a_trust_for_another_action_is_none() -> None:
    policy = trusting("*", Action="sts:TagSession")
    assert trusts({"AssumeRolePolicyDocument": policy}, CALLER, ASK).outcome == "NoTrust"


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ({"Principal": {"AWS": "AROAEXAMPLEID"}}, "AROAEXAMPLEID"),
        ({"Principal": {"AWS": "arn:aws:iam::*:role/node"}}, "role/node"),
        ({"Principal": {"CanonicalUser": "x"}}, "CanonicalUser"),
        ({"NotPrincipal": {"AWS": NODE}}, "without Principal"),
        ({"Principal": "*", "Condition": {"StringEquals": {"sts:SourceIdentity": "x"}}}, "sts:SourceIdentity"),
    ],
)
def test_a_trust_that_is_not_known_is_refused_by_its_name(statement: dict[str, Any], named: str) -> None:
    policy = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", **statement}]}
    with pytest.raises(UndecidableError, match=named.replace("*", r"\*")):
        trusts({"AssumeRolePolicyDocument": policy}, CALLER, ASK)


@given(st.from_regex(r"[a-zA-Z0-9_+=,.@-]{2,64}", fullmatch=True), st.integers(900, 43200))
def test_every_session_name_and_duration_that_sts_documents_is_taken(name: str, seconds: int) -> None:
    asked = wanted({"RoleArn": ROLE, "RoleSessionName": name, "DurationSeconds": str(seconds)})
    assert (asked.session, asked.seconds) == (name, seconds)


@pytest.mark.parametrize(
    "wrong",
    [
        {"RoleSessionName": ""},
        {"RoleSessionName": "a"},
        {"RoleSessionName": "a" * 65},
        {"RoleSessionName": "a/b"},
        {"RoleSessionName": "äö"},
        {"RoleSessionName": "ab\n"},
        {"DurationSeconds": "899"},
        {"DurationSeconds": "43201"},
        {"DurationSeconds": "long"},
        {"RoleArn": "discovery"},
        {"RoleArn": ""},
    ],
    ids=repr,
)
def test_every_other_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidRequestError):
        wanted({"RoleArn": ROLE, "RoleSessionName": "bridge", **wrong})

"""DescribeInstances as clustering engines call it: how they sign, what they filter by, what they are answered.

The engines are Hazelcast's: 3.x signs in the query, 4.x and 5.x in the Authorization header, all with GET.
"""

import datetime
import hashlib
import hmac
import urllib.parse
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from rehearsal.account import Account
from tests.account_help import Stacks, request, running_account, template
from tests.test_account_gate import ACCOUNT, make_role, sign
from tests.test_account_kinds import PLACE, made

EC2 = "https://ec2.eu-west-1.amazonaws.com/"
ASKED = {"Action": "DescribeInstances", "Version": "2014-06-15"}
LOOK = {"Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*"}
ACTION = "ec2:DescribeInstances"
GROUP = "muster-carbon"
INSTANCE = "/".join(f"{{*}}{name}" for name in ("reservationSet", "item", "instancesSet", "item"))


def within(region: str, key: str = "ec2:Region") -> dict[str, Any]:
    return {**LOOK, "Condition": {"StringEquals": {key: region}}}


def node(address: str, **more: Any) -> dict[str, Any]:
    tags = [{"Key": "muster:cluster", "Value": "carbon"}, {"Key": "Name", "Value": address}]
    given = {"ImageId": "ami-1", "InstanceType": "t4g.medium", "SubnetId": {"Ref": "A"}, "PrivateIpAddress": address}
    return {"Type": "AWS::EC2::Instance", "Properties": {**given, "Tags": tags, **more}}


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with running_account() as account:
        make_role(account, "node", [within("eu-west-1")])
        named = {"GroupName": GROUP, "GroupDescription": "nodes", "VpcId": {"Ref": "Vpc"}}
        group = {"Type": "AWS::EC2::SecurityGroup", "Properties": named}
        mine = {"SecurityGroupIds": [{"Ref": "Group"}]}
        other = node("10.64.0.12", Tags=[{"Key": "other", "Value": "thing"}])
        stacks = Stacks(account)
        made(
            stacks,
            template(**PLACE, Group=group, One=node("10.64.0.10", **mine), Two=node("10.64.0.11", **mine), Other=other),
        )
        stopped = stacks.resource("s", "Two")
        account.client("ec2").stop_instances(InstanceIds=[stopped])
        yield account


@pytest.fixture
def keys(account: Account) -> Credentials:
    """Return the key of a user, without a token, as it stands in a configuration."""
    iam = account.client("iam")
    if not iam.list_users()["Users"]:
        iam.create_user(UserName="discovery")
        arn = "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"
        account._emulator.offer_managed_policy(arn)
        iam.attach_user_policy(UserName="discovery", PolicyArn=arn)
    for old in iam.list_access_keys(UserName="discovery")["AccessKeyMetadata"]:
        iam.delete_access_key(UserName="discovery", AccessKeyId=old["AccessKeyId"])
    key = iam.create_access_key(UserName="discovery")["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


@pytest.fixture
def session(account: Account) -> Credentials:
    got = account.instance_credentials("node", "i-0123456789abcdef0")
    return Credentials(got.access_key_id, got.secret_access_key, got.token)


def in_query(who: Credentials, region: str = "eu-west-1", **more: str) -> str:
    """Return the address of a DescribeInstances that is signed as Hazelcast 3.x signs it: host alone, in the query."""
    now = datetime.datetime.now(datetime.UTC)
    scope = f"{now:%Y%m%d}/{region}/ec2/aws4_request"
    given = ASKED | {"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": f"{who.access_key}/{scope}"}
    given |= {"X-Amz-Date": f"{now:%Y%m%dT%H%M%SZ}", "X-Amz-SignedHeaders": "host", "X-Amz-Expires": "30"}
    given |= {"X-Amz-Security-Token": who.token} if who.token else {}
    given = {name: value for name, value in (given | more).items() if value}
    query = urllib.parse.urlencode(sorted(given.items()), quote_via=urllib.parse.quote, safe="-_.~")
    nothing = hashlib.sha256(b"").hexdigest()
    canonical = f"GET\n/\n{query}\nhost:ec2.eu-west-1.amazonaws.com\n\nhost\n{nothing}"
    text = f"AWS4-HMAC-SHA256\n{given['X-Amz-Date']}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{who.secret_key}".encode()
    for part in (*scope.split("/"), text):
        key = hmac.digest(key, part.encode(), "sha256")
    return f"{EC2}?{query}&X-Amz-Signature={key.hex()}"


def by_query(account: Account, who: Credentials, **more: str) -> tuple[int, bytes]:
    status, _, body = request(account.host_app, "GET", in_query(who, **more))
    return status, body


def by_header(account: Account, who: Credentials, **more: str) -> tuple[int, bytes]:
    """Ask as Hazelcast 4.x and 5.x do: GET, signed in the Authorization header."""
    url = f"{EC2}?{urllib.parse.urlencode(ASKED | more, quote_via=urllib.parse.quote)}"
    status, _, body = request(account.host_app, "GET", url, b"", headers(sign("GET", url, b"", caller(who), "ec2")))
    return status, body


def by_post(account: Account, who: Credentials, **more: str) -> tuple[int, bytes]:
    body = urllib.parse.urlencode(ASKED | more).encode()
    content = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    signed = sign("POST", EC2, body, caller(who), "ec2", **content)
    status, _, answer = request(account.host_app, "POST", EC2, body, headers(signed))
    return status, answer


def caller(who: Credentials) -> SimpleNamespace:
    return SimpleNamespace(access_key_id=who.access_key, secret_access_key=who.secret_key, token=who.token)


def headers(signed: AWSRequest) -> dict[str, str]:
    return dict(signed.headers.items())


FORMS = [by_query, by_header, by_post]
Form = Callable[..., tuple[int, bytes]]


def addresses(answer: tuple[int, bytes]) -> list[str]:
    """Return the private addresses of the instances in an answer, in order."""
    return sorted(each.findtext("{*}privateIpAddress", "") for each in instances(answer))


def instances(answer: tuple[int, bytes]) -> list[ElementTree.Element]:
    status, body = answer
    assert status == 200, body
    return ElementTree.fromstring(body).findall(INSTANCE)  # noqa: S314 - the account's own answer


ALL = ["10.64.0.10", "10.64.0.11", "10.64.0.12"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("who", ["keys", "session"])
def test_every_form_of_signature_is_verified_and_answered(
    account: Account, form: Form, who: str, request: pytest.FixtureRequest
) -> None:
    credentials = request.getfixturevalue(who)
    assert addresses(form(account, credentials)) == ALL
    last = account.decisions[-1]
    name = "user/discovery" if who == "keys" else "assumed-role/node/i-0123456789abcdef0"
    assert (last.principal.partition(f"{ACCOUNT}:")[2], last.action, last.allowed) == (name, ACTION, True)


@pytest.mark.parametrize("form", FORMS)
def test_no_form_is_answered_to_a_wrong_secret(account: Account, keys: Credentials, form: Form) -> None:
    status, body = form(account, Credentials(keys.access_key, "wrong"))
    assert status == 401
    assert b"<Code>AuthFailure</Code>" in body
    assert b"AWS was not able to validate the provided access credentials" in body


@pytest.mark.parametrize("change", ["Inactive", "deleted"])
@pytest.mark.parametrize("form", FORMS)
def test_no_form_is_answered_to_a_key_that_is_off(account: Account, keys: Credentials, form: Form, change: str) -> None:
    iam, key = account.client("iam"), {"UserName": "discovery", "AccessKeyId": keys.access_key}
    assert form(account, keys)[0] == 200
    if change == "deleted":
        iam.delete_access_key(**key)
    else:
        iam.update_access_key(**key, Status=change)
    status, body = form(account, keys)
    assert (status, b"<Code>AuthFailure</Code>" in body) == (401, True)


def test_nothing_of_a_signed_query_can_be_changed(account: Account, keys: Credentials) -> None:
    url = in_query(keys)
    changed = url.replace("DescribeInstances", "DescribeVolumes")
    assert request(account.host_app, "GET", changed)[0] == 401
    assert request(account.host_app, "GET", f"{url}&Filter.1.Name=vpc-id&Filter.1.Value.1=x")[0] == 401
    assert request(account.host_app, "GET", url, b"body")[0] == 401
    assert request(account.host_app, "GET", url)[0] == 200


@pytest.mark.parametrize(("seconds", "status"), [(0, 200), (-31, 403), (1000, 403)])
def test_a_signed_query_lives_as_long_as_it_says(
    account: Account, keys: Credentials, seconds: int, status: int
) -> None:
    at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
    assert by_query(account, keys, **{"X-Amz-Date": f"{at:%Y%m%dT%H%M%SZ}"})[0] == status


@pytest.mark.parametrize(("minutes", "status"), [(-14, 200), (-16, 403)])
def test_one_that_does_not_say_lives_a_quarter_of_an_hour(
    account: Account, keys: Credentials, minutes: int, status: int
) -> None:
    at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=minutes)
    assert by_query(account, keys, **{"X-Amz-Date": f"{at:%Y%m%dT%H%M%SZ}", "X-Amz-Expires": ""})[0] == status


def test_a_signature_for_another_region_is_none(account: Account, keys: Credentials) -> None:
    assert by_query(account, keys, region="us-east-1")[0] == 401


@pytest.mark.parametrize("key", ["ec2:Region", "aws:RequestedRegion"])
@pytest.mark.parametrize(("region", "status"), [("eu-west-1", 200), ("us-east-1", 403)])
def test_leave_for_one_region_is_leave_for_no_other(account: Account, key: str, region: str, status: int) -> None:
    name = f"{key.replace(':', '-')}-{region}"
    make_role(account, name, [within(region, key)])
    got = account.instance_credentials(name, "i-1")
    who = Credentials(got.access_key_id, got.secret_access_key, got.token)
    answer = by_header(account, who)
    assert (answer[0], b"<Code>UnauthorizedOperation</Code>" in answer[1]) == (status, status == 403)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ALL),
        ({"tag:muster:cluster": ["carbon"]}, ALL[:2]),
        ({"tag:muster:cluster": ["other", "carbon"]}, ALL[:2]),
        ({"tag:muster:cluster": ["Carbon"]}, []),
        ({"tag:muster:cluster": ["carb*"]}, ALL[:2]),
        ({"tag-key": ["muster:cluster"]}, ALL[:2]),
        ({"tag-key": ["other"]}, ALL[2:]),
        ({"tag-value": ["thing"]}, ALL[2:]),
        ({"instance.group-name": [GROUP]}, ALL[:2]),
        ({"instance.group-name": ["muster"]}, []),
        ({"instance.group-name": ["default"]}, ALL[2:]),
        ({"instance-state-name": ["running"]}, [ALL[0], ALL[2]]),
        ({"instance-state-name": ["stopped"]}, [ALL[1]]),
        (
            {"tag:muster:cluster": ["carbon"], "instance.group-name": [GROUP], "instance-state-name": ["running"]},
            ALL[:1],
        ),
    ],
    ids=str,
)
@pytest.mark.parametrize("form", FORMS)
def test_filters_choose_among_the_instances(
    account: Account, session: Credentials, form: Form, filters: Mapping[str, list[str]], expected: list[str]
) -> None:
    assert addresses(form(account, session, **filtered(filters))) == expected


def filtered(filters: Mapping[str, list[str]]) -> dict[str, str]:
    """Return filters as parameters of a request."""
    given: dict[str, str] = {}
    for number, (name, values) in enumerate(filters.items(), 1):
        given[f"Filter.{number}.Name"] = name
        given |= {f"Filter.{number}.Value.{place}": value for place, value in enumerate(values, 1)}
    return given


@pytest.mark.parametrize(("name", "value"), [("instance.group-nam", "x"), ("instance.group-name", "muster-*")])
def test_a_filter_that_is_not_known_is_refused_by_its_name(
    account: Account, session: Credentials, name: str, value: str
) -> None:
    """The emulator breaks on the one, and takes the other, a wildcard, for the name of a group."""
    status, body = by_header(account, session, **filtered({name: [value]}))
    assert (status, name in body.decode()) == (501, True)
    assert (account.decisions[-1].action, account.decisions[-1].verdict) == (ACTION, "Undecidable")


def test_an_instance_tells_all_that_an_engine_reads(account: Account, session: Credentials) -> None:
    (found,) = instances(by_header(account, session, **filtered({"private-ip-address": ["10.64.0.10"]})))

    def text(path: str) -> list[str]:
        return [each.text or "" for each in found.findall("/".join(f"{{*}}{name}" for name in path.split("/")))]

    assert text("privateIpAddress") == ["10.64.0.10"]
    assert text("groupSet/item/groupName") == [GROUP]
    assert text("instanceState/name") == ["running"]
    assert text("placement/availabilityZone") == ["eu-west-1a"]
    tags = dict(zip(text("tagSet/item/key"), text("tagSet/item/value"), strict=True))
    assert (tags["muster:cluster"], tags["Name"]) == ("carbon", "10.64.0.10")


def test_every_action_that_was_asked_for_is_on_record(account: Account, session: Credentials) -> None:
    """Also one that is denied, and one that this account cannot decide."""
    before = len(account.decisions)
    by_header(account, session)
    by_header(account, session, Action="DescribeAvailabilityZones")
    by_header(account, session, Action="RunInstances")
    told = [(each.action, each.verdict) for each in account.decisions[before:]]
    assert told == [
        (ACTION, "Allow"),
        ("ec2:DescribeAvailabilityZones", "ImplicitDeny"),
        ("ec2:RunInstances", "Undecidable"),
    ]

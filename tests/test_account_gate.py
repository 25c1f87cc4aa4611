"""What hosts reach of the account: signatures, decisions, and refusals in each service's own shape.

Every call is made by boto3 against the public host names; only the wire is a function call.
"""

import datetime
import io
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from rehearsal.account import Account, InstanceCredentials, NoCredentialsError
from tests.account_help import host_client, request, running_account

BUCKET = "assets"
ACCOUNT = "123456789012"
PARAMETER = f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/muster/x/settings"
STATEMENTS: list[dict[str, Any]] = [
    {"Sid": "Settings", "Effect": "Allow", "Action": "ssm:GetParameter", "Resource": PARAMETER},
    {"Sid": "Asset", "Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/node 1.zip"},
    {"Sid": "Missing", "Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/missing"},
    {"Sid": "Put", "Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{BUCKET}/logs/*"},
    {
        "Sid": "Discover",
        "Effect": "Allow",
        "Action": "ec2:DescribeInstances",
        "Resource": "*",
        "Condition": {"StringEquals": {"ec2:Region": "eu-west-1"}},
    },
    {
        "Sid": "Table",
        "Effect": "Allow",
        "Action": ["dynamodb:GetItem", "dynamodb:PutItem"],
        "Resource": f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/cluster",
        "Condition": {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["witness"]}},
    },
    {"Sid": "Denied", "Effect": "Deny", "Action": "ssm:GetParameter", "Resource": f"{PARAMETER}-denied"},
    {"Sid": "Wide", "Effect": "Allow", "Action": "ssm:GetParameter", "Resource": f"{PARAMETER}-denied"},
]
TRUST = {"Statement": [{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}}]}


def make_role(account: Account, name: str, statements: list[dict[str, Any]], trust: Any = None) -> None:
    iam = account.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust or TRUST))
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_role_policy(RoleName=name, PolicyName="needs", PolicyDocument=document)
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)


def drop_role(account: Account, name: str) -> None:
    iam = account.client("iam")
    iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=name)
    iam.delete_instance_profile(InstanceProfileName=name)
    iam.delete_role_policy(RoleName=name, PolicyName="needs")
    iam.delete_role(RoleName=name)


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with running_account() as account:
        make_role(account, "node", STATEMENTS)
        for name in ("settings", "settings-denied", "other"):
            account.client("ssm").put_parameter(Name=f"/muster/x/{name}", Value="{}", Type="String")
        where = {"LocationConstraint": "eu-west-1"}
        account.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
        account.client("s3").put_object(Bucket=BUCKET, Key="node 1.zip", Body=b"zip")
        account.client("dynamodb").create_table(
            TableName="cluster",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        account.client("secretsmanager").create_secret(Name="database", SecretString="{}")
        yield account


@pytest.fixture
def node(account: Account) -> InstanceCredentials:
    return account.instance_credentials("node", "i-0123456789abcdef0")


def refused(call: Any, **given: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**given)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


WHO = f"User: arn:aws:sts::{ACCOUNT}:assumed-role/node/i-0123456789abcdef0 is not authorized to perform:"


def test_an_allowed_call_is_answered_and_its_statement_recorded(account: Account, node: InstanceCredentials) -> None:
    answer = host_client(account, "ssm", node).get_parameter(Name="/muster/x/settings")
    assert answer["Parameter"]["Value"] == "{}"
    last = account.decisions[-1]
    assert (last.role, last.action, last.resource, last.verdict) == ("node", "ssm:GetParameter", PARAMETER, "Allow")
    assert last.statement is not None
    assert last.statement.statement["Sid"] == "Settings"


def test_a_parameter_of_another_name_is_denied_in_the_words_of_aws(account: Account, node: InstanceCredentials) -> None:
    code, message = refused(host_client(account, "ssm", node).get_parameter, Name="/muster/x/other")
    other = PARAMETER.replace("settings", "other")
    why = "because no identity-based policy allows the ssm:GetParameter action"
    assert code == "AccessDeniedException"
    assert message == f"{WHO} ssm:GetParameter on resource: {other} {why}"
    assert account.decisions[-1].verdict == "ImplicitDeny"


def test_an_explicit_deny_wins(account: Account, node: InstanceCredentials) -> None:
    _, message = refused(host_client(account, "ssm", node).get_parameter, Name="/muster/x/settings-denied")
    assert message.endswith("with an explicit deny in an identity-based policy")
    assert account.decisions[-1].verdict == "ExplicitDeny"


@pytest.mark.parametrize("style", ["virtual", "path"])
def test_an_object_is_read_in_both_styles_of_address(account: Account, node: InstanceCredentials, style: str) -> None:
    s3 = host_client(account, "s3", node, s3={"addressing_style": style})
    assert s3.get_object(Bucket=BUCKET, Key="node 1.zip")["Body"].read() == b"zip"
    assert account.decisions[-1].resource == f"arn:aws:s3:::{BUCKET}/node 1.zip"


def test_another_object_is_denied_in_the_words_of_aws(account: Account, node: InstanceCredentials) -> None:
    code, message = refused(host_client(account, "s3", node).get_object, Bucket=BUCKET, Key="other.zip")
    assert code == "AccessDenied"
    assert message.startswith(f'{WHO} s3:GetObject on resource: "arn:aws:s3:::{BUCKET}/other.zip"')


def test_a_missing_object_is_denied_to_who_may_not_list(account: Account, node: InstanceCredentials) -> None:
    code, message = refused(host_client(account, "s3", node).get_object, Bucket=BUCKET, Key="missing")
    assert code == "AccessDenied"
    assert "s3:ListBucket" in message


def test_a_missing_object_is_missing_to_who_may_list(account: Account) -> None:
    listing = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{BUCKET}"}
    make_role(account, "lister", [*STATEMENTS, listing])
    credentials = account.instance_credentials("lister", "i-1")
    assert refused(host_client(account, "s3", credentials).get_object, Bucket=BUCKET, Key="missing")[0] == "NoSuchKey"


@pytest.mark.parametrize("checksum", ["when_supported", "when_required"])
@pytest.mark.parametrize("body", [b"text", io.BytesIO(b"text")], ids=["bytes", "stream"])
def test_an_upload_arrives_as_sent_however_it_is_signed(
    account: Account, node: InstanceCredentials, body: Any, checksum: str
) -> None:
    if hasattr(body, "seek"):
        body.seek(0)
    s3 = host_client(account, "s3", node, request_checksum_calculation=checksum)
    s3.put_object(Bucket=BUCKET, Key="logs/a", Body=body)
    assert account.client("s3").get_object(Bucket=BUCKET, Key="logs/a")["Body"].read() == b"text"


def test_a_presigned_url_is_decided_as_its_signer(account: Account, node: InstanceCredentials) -> None:
    s3 = host_client(account, "s3", node, signature_version="s3v4")
    for key, status in (("node 1.zip", 200), ("other.zip", 403)):
        url = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": key})
        assert request(account.host_app, "GET", url)[0] == status
        assert request(account.host_app, "GET", url.replace("Signature=", "Signature=0"))[0] == 403


def test_ec2_answers_posts_and_signed_gets(account: Account, node: InstanceCredentials) -> None:
    assert host_client(account, "ec2", node).describe_instances()["Reservations"] == []
    url = "https://ec2.eu-west-1.amazonaws.com/?Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=tag%3Aa%20b"
    signed = sign("GET", url, b"", node, "ec2")
    status, _, body = request(account.host_app, "GET", url, b"", dict(signed.headers.items()))
    assert status == 200
    assert b"DescribeInstancesResponse" in body


def test_ec2_denies_in_its_own_words(account: Account, node: InstanceCredentials) -> None:
    code, message = refused(host_client(account, "ec2", node).describe_volumes)
    assert code == "UnauthorizedOperation"
    assert message.startswith(f"You are not authorized to perform this operation. {WHO} ec2:DescribeVolumes because")


def test_a_table_is_limited_to_the_leading_key(account: Account, node: InstanceCredentials) -> None:
    dynamodb = host_client(account, "dynamodb", node)
    dynamodb.put_item(TableName="cluster", Item={"id": {"S": "witness"}, "epoch": {"N": "1"}})
    assert dynamodb.get_item(TableName="cluster", Key={"id": {"S": "witness"}})["Item"]["epoch"] == {"N": "1"}
    code, message = refused(dynamodb.get_item, TableName="cluster", Key={"id": {"S": "other"}})
    assert code == "AccessDeniedException"
    assert f"dynamodb:GetItem on resource: arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/cluster" in message


def test_a_secret_is_named_by_its_arn(account: Account, node: InstanceCredentials) -> None:
    arn = account.client("secretsmanager").describe_secret(SecretId="database")["ARN"]
    code, message = refused(host_client(account, "secretsmanager", node).get_secret_value, SecretId="database")
    assert code == "AccessDeniedException"
    assert f"secretsmanager:GetSecretValue on resource: {arn} because" in message


def test_everybody_may_ask_who_they_are(account: Account, node: InstanceCredentials) -> None:
    arn = host_client(account, "sts", node).get_caller_identity()["Arn"]
    assert arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/node/i-0123456789abcdef0"


def test_what_cannot_be_decided_is_refused_by_its_name(account: Account, node: InstanceCredentials) -> None:
    _, message = refused(host_client(account, "dynamodb", node).scan, TableName="cluster")
    assert "dynamodb:Scan" in message
    assert account.decisions[-1].verdict == "Undecidable"


def test_an_unknown_condition_key_is_refused_by_its_name(account: Account) -> None:
    odd = {**STATEMENTS[0], "Condition": {"StringEquals": {"aws:Weather": "rain"}}}
    make_role(account, "odd", [odd])
    credentials = account.instance_credentials("odd", "i-1")
    _, message = refused(host_client(account, "ssm", credentials).get_parameter, Name="/muster/x/settings")
    assert "aws:Weather" in message


def test_a_boundary_limits_a_role(account: Account) -> None:
    make_role(account, "bounded", STATEMENTS)
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    policy = {"PolicyName": "limit", "PolicyDocument": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}
    arn = account.client("iam").create_policy(**policy)["Policy"]["Arn"]
    account.client("iam").put_role_permissions_boundary(RoleName="bounded", PermissionsBoundary=arn)
    credentials = account.instance_credentials("bounded", "i-1")
    assert host_client(account, "s3", credentials).get_object(Bucket=BUCKET, Key="node 1.zip")
    _, message = refused(host_client(account, "ssm", credentials).get_parameter, Name="/muster/x/settings")
    assert message.endswith("because no permissions boundary allows the ssm:GetParameter action")


def test_the_administrators_key_may_do_everything(account: Account) -> None:
    key = SimpleNamespace(access_key_id=account.access_key, secret_access_key=account.secret_key, token=None)
    assert host_client(account, "ssm", key).get_parameter(Name="/muster/x/other")["Parameter"]["Value"] == "{}"


def test_a_wrong_secret_or_token_or_key_is_no_signature(account: Account, node: InstanceCredentials) -> None:
    def caller(**wrong: str) -> Any:
        names = {"access_key_id": node.access_key_id, "secret_access_key": node.secret_access_key, "token": node.token}
        return host_client(account, "ssm", SimpleNamespace(**(names | wrong))).get_parameter

    given = {"Name": "/muster/x/settings"}
    assert refused(caller(secret_access_key="wrong"), **given)[0] == "InvalidSignatureException"
    assert refused(caller(token="wrong"), **given)[0] == "UnrecognizedClientException"
    assert refused(caller(access_key_id="ASIAWRONG"), **given)[0] == "UnrecognizedClientException"


def sign(
    method: str, url: str, body: bytes, who: Any, service: str, *, region: str = "eu-west-1", **headers: str
) -> AWSRequest:
    prepared = AWSRequest(method, url, data=body, headers=headers)
    credentials = Credentials(who.access_key_id, who.secret_access_key, who.token)
    SigV4Auth(credentials, service, region).add_auth(prepared)
    return prepared


SSM = "https://ssm.eu-west-1.amazonaws.com/"
TARGET = {"X-Amz-Target": "AmazonSSM.GetParameter", "Content-Type": "application/x-amz-json-1.1"}
GOOD = b'{"Name": "/muster/x/settings"}'


def test_a_body_or_header_that_was_changed_is_refused(account: Account, node: InstanceCredentials) -> None:
    headers = dict(sign("POST", SSM, GOOD, node, "ssm", **TARGET).headers.items())
    assert request(account.host_app, "POST", SSM, GOOD, headers)[0] == 200
    changed = b'{"Name": "/muster/x/other"}'
    assert request(account.host_app, "POST", SSM, changed, headers)[0] == 400
    other = {**headers, "X-Amz-Target": "AmazonSSM.PutParameter"}
    assert request(account.host_app, "POST", SSM, GOOD, other)[0] == 400


@pytest.mark.parametrize(("minutes", "status"), [(0, 200), (-14, 200), (-16, 400), (16, 400)])
def test_a_clock_may_be_wrong_by_a_quarter_of_an_hour(
    account: Account, node: InstanceCredentials, minutes: int, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=minutes)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda **_: at.replace(tzinfo=None))
    headers = dict(sign("POST", SSM, GOOD, node, "ssm", **TARGET).headers.items())
    answer = request(account.host_app, "POST", SSM, GOOD, headers)
    assert answer[0] == status, answer[2]


def test_an_unsigned_request_is_refused(account: Account) -> None:
    status, _, body = request(account.host_app, "POST", SSM, GOOD, TARGET)
    assert (status, b"MissingAuthenticationToken" in body) == (400, True)
    status, _, body = request(account.host_app, "GET", f"https://{BUCKET}.s3.eu-west-1.amazonaws.com/node%201.zip")
    assert (status, b"AccessDenied" in body) == (403, True)


def test_credentials_stay_the_same_for_a_session_and_differ_between_sessions(account: Account) -> None:
    first = account.instance_credentials("node", "i-1")
    assert account.instance_credentials("node", "i-1") == first
    assert account.instance_credentials("node", "i-2").access_key_id != first.access_key_id
    assert first.role_name == "node"
    assert first.expiration > datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=15)


def test_a_role_that_does_not_trust_ec2_gives_no_credentials(account: Account) -> None:
    trust = {"Statement": [{**TRUST["Statement"][0], "Principal": {"Service": "lambda.amazonaws.com"}}]}
    make_role(account, "other", STATEMENTS, trust)
    with pytest.raises(NoCredentialsError, match="does not trust"):
        account.instance_credentials("other", "i-1")
    with pytest.raises(NoCredentialsError, match="does not exist"):
        account.instance_credentials("nothing", "i-1")

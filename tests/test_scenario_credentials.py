"""A node's credentials and their limits: good on their own node alone, and for nothing that a boundary leaves out.

One story of one cluster behind endpoints, in this order: its boundary is too narrow, then wide enough; its credentials
are taken elsewhere; the statements that bind them are taken away.
"""

import http.client
import json
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from rehearsal.netns import connect_in
from rehearsal.network.names import ENDPOINTS
from rehearsal.visitor import encrypted
from tests.scenario_support import Bench, derived, sentence, service, stacks
from tests.template_edits import Template, edit_template

pytestmark = [pytest.mark.host, pytest.mark.scenario, pytest.mark.full]

BOUNDARY = "arn:aws:iam::123456789012:policy/narrow"
FIELDS = (
    ("region: eu-west-1\n", f"region: eu-west-1\naccount: '123456789012'\npermission_boundary: {BOUNDARY}\n"),
    ("balancer:\n", "formation: {timeout: 300}\nnetwork: {egress: endpoints}\nbalancer:\n"),
)
NEEDED = ("ssm", "ssmmessages", "secretsmanager", "logs", "cloudwatch", "dynamodb")
"""Services of which a node of a pair may do everything that its role says, beside S3."""
BINDING = ("OwnVpcAlone", "OwnAddressAlone")

FROM_METADATA = """
import json, urllib.request
def ask(path, method="GET", **headers):
    asked = urllib.request.Request("http://169.254.169.254/latest/" + path, method=method, headers=headers)
    return urllib.request.urlopen(asked, timeout=5).read().decode()
token = {"X-aws-ec2-metadata-token": ask("api/token", "PUT", **{"X-aws-ec2-metadata-token-ttl-seconds": "60"})}
roles = "meta-data/iam/security-credentials/"
print(ask(roles + ask(roles, **token), **token))
"""
"""Prints an instance's credentials, as a program of an attacker on it would get them."""

ASKING = """
import boto3, json, sys
from botocore.exceptions import ClientError
key, secret, token, region, name, bucket, object = json.loads(input())
held = boto3.Session(key, secret, token, region)
calls = [lambda: held.client("ssm").get_parameter(Name=name),
         lambda: held.client("s3").get_object(Bucket=bucket, Key=object)]
for call in calls:
    try:
        call()
        print("answered")
    except ClientError as refusal:
        print(refusal.response["Error"]["Code"], refusal.response["Error"]["Message"])
"""
"""Asks by an interface and by a gateway endpoint with credentials from standard input; prints what came of it."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Run a service whose account has the boundary that the cluster file names; S3's objects are not within it."""
    folder = tmp_path_factory.mktemp("cluster")
    with service() as rehearsal:
        rehearsal.client("iam").create_policy(PolicyName="narrow", PolicyDocument=within("s3:PutObject"))
        yield Bench(rehearsal, derived(folder, "bound", *FIELDS), folder)


def within(*more: str) -> str:
    """Return the document of a boundary."""
    actions = [*(f"{name}:*" for name in NEEDED), *more]
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def decisions(bench: Bench) -> list[dict[str, Any]]:
    """Return every decision about a request of a host, in order."""
    with urllib.request.urlopen(f"{bench.rehearsal.state.url}/muster/decisions", timeout=20) as answer:
        found: list[dict[str, Any]] = json.load(answer)
    return found


def test_a_boundary_without_what_a_node_needs_fails_the_deploy_and_is_named(bench: Bench) -> None:
    cause = sentence(bench.deploy())
    assert "s3:GetObject" in cause
    assert "no permissions boundary allows" in cause, cause
    assert stacks(bench.rehearsal)["muster-bound"] == "ROLLBACK_COMPLETE"


def test_within_a_boundary_and_behind_endpoints_it_forms_and_nothing_is_refused(bench: Bench) -> None:
    before = len(decisions(bench))
    bench.rehearsal.client("iam").create_policy_version(
        PolicyArn=BOUNDARY, PolicyDocument=within("s3:GetObject", "s3:PutObject"), SetAsDefault=True
    )
    run = bench.deploy()
    assert run.code == 0, run.failure
    bench.wait_until_healthy()
    made = decisions(bench)[before:]
    assert {each["principal"].rpartition("/")[2] for each in made} == {each.instance for each in bench.scene.members}
    assert [each for each in made if not each["allowed"]] == []


@pytest.fixture(scope="module")
def taken(bench: Bench) -> Mapping[str, str]:
    """Return the credentials of node a, taken from its metadata service."""
    said = bench.scene.run_in(bench.member("a"), ["python3", "-"], text=FROM_METADATA, within=20)
    printed: Mapping[str, str] = json.loads(said)
    return printed


def wanted(bench: Bench) -> tuple[str, str, str]:
    """Return what a node may read: the name of its settings, and the bucket and key of its program."""
    asset = bench.scene.settings_document["asset"]
    return f"/muster/{bench.cluster.name}/settings", str(asset["bucket"]), str(asset["key"])


def asked_on(bench: Bench, node: str, taken: Mapping[str, str]) -> list[str]:
    """Return what comes of the calls when a node makes them with node a's credentials."""
    held = [taken[name] for name in ("AccessKeyId", "SecretAccessKey", "Token")]
    line = json.dumps([*held, bench.rehearsal.state.region, *wanted(bench)])
    return bench.scene.run_in(bench.member(node), ["python3", "-c", ASKING], text=f"{line}\n", within=60).splitlines()


def asked_outside(bench: Bench, taken: Mapping[str, str]) -> str:
    """Return what a machine that has no endpoint hears when it asks for the settings with node a's credentials."""
    region = bench.rehearsal.state.region
    host, body = f"ssm.{region}.amazonaws.com", json.dumps({"Name": wanted(bench)[0]})
    headers = {"X-Amz-Target": "AmazonSSM.GetParameter", "Content-Type": "application/x-amz-json-1.1"}
    request = AWSRequest("POST", f"https://{host}/", data=body, headers=headers)
    held = Credentials(taken["AccessKeyId"], taken["SecretAccessKey"], taken["Token"])
    SigV4Auth(held, "ssm", region).add_auth(request)
    connection = http.client.HTTPSConnection(host, timeout=10)
    connection.sock = encrypted(connect_in(bench.scene.visitor_namespace, (ENDPOINTS, 443), 10), host)
    connection.request("POST", "/", body, dict(request.headers.items()))
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return "answered" if "Parameter" in answer else f"{answer['__type'].partition('#')[2]} {answer['message']}"


DENIED = "with an explicit deny in an identity-based policy"


def last_denials(bench: Bench, count: int) -> list[tuple[str, str, str]]:
    """Return action, verdict and statement of the last refusals."""
    refused = [each for each in decisions(bench) if not each["allowed"]]
    return [(each["action"], each["verdict"], each["statement"]["sid"]) for each in refused[-count:]]


def test_on_their_own_node_the_credentials_work_by_both_kinds_of_endpoints(
    bench: Bench, taken: Mapping[str, str]
) -> None:
    assert asked_on(bench, "a", taken) == ["answered", "answered"]


def test_on_another_node_of_the_cluster_they_are_refused(bench: Bench, taken: Mapping[str, str]) -> None:
    settings, program = asked_on(bench, "b", taken)
    assert (settings.split()[0], settings.endswith(DENIED)) == ("AccessDeniedException", True)
    assert (program.split()[0], program.endswith(DENIED)) == ("AccessDenied", True)
    expected = [(action, "ExplicitDeny", "OwnAddressAlone") for action in ("ssm:GetParameter", "s3:GetObject")]
    assert last_denials(bench, 2) == expected


def test_outside_the_vpc_they_are_refused(bench: Bench, taken: Mapping[str, str]) -> None:
    heard = asked_outside(bench, taken)
    assert (heard.split()[0], heard.endswith(DENIED)) == ("AccessDeniedException", True), heard
    assert last_denials(bench, 1) == [("ssm:GetParameter", "ExplicitDeny", "OwnVpcAlone")]


def test_without_the_statements_they_work_from_anywhere(bench: Bench, taken: Mapping[str, str]) -> None:
    """Negative control: it is the statements that bind them."""
    assembly = bench.synthesize()
    edit_template(assembly, unbound)
    run = bench.deploy(assembly)
    assert run.code == 0, run.failure
    assert asked_on(bench, "b", taken) == ["answered", "answered"]
    assert asked_outside(bench, taken) == "answered"


def unbound(template: Template) -> Template:
    """Take the binding statements away."""
    taken = 0
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::IAM::ManagedPolicy":
            document = resource["Properties"]["PolicyDocument"]
            kept = [each for each in document["Statement"] if each.get("Sid") not in BINDING]
            taken += len(document["Statement"]) - len(kept)
            document["Statement"] = kept
    assert taken == len(BINDING)
    return template

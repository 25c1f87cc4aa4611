"""The optional stack of GitHub's roles: who may take which, and what each may do, to the last statement."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from cfnlint.api import lint  # type: ignore[import-untyped]
from cfnlint.config import ManualArgs  # type: ignore[import-untyped]

import delivery as application
from stacks.delivery import STACK, Delivery, DeliveryError, DeliveryStack, from_context
from tests.conftest import Template
from tests.iam_help import roles
from tests.judging import findings, nothing_accepted, unneeded
from tests.template_help import of_type, the

PROVIDER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
ACCOUNT, PARTITION = "<AWS::AccountId>", "<AWS::Partition>"
GIVEN = Delivery("acme/cluster", ("eu-west-1",), environment="live")


def bootstrap(*kinds: str, region: str = "eu-west-1", qualifier: str = "hnb659fds") -> list[str]:
    return sorted(
        f"arn:{PARTITION}:iam::{ACCOUNT}:role/cdk-{qualifier}-{kind}-role-{ACCOUNT}-{region}" for kind in kinds
    )


@pytest.fixture
def build(context: Mapping[str, Any], tmp_path: Path) -> Any:
    """Return a function from a delivery to its template."""

    def build(delivery: Delivery = GIVEN) -> Template:
        app = cdk.App(context=dict(context), outdir=str(tmp_path / "out"), analytics_reporting=False)
        DeliveryStack(app, STACK, delivery=delivery)
        app.synth()
        template: Template = json.loads((tmp_path / "out" / f"{STACK}.template.json").read_text())
        return template

    return build


def trust(provider: str, subject: str) -> dict[str, Any]:
    """Return what a role's trust policy has to be."""
    host = "token.actions.githubusercontent.com"
    wanted = {f"{host}:aud": "sts.amazonaws.com", f"{host}:sub": f"repo:acme/cluster:{subject}"}
    return {
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": wanted},
        "Effect": "Allow",
        "Principal": {"Federated": provider},
    }


def test_jobs_of_pull_requests_may_take_the_lookup_role_and_nothing_else(build: Any) -> None:
    template = build(Delivery("acme/cluster", ("eu-west-1",), provider=PROVIDER))
    name, role = next(each for each in of_type(template, "IAM::Role").items() if each[0].startswith("PullRequest"))
    assert role["AssumeRolePolicyDocument"]["Statement"] == [trust(PROVIDER, "pull_request")]
    assert roles(template)[name]["may"] == [
        {"effect": "Allow", "actions": ["sts:AssumeRole"], "on": bootstrap("lookup"), "Sid": "BootstrapRoles"}
    ]
    assert roles(template)[name]["managed by others"] == []


def test_jobs_of_the_environment_may_deploy(build: Any) -> None:
    template = build(Delivery("acme/cluster", ("eu-west-1",), environment="live", provider=PROVIDER))
    name, role = next(each for each in of_type(template, "IAM::Role").items() if each[0].startswith("Deploy"))
    assert role["AssumeRolePolicyDocument"]["Statement"] == [trust(PROVIDER, "environment:live")]
    assert role["MaxSessionDuration"] == 3600
    assert roles(template)[name]["may"] == [
        {
            "effect": "Allow",
            "actions": ["sts:AssumeRole"],
            "on": bootstrap("lookup", "deploy", "file-publishing"),
            "Sid": "BootstrapRoles",
        },
        {
            "effect": "Allow",
            "actions": ["cloudformation:GetTemplate", "cloudformation:SetStackPolicy"],
            "on": [f"arn:{PARTITION}:cloudformation:eu-west-1:{ACCOUNT}:stack/muster-*/*"],
            "Sid": "Guard",
        },
    ]


def test_credentials_for_a_deployment_may_be_longer_valid_than_those_that_look(build: Any) -> None:
    template = build(from_context({"repository": "acme/cluster", "regions": "eu-west-1", "hours": "12"}))
    found = {name[:4]: role["MaxSessionDuration"] for name, role in of_type(template, "IAM::Role").items()}
    assert found == {"Depl": 12 * 3600, "Pull": 3600}


def test_there_are_two_roles_and_no_key(build: Any) -> None:
    template = build()
    assert len(of_type(template, "IAM::Role")) == 2
    assert {each["Type"] for each in template["Resources"].values()} == {
        "AWS::IAM::OIDCProvider",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Role",
    }


def test_the_provider_is_made_where_the_account_has_none(build: Any) -> None:
    name, provider = the(build(), "IAM::OIDCProvider")
    assert provider["Url"] == "https://token.actions.githubusercontent.com"
    assert provider["ClientIdList"] == ["sts.amazonaws.com"]
    for role in of_type(build(), "IAM::Role").values():
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Federated": {"Ref": name}}


def test_a_provider_that_is_there_is_taken(build: Any) -> None:
    assert of_type(build(Delivery("acme/cluster", ("eu-west-1",), provider=PROVIDER)), "IAM::OIDCProvider") == {}


def test_each_region_and_the_bootstrap_s_qualifier_are_named(build: Any) -> None:
    template = build(Delivery("acme/cluster", ("eu-west-1", "eu-central-1"), qualifier="mine"))
    (may,) = next(each["may"] for name, each in roles(template).items() if name.startswith("PullRequest"))
    both = [*bootstrap("lookup", qualifier="mine"), *bootstrap("lookup", region="eu-central-1", qualifier="mine")]
    assert may["on"] == sorted(both)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("repository", "acme"),
        ("repository", "acme/*"),
        ("repository", "*/cluster"),
        ("repository", "acme/cluster:ref"),
        ("repository", "acme/cluster\n"),
        ("environment", "*"),
        ("environment", ""),
        ("environment", "a:b"),
        ("regions", ("eu-west-1a",)),
        ("regions", ()),
        ("regions", ("*",)),
        ("provider", "arn:aws:iam::123456789012:oidc-provider/example.org"),
        ("qualifier", "*"),
        ("hours", "0"),
        ("hours", "13"),
        ("hours", "1.5"),
    ],
)
def test_a_value_that_could_let_somebody_else_in_is_refused(name: str, value: Any) -> None:
    fields = {"repository": "acme/cluster", "regions": ("eu-west-1",), name: value}
    with pytest.raises(DeliveryError, match=f"^{name}: got .*; give it by -c {name}=...$"):
        Delivery(**fields)


@pytest.mark.parametrize("missing", ["repository", "regions"])
def test_a_missing_option_is_named(missing: str) -> None:
    given = {"repository": "acme/cluster", "regions": "eu-west-1", missing: None}
    with pytest.raises(DeliveryError, match=f"^{missing}: want "):
        from_context(given)


def test_options_come_from_the_context() -> None:
    given = {"repository": "acme/cluster", "regions": "eu-west-1,eu-central-1", "environment": "live", "provider": None}
    assert from_context(given) == Delivery("acme/cluster", ("eu-west-1", "eu-central-1"), "live")


def test_the_rule_pack_finds_nothing_that_is_not_acknowledged(context: Mapping[str, Any], tmp_path: Path) -> None:
    def add(app: cdk.App) -> None:
        DeliveryStack(app, STACK, delivery=GIVEN)

    assert findings(add, ["AwsSolutions"], context, tmp_path / "accepted") == set()
    with nothing_accepted() as acknowledged:
        found = findings(add, ["AwsSolutions"], context, tmp_path / "bare")
    assert {each.rule for each in found} == {
        "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:cloudformation:eu-west-1:<AWS::AccountId>:stack/muster-*/*]"
    }
    assert unneeded(acknowledged, found) == set()


def test_cfn_lint_finds_nothing(build: Any) -> None:
    assert lint(json.dumps(build()), config=ManualArgs(regions=["eu-west-1"])) == []


def test_the_application_says_what_is_wrong_and_ends_with_2(
    context: Mapping[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(**options: str) -> int:
        return application.main(cdk.App(context={**context, **options}, outdir=str(tmp_path / "out")))

    assert run() == 2
    assert run(repository="*", regions="eu-west-1") == 2
    said = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in said if line.startswith("repository")] == ["repository", "repository"]
    assert run(repository="acme/cluster", regions="eu-west-1") == 0
    assert (tmp_path / "out" / f"{STACK}.template.json").exists()

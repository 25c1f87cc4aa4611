"""What a node's role allows for its start is needed: without it, and with all else, the deploy fails.

Each case is a cluster of its own from whose template one action, or one resource, was taken; some are deployed at the
same time. What is needed later, and that all of it is enough: test_scenario_permissions_lives.
"""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from rehearsal.drive import Rehearsal
from tests.carbon_support import say
from tests.permission_support import OWN_SECRET, ROLE_ALONE, Case, Form, Outcome, given_files, outcomes
from tests.permission_support import USER_KEY as USER
from tests.scenario_support import story

pytestmark = [pytest.mark.host, pytest.mark.scenario, pytest.mark.full]

READ, FETCH, SECRET = "ssm:GetParameter", "s3:GetObject", "secretsmanager:GetSecretValue"
FIND, ASSUME = "ec2:DescribeInstances", "sts:AssumeRole"
SILENT = "timed out"
"""The cause where a node does not know whom to tell: where to report stands in what it may not read."""
ALONE = "node [abc](: | sees 1 of )"
"""How the cause begins where an engine that finds nobody says so in its own words, or a node for whom it has waited."""

CLIENT = ("Mount", "Write", "RootAccess")
"""What a node needs leave for of what it shares with others."""
GIVEN = {each: f"given {number}" for number, each in enumerate(CLIENT, 1)}
"""The form of a cluster with a file system that is there, one for each case: they are deployed at the same time."""
FORMS: dict[str, Form] = {
    "": {},
    "user": USER,
    "role": ROLE_ALONE,
    **{form: given_files(number) for number, form in enumerate(GIVEN.values(), 1)},
}
"""Of cluster files that are otherwise than the example."""
OWN_KEY, USER_KEY, SECRET_KEY = "own key", "user, own key", "secret, own key"
KEYED: dict[str, Form] = {OWN_KEY: {}, USER_KEY: USER, SECRET_KEY: OWN_SECRET}
"""Those with a key of one's own, which must be there."""


ROLES = ("wso2-as",)
"""Products whose nodes have two roles: one that may read its settings waits for who may not, and says so."""


SECONDS = {"as400gateway": 75, "axonivy": 75, "kaazing": 75, "wso2-as": 150, "wso2-carbon": 75}
"""How long the stack waits for nodes that cannot say why they do not come; the other role's nodes say it late."""


def begins(product: str, role: str = "NodeRole", *more: str) -> list[Case]:
    """Return the cases of what a node does at its start: it reads its settings, and fetches two files and `more`."""
    files = ("NodeAsset", "Artifact", *more)
    return [
        Case(product, role, "Settings", READ, says=ALONE if product in ROLES else SILENT, timeout=SECONDS[product]),
        *(Case(product, role, "Files", FETCH, file) for file in files),
    ]


def reads(product: str, role: str, *secrets: str, form: str = "") -> list[Case]:
    """Return the cases of these secrets."""
    return [Case(product, role, "Secrets", SECRET, f"{secret}Secret", form=form) for secret in secrets]


def decrypts(product: str, role: str = "NodeRole", form: str = OWN_KEY) -> Case:
    """Return the case of the key by which secrets are encrypted."""
    return Case(product, role, "Key", "kms:Decrypt", form=form)


CASES = [
    *begins("as400gateway"),
    *reads("as400gateway", "NodeRole", "DatabaseAdmin", "DatabaseApplication", "Peer"),
    decrypts("as400gateway"),
    *(Case("as400gateway", "NodeRole", "Witness", f"dynamodb:{each}Item", timeout=150) for each in ("Get", "Update")),
    *begins("axonivy", "NodeRole", "Licence"),
    Case("axonivy", "NodeRole", "Secrets", SECRET),
    decrypts("axonivy", form=SECRET_KEY),
    *(Case("axonivy", "SharedFiles", "Nodes", f"elasticfilesystem:Client{each}") for each in CLIENT),
    *(
        Case("axonivy", "NodeRole", "SharedFiles", f"elasticfilesystem:Client{each}", form=form)
        for each, form in GIVEN.items()
    ),
    *begins("kaazing"),
    *begins("wso2-as"),
    *reads("wso2-as", "NodeRole", "ArtifactsCheckout", "DiscoveryUser"),
    decrypts("wso2-as"),
    *begins("wso2-as", "KeeperRole"),
    decrypts("wso2-as", "KeeperRole"),
    *reads("wso2-as", "KeeperRole", "ArtifactsCheckout", "ArtifactsCommit", "DiscoveryUser"),
    Case("wso2-as", "DiscoveryUserFind", "", FIND, says=ALONE),
    *begins("wso2-carbon"),
    Case("wso2-carbon", "DiscoveryPolicy", "", FIND, says=ALONE),
    *reads("wso2-carbon", "NodeRole", "DiscoveryUser", form="user"),
    decrypts("wso2-carbon", form=USER_KEY),
    Case("wso2-carbon", "DiscoveryUserFind", "", FIND, says=ALONE, form="user"),
    Case("wso2-carbon", "DiscoveryRoleAssume", "Discovery", ASSUME, says=ALONE, form="role"),
    Case("wso2-carbon", "DiscoveryRoleFind", "", FIND, says=ALONE, form="role"),
]

rehearsal = story()


@pytest.fixture(scope="module")
def key(rehearsal: Rehearsal) -> str:
    """Return the ARN of a key that is there."""
    arn: str = rehearsal.client("kms").create_key()["KeyMetadata"]["Arn"]
    return arn


@pytest.fixture(scope="module")
def found(
    request: pytest.FixtureRequest, rehearsal: Rehearsal, key: str, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[Case, Outcome]:
    """Deploy a cluster for each case that was chosen, and return how it went."""
    chosen = [_parameters(each)["case"] for each in request.session.items if "case" in _parameters(each)]
    forms = {**FORMS, **{name: {**form, "kms_key": key} for name, form in KEYED.items()}}
    return dict(zip(chosen, outcomes(rehearsal, chosen, forms, tmp_path_factory.mktemp("cases")), strict=True))


def _parameters(item: Any) -> Mapping[str, Any]:
    return item.callspec.params if hasattr(item, "callspec") and item.module.__name__ == __name__ else {}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_without_it_the_deploy_fails_and_nothing_else_was_refused(case: Case, found: Mapping[Case, Outcome]) -> None:
    """The control is the deploy of the same product with all of it, in test_scenario_permissions_lives."""
    outcome = found[case]
    say(outcome.cause)
    refused = {(each.action, each.verdict) for each in outcome.refused}
    assert refused == {(case.refused or case.action, "ImplicitDeny")}
    if case.resource.endswith("Secret"):
        assert {case.resource in each.resource for each in outcome.refused} == {True}
    assert re.search(case.cause, outcome.cause)

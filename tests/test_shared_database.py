"""A database of RDS that is made with a cluster."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint  # type: ignore[import-untyped]
from cfnlint.config import ManualArgs  # type: ignore[import-untyped]

from muster.products.made_database import ENGINES
from tests.conftest import Template
from tests.judging import WARNED, nothing_accepted, unneeded
from tests.node_side import KEY
from tests.parts_support import EXISTING
from tests.shared_database_support import judged, shared
from tests.template_help import attribute, of_type, ref, text, the
from tests.wso2_as_support import CERTIFICATE, PLACED, server

FACING = {"balancer": {"certificate": CERTIFICATE, "scheme": "internet-facing"}}
FORMS: Mapping[str, Mapping[str, Any]] = {
    "mysql": server({"database": {"engine": "mysql"}}),
    "postgres": server({"database": {"engine": "postgres"}}),
    "mysql, alone, unprotected": server({"database": {"engine": "mysql", "multi_az": False}}, protection="off"),
    "postgres, alone, about to be deleted": server(
        {"database": {"engine": "postgres", "multi_az": False}}, protection="lifted"
    ),
    "own key, internet-facing": server({"database": {"engine": "mysql"}}, kms_key=KEY, **FACING),
    "existing VPC, internet-facing": server(
        {"database": {"engine": "mysql"}}, nodes=PLACED, network={"vpc": EXISTING}, **FACING
    ),
}


@pytest.fixture
def made(tmp_path: Path) -> Template:
    """Return the template of a cluster with a MySQL of its own."""
    return shared(FORMS["mysql"], tmp_path)


def instance(template: Template) -> dict[str, Any]:
    """Return the properties of the database."""
    return the(template, "RDS::DBInstance")[1]


def kept(template: Template) -> tuple[str, str]:
    """Return what becomes of the database with its stack, and when another takes its place."""
    resource = template["Resources"][the(template, "RDS::DBInstance")[0]]
    return resource["DeletionPolicy"], resource["UpdateReplacePolicy"]


@pytest.mark.parametrize("engine", ["mysql", "postgres"])
def test_is_what_the_file_asks_for(engine: str, tmp_path: Path) -> None:
    block = {"engine": engine, "class": "db.m7g.large", "storage": 100, "multi_az": False}
    found = instance(shared(server({"database": block}), tmp_path))
    assert (found["Engine"], found["DBInstanceClass"], found["AllocatedStorage"]) == (engine, "db.m7g.large", "100")
    assert found["MultiAZ"] is False


def test_is_encrypted_and_never_public(made: Template) -> None:
    found = instance(made)
    assert (found["StorageEncrypted"], found["PubliclyAccessible"]) == (True, False)
    assert "KmsKeyId" not in found


def test_is_encrypted_with_the_clusters_key_if_there_is_one(tmp_path: Path) -> None:
    template = shared(FORMS["own key, internet-facing"], tmp_path)
    assert instance(template)["KmsKeyId"] == KEY
    assert the(template, "SecretsManager::Secret")[1]["KmsKeyId"] == KEY


def test_nobody_but_nodes_reaches_it_and_it_reaches_nobody(made: Template) -> None:
    group, own = the(made, "EC2::SecurityGroup", GroupDescription="Shared database of the cluster")
    nodes, shared_by_nodes = the(made, "EC2::SecurityGroup", GroupName="muster-as")
    rules = [
        each
        for each in of_type(made, "EC2::SecurityGroupIngress").values()
        if each["GroupId"] == attribute(group, "GroupId")
    ]
    assert [(each["FromPort"], each["ToPort"], each["SourceSecurityGroupId"]) for each in rules] == [
        (3306, 3306, attribute(nodes, "GroupId"))
    ]
    assert "SecurityGroupIngress" not in own
    assert [each["CidrIp"] for each in own["SecurityGroupEgress"]] == ["255.255.255.255/32"]
    assert instance(made)["VPCSecurityGroups"] == [attribute(group, "GroupId")]
    assert 3306 not in {each.get("FromPort") for each in shared_by_nodes["SecurityGroupEgress"]}
    _, way = the(made, "EC2::SecurityGroupEgress", DestinationSecurityGroupId=attribute(group, "GroupId"))
    assert (way["GroupId"], way["FromPort"], way["ToPort"]) == (attribute(nodes, "GroupId"), 3306, 3306)


@pytest.mark.parametrize(
    ("engine", "parameter"), [("mysql", "require_secure_transport"), ("postgres", "rds.force_ssl")]
)
def test_nobody_comes_without_tls(engine: str, parameter: str, tmp_path: Path) -> None:
    template = shared(FORMS[engine], tmp_path)
    name, parameters = the(template, "RDS::DBParameterGroup")
    assert parameters["Parameters"] == {parameter: "1"}
    assert instance(template)["DBParameterGroupName"] == ref(name)


def test_its_password_is_generated_and_in_no_template(made: Template) -> None:
    name, secret = the(made, "SecretsManager::Secret")
    generated = secret["GenerateSecretString"]
    assert json.loads(generated["SecretStringTemplate"]) == {"username": "wso2"}
    # RDS takes no / @ " and blank in a password
    assert (generated["ExcludePunctuation"], generated["PasswordLength"]) == (True, 32)
    assert (
        text(instance(made)["MasterUserPassword"], **{name: "S"})
        == "{{resolve:secretsmanager:S:SecretString:password::}}"
    )
    assert instance(made)["MasterUsername"] == "wso2"


@pytest.mark.parametrize(
    ("engine", "url"),
    [
        ("mysql", "jdbc:mysql://<HOST>:3306/wso2?sslMode=REQUIRED"),
        ("postgres", "jdbc:postgresql://<HOST>:5432/wso2?sslmode=require"),
    ],
)
def test_nodes_are_told_where_it_is_and_by_which_driver(engine: str, url: str, tmp_path: Path) -> None:
    template = shared(FORMS[engine], tmp_path)
    outputs, (name, _) = template["Outputs"], the(template, "RDS::DBInstance")
    assert text(outputs["url"]["Value"]).replace(name, "HOST") == url
    assert attribute(name, "Endpoint.Address") in outputs["url"]["Value"]["Fn::Join"][1]
    assert outputs["driver"]["Value"] == ENGINES["mysql" if engine == "mysql" else "postgres"].driver


def test_another_driver_reaches_the_nodes(tmp_path: Path) -> None:
    block = {"engine": "mysql", "driver": "com.mysql.jdbc.Driver"}
    assert shared(server({"database": block}), tmp_path)["Outputs"]["driver"]["Value"] == "com.mysql.jdbc.Driver"


@pytest.mark.parametrize(
    ("protection", "refused", "policy", "days"),
    [("on", True, "Snapshot", 7), ("lifted", False, "Snapshot", 7), ("off", False, "Delete", 1)],
)
def test_protection_decides_whether_it_can_be_deleted_and_what_stays(
    protection: str, refused: bool, policy: str, days: int, tmp_path: Path
) -> None:
    template = shared(server({"database": {"engine": "mysql"}}, protection=protection), tmp_path)
    found = instance(template)
    assert found["DeletionProtection"] is refused
    assert kept(template) == (policy, policy)
    assert (found["BackupRetentionPeriod"], found["DeleteAutomatedBackups"]) == (days, protection == "off")


def subnets(template: Template) -> dict[str, dict[str, Any]]:
    """Return the subnets of the cluster's own in which the database may lie, by logical id."""
    _, group = the(template, "RDS::DBSubnetGroup")
    return {each["Ref"]: template["Resources"][each["Ref"]]["Properties"] for each in group["SubnetIds"]}


@pytest.mark.parametrize("form", ["mysql", "own key, internet-facing"])
def test_lies_in_private_subnets_of_two_zones_in_which_no_node_is(form: str, tmp_path: Path) -> None:
    template = shared(FORMS[form], tmp_path)
    found = subnets(template)
    assert {each["AvailabilityZone"] for each in found.values()} == {"eu-west-1a", "eu-west-1b"}
    nodes = {name for name in of_type(template, "EC2::Subnet") if name.startswith("NetworkNodes")}
    assert nodes
    assert not nodes & found.keys()
    tables = {
        each["RouteTableId"]["Ref"]
        for each in of_type(template, "EC2::SubnetRouteTableAssociation").values()
        if each["SubnetId"]["Ref"] in found
    }
    routed = [each for each in of_type(template, "EC2::Route").values() if each["RouteTableId"]["Ref"] in tables]
    assert tables
    assert routed == []


def test_in_an_existing_vpc_it_lies_in_the_balancers_subnets(tmp_path: Path) -> None:
    template = shared(FORMS["existing VPC, internet-facing"], tmp_path)
    _, group = the(template, "RDS::DBSubnetGroup")
    assert group["SubnetIds"] == [zone["balancer"]["id"] for _, zone in sorted(EXISTING["zones"].items())]
    assert of_type(template, "EC2::Subnet") == {}


def test_a_database_that_is_there_is_not_made(tmp_path: Path) -> None:
    secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:as-db-AbCdEf"
    block = {"url": "jdbc:mysql://db.example.org/wso2", "secret": secret}
    template = shared(server({"database": block}), tmp_path)
    assert not [each for each in template["Resources"].values() if each["Type"].startswith("AWS::RDS::")]


@pytest.mark.parametrize("form", FORMS)
def test_rule_packs_find_nothing_that_is_not_accepted(form: str, tmp_path: Path) -> None:
    assert {each for each in judged(FORMS[form], tmp_path) if each.rule not in WARNED} == set()


@pytest.mark.parametrize("form", FORMS)
def test_every_acknowledgement_is_needed(form: str, tmp_path: Path) -> None:
    with nothing_accepted() as acknowledged:
        found = judged(FORMS[form], tmp_path)
    assert acknowledged
    assert unneeded(acknowledged, found) == set()


@pytest.mark.parametrize("form", FORMS)
def test_cfn_lint_finds_nothing_but_the_zones(form: str, tmp_path: Path) -> None:
    whole = json.dumps(shared(FORMS[form], tmp_path))
    assert {each.rule.id for each in lint(whole, config=ManualArgs(regions=["eu-west-1"]))} <= {"W3010"}

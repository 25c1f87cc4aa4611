"""A whole cluster of WSO2 AS in one stack: what it makes, and what its nodes are told."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from muster.names import parameter_name
from tests.conftest import Template
from tests.template_help import depends_on, of_type, text, the
from tests.test_host_routes import whole
from tests.wso2_as_support import GIVEN, MGT, SECRET, WORKERS, server

DATABASE = {"url": "jdbc:mysql://db.example.org/wso2", "secret": f"{SECRET}:as-db-AbCdEf"}


def stack(block: Mapping[str, Any] | None = None, *, folder: Path, **others: Any) -> Template:
    """Return the template of a cluster with changes of the product's block, which needs no user for discovery."""
    return whole(server({"membership": "wka", **(block or {})}, **others), folder)


def told(template: Template) -> dict[str, Any]:
    """Return what nodes are told, with logical ids in place of what CloudFormation fills in."""
    parameters = of_type(template, "SSM::Parameter").values()
    (value,) = [each["Value"] for each in parameters if each["Name"] == parameter_name("as")]
    document: dict[str, Any] = json.loads(text(value))
    return document


def made_secrets(template: Template) -> int:
    """Return how many secrets are made."""
    return len(of_type(template, "SecretsManager::Secret"))


def waiting(template: Template) -> set[bool]:
    """Return for each node whether it waits for the database."""
    database = the(template, "RDS::DBInstance")[0]
    return {database in depends_on(template, node) for node in of_type(template, "EC2::Instance")}


def test_a_plain_cluster_has_two_accounts_of_its_repository_and_no_database(tmp_path: Path) -> None:
    template = stack(folder=tmp_path)
    document = told(template)
    assert (set(document["secrets"]), made_secrets(template)) == ({"commit", "checkout"}, 2)
    assert of_type(template, "RDS::DBInstance") == {}
    assert "database" not in document["settings"]


def test_for_a_given_repository_no_account_is_made(tmp_path: Path) -> None:
    template = stack({"artifacts": GIVEN}, folder=tmp_path)
    given = {"commit": GIVEN["commit_secret"], "checkout": GIVEN["checkout_secret"]}
    assert (told(template)["secrets"], made_secrets(template)) == (given, 0)


def test_nodes_are_told_of_the_database_that_is_made_and_wait_for_it(tmp_path: Path) -> None:
    template = stack({"database": {"engine": "postgres"}}, folder=tmp_path)
    document, database = told(template), the(template, "RDS::DBInstance")[0]
    url = document["settings"]["database"].pop("url")
    assert url.startswith("jdbc:postgresql://"), url
    assert database in url
    assert url.endswith(":5432/wso2?sslmode=require"), url
    assert document["settings"]["database"] == {"driver": "org.postgresql.Driver"}
    assert waiting(template) == {True}


def may_read(template: Template, node: str) -> set[str]:
    """Return the made secrets that a node may read, by logical ids."""
    instances = of_type(template, "EC2::Instance")
    (instance,) = [each for name, each in instances.items() if name.startswith(f"Node{node}")]
    profile = instance["IamInstanceProfile"]["Ref"]
    (role,) = of_type(template, "IAM::InstanceProfile")[profile]["Roles"]
    policies = [
        json.dumps(each["PolicyDocument"])
        for each in of_type(template, "IAM::ManagedPolicy").values()
        if role in each.get("Roles", ())
    ]
    return {
        secret for secret in of_type(template, "SecretsManager::Secret") if any(secret in each for each in policies)
    }


def test_all_nodes_may_read_the_secret_of_the_database_that_is_made(tmp_path: Path) -> None:
    template = stack({"database": {"engine": "mysql"}}, folder=tmp_path)
    document = told(template)
    assert (set(document["secrets"]), made_secrets(template)) == ({"commit", "checkout", "database"}, 3)
    (database,) = [each for each in of_type(template, "SecretsManager::Secret") if "Database" in each]
    assert all(database in may_read(template, node) for node in "abc")


def test_workers_may_not_read_the_account_that_commits(tmp_path: Path) -> None:
    """A program on a worker has whatever its node's role may do; management commits, and reads both."""
    template = stack(folder=tmp_path)
    (commit,) = [each for each in of_type(template, "SecretsManager::Secret") if "Commit" in each]
    (checkout,) = [each for each in of_type(template, "SecretsManager::Secret") if "Checkout" in each]
    assert {node: may_read(template, node) for node in "abc"} == {
        "a": {commit, checkout},
        "b": {checkout},
        "c": {checkout},
    }


def test_workers_may_not_touch_dumps_of_the_repository(tmp_path: Path) -> None:
    template = stack(folder=tmp_path, protection="on")
    policies = of_type(template, "IAM::ManagedPolicy")
    writing = {name for name, each in policies.items() if "s3:PutObject" in json.dumps(each)}
    assert {name.partition("Policy")[0] for name in writing} == {"KeeperRole"}


def test_nodes_are_told_of_a_given_database_and_none_is_made(tmp_path: Path) -> None:
    template = stack({"database": DATABASE}, folder=tmp_path)
    document = told(template)
    assert document["settings"]["database"] == {"url": DATABASE["url"]}
    assert document["secrets"]["database"] == DATABASE["secret"]
    assert (made_secrets(template), of_type(template, "RDS::DBInstance")) == (2, {})


def test_workers_go_on_while_the_only_management_node_is_taken_out(tmp_path: Path) -> None:
    """Its place stays, and nodes are told that it commits: nobody does, until it is there again."""
    template = stack(folder=tmp_path, nodes={"a": {**MGT, "present": False}, **WORKERS})
    document = told(template)
    assert document["settings"]["committer"] == "a"
    assert {each["name"]: each["present"] for each in document["members"]} == {"a": False, "b": True, "c": True}
    assert len(of_type(template, "EC2::Instance")) == 2
    groups = of_type(template, "ElasticLoadBalancingV2::TargetGroup").values()
    assert sorted(len(each.get("Targets", ())) for each in groups) == [0, 2]


def test_the_made_repository_is_backed_up_where_the_cluster_keeps_data(tmp_path: Path) -> None:
    document = told(stack(folder=tmp_path, protection="on"))
    backup = document["settings"]["artifacts"].pop("backup")
    assert document["settings"]["artifacts"] == {"append": True, "url": ""}
    assert "ArtifactsBackups" in backup.pop("bucket")
    assert backup == {"prefix": "artifacts", "hour": 2, "days": 30}


def test_a_cluster_is_let_go_without_waiting_for_nodes_that_back_up(tmp_path: Path) -> None:
    """By the generation, which is in the name of what is waited for."""
    handles = []
    for said in ("on", "off"):
        (tmp_path / said).mkdir()
        template = stack(folder=tmp_path / said, protection=said)
        handles.append(set(of_type(template, "CloudFormation::WaitConditionHandle")))
    assert handles[0] == handles[1]


def test_nodes_may_write_and_read_dumps_of_their_artifacts_alone(tmp_path: Path) -> None:
    policies = of_type(stack(folder=tmp_path, protection="on"), "IAM::ManagedPolicy").values()
    every = [each for policy in policies for each in policy["PolicyDocument"]["Statement"]]
    (statement,) = [each for each in every if each.get("Sid") == "Backups"]
    assert statement["Action"] == ["s3:GetObject", "s3:PutObject"]
    assert "/artifacts/*" in json.dumps(statement["Resource"])


@pytest.mark.parametrize(
    ("block", "others"), [({"artifacts": GIVEN}, {"protection": "on"}), ({}, {"protection": "off"})], ids=str
)
def test_of_a_given_repository_and_without_protection_there_are_no_backups(
    block: dict[str, Any], others: dict[str, Any], tmp_path: Path
) -> None:
    template = stack(block, folder=tmp_path, **others)
    assert "backup" not in told(template)["settings"]["artifacts"]
    assert [each for each in of_type(template, "S3::Bucket") if "Backups" in each] == []
    assert '"Backups"' not in json.dumps(template)

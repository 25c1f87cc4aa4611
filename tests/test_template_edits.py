"""The faults that the scenarios put into a stack take away one thing and nothing else, and are published."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.template_edits import (
    MISSING_SECRET,
    edit_template,
    with_description,
    with_missing_secret,
    without_action,
    without_permission,
    without_self_rule,
)

OLD = "0" * 64


def template() -> dict[str, Any]:
    statements = [{"Action": action, "Resource": "*"} for action in ("s3:GetObject", "ssm:GetParameter")]
    return {
        "Resources": {
            "Policy": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": {"Statement": statements}}},
            "Rule": {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": {"FromPort": 9093}},
            "Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Description": "administrator of H2"}},
            "Parameter": {"Type": "AWS::SSM::Parameter", "Properties": {"Value": [{"Ref": "Secret"}, "x"]}},
            "Node": {"Type": "AWS::EC2::Instance", "DependsOn": ["Rule", "Policy"]},
        }
    }


def test_one_statement_is_taken_and_the_others_stay() -> None:
    changed = without_action("s3:GetObject")(template())
    kept = changed["Resources"]["Policy"]["Properties"]["PolicyDocument"]["Statement"]
    assert [statement["Action"] for statement in kept] == ["ssm:GetParameter"]


def test_a_policy_of_one_statement_goes_with_it_and_with_what_waited_for_it() -> None:
    given = template()
    given["Resources"]["Policy"]["Properties"]["PolicyDocument"]["Statement"].pop()
    changed = without_action("s3:GetObject")(given)["Resources"]
    assert "Policy" not in changed
    assert changed["Node"]["DependsOn"] == ["Rule"]


ALLOWED: list[dict[str, Any]] = [
    {"Sid": "Files", "Effect": "Allow", "Action": "s3:GetObject", "Resource": [{"Ref": "One"}, {"Ref": "Other"}]},
    {"Sid": "Backups", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "*"},
]


def allowed(*statement: str) -> Any:
    """Return the policy's statements once that was taken away."""
    given = template()
    given["Resources"]["Policy"]["Properties"]["PolicyDocument"]["Statement"] = [dict(each) for each in ALLOWED]
    changed = without_permission("Pol", *statement)(given)
    return changed["Resources"]["Policy"]["Properties"]["PolicyDocument"]["Statement"]


def test_one_action_of_a_statement_is_taken_and_the_same_one_of_another_stays() -> None:
    assert allowed("Backups", "s3:GetObject") == [ALLOWED[0], {**ALLOWED[1], "Action": ["s3:PutObject"]}]


def test_one_resource_of_a_statement_is_taken_and_the_others_stay() -> None:
    assert allowed("Files", "s3:GetObject", "Other") == [{**ALLOWED[0], "Resource": [{"Ref": "One"}]}, ALLOWED[1]]


def test_a_statement_whose_last_action_is_taken_goes() -> None:
    assert allowed("Files", "s3:GetObject") == ALLOWED[1:]


def test_the_policy_of_a_file_system_loses_an_action() -> None:
    policy = {"Statement": [{"Sid": "Nodes", "Action": ["mount", "write"]}]}
    given = {"Resources": {"Files": {"Type": "AWS::EFS::FileSystem", "Properties": {"FileSystemPolicy": policy}}}}
    changed = without_permission("Files", "Nodes", "write")(given)["Resources"]["Files"]["Properties"]
    assert changed["FileSystemPolicy"]["Statement"] == [{"Sid": "Nodes", "Action": ["mount"]}]


def test_a_rule_goes_with_what_waited_for_it() -> None:
    changed = without_self_rule(9093)(template())["Resources"]
    assert "Rule" not in changed
    assert changed["Node"]["DependsOn"] == ["Policy"]


def test_a_secret_goes_and_who_read_it_is_told_of_another() -> None:
    changed = with_missing_secret("administrator")(template())["Resources"]
    assert "Secret" not in changed
    assert changed["Parameter"]["Properties"]["Value"] == [MISSING_SECRET, "x"]


@pytest.mark.parametrize(
    "edit",
    [
        without_action("ec2:Nothing"),
        without_permission("Policy", "", "ec2:Nothing"),
        without_permission("Policy", "", "s3:GetObject", "no such resource"),
        without_self_rule(1),
        with_missing_secret("nobody"),
    ],
)
def test_a_fault_that_finds_nothing_to_take_is_refused(edit: Any) -> None:
    with pytest.raises(AssertionError):
        edit(template())


def test_an_edited_template_is_published_under_its_new_hash(tmp_path: Path) -> None:
    (tmp_path / "x.template.json").write_text(json.dumps(template()))
    (tmp_path / "manifest.json").write_text(json.dumps({"url": f"s3://bucket/{OLD}.json"}))
    (tmp_path / "x.assets.json").write_text(json.dumps({"files": {OLD: {"objectKey": f"{OLD}.json"}}}))
    edit_template(tmp_path, with_description("changed"))
    new = hashlib.sha256((tmp_path / "x.template.json").read_bytes()).hexdigest()
    for name in ("manifest.json", "x.assets.json"):
        text = (tmp_path / name).read_text()
        assert OLD not in text
        assert new in text

"""The stack policy: what holds data is never replaced, and in a protected cluster not removed either."""

import json
from pathlib import Path
from typing import Any

import pytest

from operations.errors import Failure
from operations.guard import guard_stack, stack_policy
from tests.aws_help import Answers
from tests.conftest import Template

TEMPLATE: dict[str, Any] = {
    "Resources": {
        "NodeA": {"Type": "AWS::EC2::Instance", "Properties": {"Volumes": [{"VolumeId": {"Ref": "DataA"}}]}},
        "DataA": {"Type": "AWS::EC2::Volume", "DeletionPolicy": "Delete"},
        "DataB": {"Type": "AWS::EC2::Volume", "DeletionPolicy": "Delete"},
        "Secret": {"Type": "AWS::SecretsManager::Secret"},
        "Witness": {"Type": "AWS::DynamoDB::Table"},
        "Group": {"Type": "AWS::EC2::SecurityGroup"},
    }
}


def denied(policy: dict[str, Any], action: str) -> list[str]:
    """Return the logical ids for which `action` is denied."""
    return [
        name.removeprefix("LogicalResourceId/")
        for statement in policy["Statement"]
        if (statement["Effect"], statement["Action"]) == ("Deny", action)
        for name in statement["Resource"]
    ]


def test_everything_else_may_be_updated() -> None:
    first = stack_policy(TEMPLATE)["Statement"][0]
    assert first == {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}


def test_instances_their_volumes_secrets_and_the_witness_are_never_replaced() -> None:
    assert denied(stack_policy(TEMPLATE), "Update:Replace") == ["DataA", "NodeA", "Secret", "Witness"]


def test_an_unprotected_cluster_may_lose_its_volumes() -> None:
    assert denied(stack_policy(TEMPLATE), "Update:Delete") == []


def test_a_protected_cluster_may_not_lose_its_volumes_secrets_and_witness() -> None:
    kept = json.loads(json.dumps(TEMPLATE).replace('"DeletionPolicy": "Delete"', '"DeletionPolicy": "Snapshot"'))
    assert denied(stack_policy(kept), "Update:Delete") == ["DataA", "Secret", "Witness"]


def test_the_volume_of_an_absent_node_may_move() -> None:
    assert "DataB" not in denied(stack_policy(TEMPLATE), "Update:Replace")


def test_a_stack_without_nodes_has_no_empty_statement() -> None:
    assert len(stack_policy({"Resources": {}})["Statement"]) == 1


def test_the_policy_of_a_real_template_is_small_enough_and_guards_every_node(template: Template) -> None:
    policy = stack_policy(template)
    types = [template["Resources"][name]["Type"] for name in denied(policy, "Update:Replace")]
    assert types.count("AWS::EC2::Instance") == types.count("AWS::EC2::Volume") == 2
    assert types.count("AWS::SecretsManager::Secret") == 3
    assert types.count("AWS::DynamoDB::Table") == 1
    assert len(json.dumps(policy)) < 16_384  # what CloudFormation takes


def test_the_policy_follows_from_the_deployed_template() -> None:
    aws = Answers()
    stub = aws.stub("cloudformation")
    stub.add_response("get_template", {"TemplateBody": json.dumps(TEMPLATE)}, {"StackName": "muster-x"})
    body = json.dumps(stack_policy(TEMPLATE))
    stub.add_response("set_stack_policy", {}, {"StackName": "muster-x", "StackPolicyBody": body})
    assert guard_stack(aws, "muster-x") == 4
    stub.assert_no_pending_responses()


def test_a_stack_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    del tmp_path
    aws = Answers()
    aws.stub("cloudformation").add_client_error(
        "get_template", "ValidationError", "Stack with id muster-x does not exist", http_status_code=400
    )
    with pytest.raises(Failure, match="the stack muster-x is not there: deploy it first"):
        guard_stack(aws, "muster-x")

"""The table of the witness, and what a node may do with it."""

from typing import Any

import pytest

from tests.conftest import Synthesize, Template
from tests.node_side import KEY
from tests.template_help import attribute, of_type, the
from tests.test_node_role import statements


def resource(template: Template) -> dict[str, Any]:
    """Return the table whole."""
    found: dict[str, Any] = template["Resources"][the(template, "DynamoDB::Table")[0]]
    return found


def test_a_cluster_has_one_with_one_key(node_side: Synthesize) -> None:
    _, table = the(node_side(), "DynamoDB::Table")
    assert table["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    assert table["AttributeDefinitions"] == [{"AttributeName": "id", "AttributeType": "S"}]


def test_it_costs_nothing_while_nobody_asks(node_side: Synthesize) -> None:
    assert the(node_side(), "DynamoDB::Table")[1]["BillingMode"] == "PAY_PER_REQUEST"


def test_its_name_is_left_to_cloudformation(node_side: Synthesize) -> None:
    """One of a cluster of before, which stayed behind, is not in the way."""
    assert "TableName" not in the(node_side(), "DynamoDB::Table")[1]


def test_every_moment_of_it_can_be_had_back(node_side: Synthesize) -> None:
    for protection in ("on", "lifted", "off"):
        _, table = the(node_side(protection=protection), "DynamoDB::Table")
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


@pytest.mark.parametrize(
    ("protection", "refused", "policy"), [("on", True, "Retain"), ("lifted", False, "Retain"), ("off", False, "Delete")]
)
def test_it_is_kept_as_the_data_are(protection: str, refused: bool, policy: str, node_side: Synthesize) -> None:
    table = resource(node_side(protection=protection))
    assert table["Properties"]["DeletionProtectionEnabled"] is refused
    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == (policy, policy)


def test_it_is_encrypted_with_the_clusters_key_if_there_is_one(node_side: Synthesize) -> None:
    _, table = the(node_side(kms_key=KEY, account="123456789012"), "DynamoDB::Table")
    assert table["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": KEY}
    assert "SSESpecification" not in the(node_side(), "DynamoDB::Table")[1]


def test_a_node_may_read_and_change_its_one_item_and_nothing_else(node_side: Synthesize) -> None:
    template = node_side()
    table, _ = the(template, "DynamoDB::Table")
    found = {name: each for name, each in statements(template).items() if "dynamodb" in str(each)}
    assert found == {
        "Witness": {
            "Effect": "Allow",
            "Action": ["dynamodb:GetItem", "dynamodb:UpdateItem"],
            "Resource": attribute(table, "Arn"),
            "Condition": {
                "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["witness"]},
                "Null": {"dynamodb:LeadingKeys": "false"},
            },
        }
    }


def test_it_carries_the_clusters_tags(node_side: Synthesize) -> None:
    _, table = the(node_side(tags={"cost-center": "1234"}), "DynamoDB::Table")
    assert {"Key": "cost-center", "Value": "1234"} in table["Tags"]
    assert {"Key": "muster:cluster", "Value": "as400"} in table["Tags"]


def test_there_is_no_other_table(node_side: Synthesize) -> None:
    assert len(of_type(node_side(), "DynamoDB::Table")) == 1

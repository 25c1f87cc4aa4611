"""The user whose key finds members, for engines that take neither a role nor temporary credentials."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template as Assertions

from muster.discovery_user import DiscoveryUser
from tests.conftest import CARBON, Synthesize, Template
from tests.template_help import attribute, depends_on, of_type, ref, text, the
from tests.test_discovery_policy import STATEMENT, describing

KEY = "arn:aws:kms:eu-west-1:123456789012:key/12345678-1234-1234-1234-123456789012"
OLD = {**CARBON, "wso2": {"kernel": "4.4.40"}}


@pytest.fixture(scope="module")
def template(synthesize: Synthesize) -> Template:
    """Return the template of a kernel whose engine takes a key alone."""
    return synthesize(**OLD)


def alone(**numbers: Any) -> Template:
    """Return the template of a stack with a user of these key numbers."""
    stack = cdk.Stack(cdk.App(), "S")
    DiscoveryUser(stack, "User", cluster="carbon", kms_key=None, **numbers)
    return dict(Assertions.from_stack(stack).to_json())


def kept(template: Template) -> dict[str, Any]:
    """Return what the secret holds, references by their logical ids."""
    _, secret = the(template, "SecretsManager::Secret")
    value: dict[str, Any] = json.loads(text(secret["SecretString"]))
    return value


def test_may_describe_instances_of_this_region_and_nothing_else(template: Template) -> None:
    user, properties = the(template, "IAM::User")
    (policy,) = describing(template)
    found = template["Resources"][policy]["Properties"]
    assert (found["Users"], found.get("Roles")) == ([ref(user)], None)
    assert found["PolicyDocument"]["Statement"] == [STATEMENT]
    assert not {"LoginProfile", "Groups", "Policies", "ManagedPolicyArns"} & properties.keys()


def test_has_the_clusters_permission_boundary(synthesize: Synthesize) -> None:
    boundary = "arn:aws:iam::123456789012:policy/bounded"
    _, bounded = the(synthesize(**OLD, permission_boundary=boundary), "IAM::User")
    _, plain = the(synthesize(**OLD), "IAM::User")
    assert (bounded.get("PermissionsBoundary"), plain.get("PermissionsBoundary")) == (boundary, None)


def test_its_key_stands_in_a_secret_and_in_no_template(template: Template) -> None:
    key, properties = the(template, "IAM::AccessKey")
    user, _ = the(template, "IAM::User")
    assert properties == {"UserName": ref(user)}
    _, secret = the(template, "SecretsManager::Secret")
    references = [part for part in secret["SecretString"]["Fn::Join"][1] if not isinstance(part, str)]
    assert references == [ref(key), attribute(key, "SecretAccessKey")]
    assert kept(template) == {"access_key_id": f"<{key}>", "secret_access_key": f"<{key}>"}


def test_nodes_may_read_exactly_that_secret_and_describe_nothing_themselves(template: Template) -> None:
    secret, _ = the(template, "SecretsManager::Secret")
    (role,) = {each["Roles"][0]["Ref"] for each in of_type(template, "IAM::InstanceProfile").values()}
    statements = [
        statement
        for each in of_type(template, "IAM::ManagedPolicy").values()
        if ref(role) in each.get("Roles", [])
        for statement in each["PolicyDocument"]["Statement"]
    ]
    reading = [each for each in statements if "secretsmanager" in str(each["Action"])]
    assert [(each["Action"], each["Resource"]) for each in reading] == [("secretsmanager:GetSecretValue", ref(secret))]
    assert "DescribeInstances" not in json.dumps(statements)


def test_nodes_are_told_where_the_key_is_and_its_number(template: Template) -> None:
    secret, _ = the(template, "SecretsManager::Secret")
    _, parameter = the(template, "SSM::Parameter")
    document = json.loads(text(parameter["Value"]))
    assert document["secrets"] == {"discovery": f"<{secret}>"}
    assert (document["settings"]["credentials"], document["settings"]["discovery_key"]) == ("keys", 1)


def test_what_it_needs_stands_before_a_node_looks_for_members(template: Template) -> None:
    (document,) = of_type(template, "SSM::Parameter")
    assert set(describing(template)) <= depends_on(template, document)


def test_the_clusters_own_key_encrypts_the_secret(synthesize: Synthesize) -> None:
    template = synthesize(**OLD, account="123456789012", kms_key=KEY)
    _, secret = the(template, "SecretsManager::Secret")
    assert secret["KmsKeyId"] == KEY


def test_another_number_is_another_key_and_the_former_goes_on_beside_it() -> None:
    before, between, after = alone(), alone(current=2, former=1), alone(current=2)
    (first,), (second,) = of_type(before, "IAM::AccessKey"), of_type(after, "IAM::AccessKey")
    assert first != second
    assert set(of_type(between, "IAM::AccessKey")) == {first, second}
    assert kept(before)["access_key_id"] == f"<{first}>"
    assert kept(between) == kept(after)
    assert kept(after)["access_key_id"] == f"<{second}>"


def test_the_secret_is_the_same_one_whatever_key_it_holds() -> None:
    """Another would have another ARN, and nodes could not read it before their settings say so."""
    assert set(of_type(alone(), "SecretsManager::Secret")) == set(of_type(alone(current=7), "SecretsManager::Secret"))


def test_one_key_cannot_be_the_current_and_the_former_one() -> None:
    with pytest.raises(ValueError, match="key 2 cannot be both"):
        alone(current=2, former=2)


def test_is_absent_where_the_engine_takes_a_role(synthesize: Synthesize) -> None:
    template = synthesize(**CARBON)
    assert of_type(template, "IAM::User") == of_type(template, "IAM::AccessKey") == {}

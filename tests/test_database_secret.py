"""Generated passwords."""

import json
from collections.abc import Iterator
from typing import Any

from tests.conftest import Synthesize, Template
from tests.node_side import KEY
from tests.template_help import depends_on, of_type


def test_every_user_of_the_database_has_a_generated_password_and_the_members_a_key(node_side: Synthesize) -> None:
    generated = [each["GenerateSecretString"] for each in of_type(node_side(), "SecretsManager::Secret").values()]
    assert [json.loads(each["SecretStringTemplate"]) for each in generated] == [
        {"username": "sa"},
        {"username": "as400gateway"},
        {"username": "peer"},
    ]
    assert {(each["GenerateStringKey"], each["PasswordLength"]) for each in generated} == {("password", 32)}


def test_no_secret_is_given_in_the_template(node_side: Synthesize) -> None:
    assert not [each for each in of_type(node_side(), "SecretsManager::Secret").values() if "SecretString" in each]


def test_secrets_are_encrypted_with_the_clusters_key_if_there_is_one(node_side: Synthesize) -> None:
    secrets = of_type(node_side(kms_key=KEY, account="123456789012"), "SecretsManager::Secret").values()
    assert {each["KmsKeyId"] for each in secrets} == {KEY}


def test_secrets_go_with_the_stack_whether_data_are_protected_or_not(node_side: Synthesize) -> None:
    for protection in ("on", "off"):
        template = node_side(protection=protection)
        for name in of_type(template, "SecretsManager::Secret"):
            assert template["Resources"][name]["DeletionPolicy"] == "Delete"


def test_no_secret_is_deleted_before_every_instance_is(node_side: Synthesize) -> None:
    """CloudFormation deletes what nothing needs any more: a protected instance, which stays, keeps its passwords."""
    template = node_side()
    secrets = set(of_type(template, "SecretsManager::Secret"))
    for instance in of_type(template, "EC2::Instance"):
        assert secrets <= needed(template, instance)


def needed(template: Template, name: str) -> set[str]:
    """Return all resources that `name` needs, directly or not."""
    found: set[str] = set()
    ahead = [name]
    while ahead:
        resource = ahead.pop()
        direct = depends_on(template, resource) | set(named(template["Resources"][resource].get("Properties", {})))
        ahead += direct - found
        found |= direct
    return found


def named(value: Any) -> Iterator[str]:
    """Yield the logical ids that `value` refers to."""
    if isinstance(value, dict):
        if value.keys() == {"Ref"} and not value["Ref"].startswith("AWS::"):
            yield value["Ref"]
        elif value.keys() == {"Fn::GetAtt"}:
            yield value["Fn::GetAtt"][0]
        for each in value.values():
            yield from named(each)
    elif isinstance(value, list):
        for each in value:
            yield from named(each)

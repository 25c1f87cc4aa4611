"""Generated passwords."""

import json

from tests.conftest import Template
from tests.template_help import of_type


def test_every_user_of_the_database_has_a_generated_password(template: Template) -> None:
    generated = [each["GenerateSecretString"] for each in of_type(template, "SecretsManager::Secret").values()]
    assert [json.loads(each["SecretStringTemplate"]) for each in generated] == [
        {"username": "sa"},
        {"username": "as400gateway"},
    ]
    assert {(each["GenerateStringKey"], each["PasswordLength"]) for each in generated} == {("password", 32)}


def test_no_secret_is_given_in_the_template(template: Template) -> None:
    assert not [each for each in of_type(template, "SecretsManager::Secret").values() if "SecretString" in each]


def test_secrets_go_with_the_stack(template: Template) -> None:
    for name in of_type(template, "SecretsManager::Secret"):
        assert template["Resources"][name]["DeletionPolicy"] == "Delete"

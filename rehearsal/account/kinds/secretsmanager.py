"""Secrets."""

import json
from collections.abc import Mapping
from typing import Any

from rehearsal.account.cloud import Cloud
from rehearsal.account.kinds.base import Existing, Fields, Kind, Made, Request, retag

RULES = (
    "ExcludeCharacters",
    "ExcludeLowercase",
    "ExcludeNumbers",
    "ExcludePunctuation",
    "ExcludeUppercase",
    "IncludeSpace",
    "PasswordLength",
    "RequireEachIncludedType",
)


class Secret(Kind):
    """A secret, given or generated; `Ref` is its ARN."""

    type = "AWS::SecretsManager::Secret"
    mutable = frozenset({"Description", "GenerateSecretString", "KmsKeyId", "SecretString", "Tags"})
    properties = mutable | {"Name"}
    custom_name = "Name"

    def create(self, request: Request) -> Made:
        """Create the secret."""
        name = request.properties.get("Name") or request.generated_name(512)
        given = {"SecretString": self._text(request), **request.given("Description", "KmsKeyId")}
        arn = request.call("secretsmanager", "CreateSecret", Name=name, Tags=request.own_tags(), **given)["ARN"]
        return Made(arn, {"Id": arn})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Change what is declared; another way to generate makes a new text, as on AWS."""
        changed = request.changed(old)
        given = request.given("Description", "KmsKeyId")
        if changed & {"GenerateSecretString", "SecretString"}:
            given["SecretString"] = self._text(request)
        request.call("secretsmanager", "UpdateSecret", SecretId=old.physical_id, **given)
        retag(request, old, "secretsmanager", SecretId=old.physical_id)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the secret at once, as CloudFormation does."""
        cloud.call("secretsmanager", "DeleteSecret", SecretId=old.physical_id, ForceDeleteWithoutRecovery=True)

    @staticmethod
    def _text(request: Request) -> str:
        if "GenerateSecretString" not in request.properties:
            return str(request.properties.get("SecretString", ""))
        fields = Fields(request.properties["GenerateSecretString"], "GenerateSecretString")
        template, key = fields.take("SecretStringTemplate"), fields.take("GenerateStringKey")
        rules = {name: fields.take(name) for name in RULES if name in fields}
        fields.done()
        password = request.call("secretsmanager", "GetRandomPassword", **rules)["RandomPassword"]
        return json.dumps({**json.loads(template), key: password}) if key else str(password)


KINDS: tuple[type[Kind], ...] = (Secret,)

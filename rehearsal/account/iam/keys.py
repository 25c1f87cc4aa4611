"""What a request needs besides where a customer key encrypts: the service uses the key in the caller's name.

The key's own policy is taken to leave the decision to IAM, as the one does that a new key has.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from rehearsal.account.iam.context import ON_BEHALF
from rehearsal.account.iam.policy import Ask
from rehearsal.account.iam.variables import Context


class Keys(Protocol):
    """Looks up in the account what is encrypted with which customer key; '' stands for AWS's own."""

    region: str
    account_id: str

    def secret_arn(self, secret_id: str) -> str:
        """Return the ARN of a secret."""

    def secret_key(self, secret_id: str) -> str:
        """Return the ARN of the key that a secret is encrypted with."""

    def table_key(self, table: str) -> str:
        """Return the ARN of the key that a table is encrypted with."""

    def bucket_key(self, bucket: str) -> str:
        """Return the ARN of the key that a bucket encrypts new objects with."""


def of_secret(name: str, given: Mapping[str, Any], common: Context, keys: Keys) -> list[Ask]:
    """Return what reading a secret needs (Secrets Manager user guide, "Secret encryption and decryption")."""
    if name != "GetSecretValue":
        return []
    context = {"kms:encryptioncontext:secretarn": [keys.secret_arn(given["SecretId"])]}
    return _asks("secretsmanager", ["Decrypt"], keys.secret_key(given["SecretId"]), {**common, **context}, keys)


def of_table(name: str, given: Mapping[str, Any], common: Context, keys: Keys) -> list[Ask]:
    """Return what reading and writing items needs: the table's own key is decrypted.

    Source: DynamoDB developer guide, "Encryption at rest: how it works".
    """
    if not name.endswith("Item"):
        return []
    return _asks("dynamodb", ["Decrypt"], keys.table_key(given["TableName"].split("/")[-1]), common, keys)


def of_object(action: str, bucket: str, common: Context, keys: Keys) -> list[Ask]:
    """Return what an object needs (S3 user guide, "Using server-side encryption with AWS KMS keys": permissions)."""
    needed = {"GetObject": ["Decrypt"], "GetObjectVersion": ["Decrypt"], "PutObject": ["GenerateDataKey"]}
    return _asks("s3", needed.get(action, []), keys.bucket_key(bucket) if action in needed else "", common, keys)


def _asks(service: str, actions: Sequence[str], key: str, common: Context, keys: Keys) -> list[Ask]:
    if not key:
        return []
    context = {
        **{name: values for name, values in common.items() if name != "aws:calledvia"},  # not every service is in it
        **ON_BEHALF,
        "kms:viaservice": [f"{service}.{keys.region}.amazonaws.com"],
        "kms:calleraccount": [keys.account_id],
    }
    return [Ask(f"kms:{action}", key, context) for action in actions]

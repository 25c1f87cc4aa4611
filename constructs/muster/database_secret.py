"""A generated password."""

import json

from aws_cdk import RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from muster.acknowledgements import HIPAA, NIST, PCI, acknowledge, acknowledge_in
from muster.products import Secret

_TOGETHER = "all members use it at the same moment: a change that Secrets Manager makes by itself would part them"
_NO_KEY = "the cluster file names no kms_key: AWS's own key for Secrets Manager encrypts the secret"


class DatabaseSecret(Construct):
    """A database user's password or the members' key, `{"username": ..., "password": ...}`.

    CloudFormation makes it, no template holds it. Encrypted with `kms_key` or AWS's own key; it goes with the stack,
    also where data are protected: H2's files are read without it (`org.h2.tools.Recover`). `secret` is the secret.
    Changing how it is generated makes a new one: never do it for a living cluster.
    """

    def __init__(
        self, scope: Construct, id_: str, *, cluster: str, secret: Secret, kms_key: kms.IKey | None = None
    ) -> None:
        super().__init__(scope, id_)
        self.secret = secretsmanager.Secret(
            self,
            "Secret",
            description=f"Cluster {cluster}: {secret.purpose}",
            encryption_key=kms_key,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=json.dumps({"username": secret.username}),
                generate_string_key="password",
                password_length=32,
                exclude_punctuation=True if secret.plain else None,
            ),
            removal_policy=RemovalPolicy.DESTROY,
        )
        acknowledge(self.secret, "AwsSolutions-SMG4", _TOGETHER)
        acknowledge_in(self.secret, (NIST, HIPAA), "SecretsManagerRotationEnabled", _TOGETHER)
        if kms_key is None:
            acknowledge_in(self.secret, (NIST, PCI, HIPAA), "SecretsManagerUsingKMSKey", _NO_KEY)
            acknowledge(self.secret, "CKV_AWS_149", _NO_KEY)

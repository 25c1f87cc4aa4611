"""A generated password."""

import json

from aws_cdk import RemovalPolicy
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from muster.acknowledgements import acknowledge
from muster.products import Secret


class DatabaseSecret(Construct):
    """A secret `{"username": ..., "password": ...}`; CloudFormation makes the password, no template holds it.

    `secret` is the secret. Changing how the password is generated makes a new one: never do it for a living cluster.
    """

    def __init__(self, scope: Construct, id_: str, *, cluster: str, secret: Secret) -> None:
        super().__init__(scope, id_)
        self.secret = secretsmanager.Secret(
            self,
            "Secret",
            description=f"Cluster {cluster}: {secret.purpose}",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=json.dumps({"username": secret.username}),
                generate_string_key="password",
                password_length=32,
            ),
            removal_policy=RemovalPolicy.DESTROY,
        )
        acknowledge(
            self.secret,
            "AwsSolutions-SMG4",
            "both H2 copies hold the password: to rotate it, the pair and the application must stop together",
        )

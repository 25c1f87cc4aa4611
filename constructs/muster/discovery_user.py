"""A user who can do nothing but find the members of a cluster."""

from collections.abc import Mapping
from typing import Final

from aws_cdk import RemovalPolicy, SecretValue
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from muster.acknowledgements import HIPAA, NIST, PCI, acknowledge, acknowledge_in
from muster.discovery_policy import DiscoveryPolicy
from muster.endpoints import Endpoints

_USER: Final = "the engine takes a user's key alone; the user may do one thing, and a group of one adds nothing"
_BY_DEPLOYMENT: Final = "CloudFormation makes the key and keeps it here: a deployment changes it, node after node"
_NO_KEY: Final = "the cluster file names no kms_key: AWS's own key for Secrets Manager encrypts the secret"


class DiscoveryUser(Construct):
    """IAM user `user`, who may ask for the instances of this region and no more, with the key number `current`.

    For engines that take neither a role nor temporary credentials. The key stands in `secret` (JSON `access_key_id` and
    `secret_access_key`), encrypted with `kms_key` or AWS's own, and in no template: CloudFormation puts it there. The
    key number `former` goes on working beside it, until every node has the other. Offers `settings`, what nodes are
    told, so that they read the secret anew for another key, and `policies`: what must stand before an instance starts.
    `endpoints`: see `DiscoveryPolicy`.
    Raises `ValueError` for two keys of one number.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        cluster: str,
        kms_key: kms.IKey | None,
        current: int = 1,
        former: int | None = None,
        endpoints: Endpoints | None = None,
    ) -> None:
        super().__init__(scope, id_)
        if former == current:
            raise ValueError(f"key {current} cannot be both the current and the former one")
        self.user = iam.User(self, "User")
        found = DiscoveryPolicy(self, "Find", users=[self.user], endpoints=endpoints)
        self.policies = [found.policy]
        self.settings: Mapping[str, int] = {"discovery_key": current}
        keys = {each: self._key(each) for each in (former, current) if each is not None}
        self.secret = self._secret(cluster, keys[current], kms_key)
        self._accept(found.policy)

    def _key(self, number: int) -> iam.CfnAccessKey:
        """Return the key of this number. By its id CloudFormation tells a new key from the one before."""
        return iam.CfnAccessKey(self, f"Key{number}", user_name=self.user.user_name)

    def _secret(self, cluster: str, key: iam.CfnAccessKey, kms_key: kms.IKey | None) -> secretsmanager.Secret:
        secret = secretsmanager.Secret(
            self,
            "Secret",
            description=f"Cluster {cluster}: the key by which its members find each other",
            encryption_key=kms_key,
            secret_object_value={
                "access_key_id": SecretValue.unsafe_plain_text(key.ref),
                "secret_access_key": SecretValue.resource_attribute(key.attr_secret_access_key),
            },
            removal_policy=RemovalPolicy.DESTROY,
        )
        acknowledge(secret, "AwsSolutions-SMG4", _BY_DEPLOYMENT)
        acknowledge_in(secret, (NIST, HIPAA), "SecretsManagerRotationEnabled", _BY_DEPLOYMENT)
        if kms_key is None:
            acknowledge_in(secret, (NIST, PCI, HIPAA), "SecretsManagerUsingKMSKey", _NO_KEY)
            acknowledge(secret, "CKV_AWS_149", _NO_KEY)
        return secret

    def _accept(self, policy: iam.ManagedPolicy) -> None:
        acknowledge_in(self.user, (NIST, PCI, HIPAA), "IAMUserGroupMembership", _USER)
        acknowledge_in(policy, (NIST, PCI, HIPAA), "IAMUserNoPolicies", _USER)

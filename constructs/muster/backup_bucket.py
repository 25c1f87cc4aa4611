"""Where the nightly dumps of what nodes keep are kept: of a database, or of a repository."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct, IConstruct

from muster.acknowledgements import HIPAA, NIST, ONE_REGION, PCI, UNLOGGED, acknowledge, acknowledge_in
from muster.node_statements import allow
from muster.spec.model import Backup

PREFIX: Final = "h2"
"""What the keys of all dumps of a database begin with, before a slash."""

REGRETTED: Final = 7
"""Days for which a dump that was overwritten, or whose time is over, can still be had back."""

_BY_DATE: Final = "the key of each dump holds its date: what a node may write and read are the dumps of its own cluster"
_NO_KEY: Final = "the cluster file names no kms_key: S3 encrypts the dumps with its own key, and only TLS reaches them"


class BackupBucket(Construct):
    """Bucket `bucket`, private, encrypted with `kms_key` or S3's own key, versioned; it outlives the stack.

    Its owner owns every object, as in every bucket that is made since April 2023. A dump goes after `backup.days`, and
    stays to be had back for `REGRETTED` more. `statements` is what a node may do: write dumps and read them, for a
    restore; neither delete nor list them. Their keys begin with `prefix`. `settings` is what nodes are told.
    """

    def __init__(
        self, scope: Construct, id_: str, *, backup: Backup, kms_key: kms.IKey | None, prefix: str = PREFIX
    ) -> None:
        super().__init__(scope, id_)
        self._prefix = prefix
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.KMS if kms_key else s3.BucketEncryption.S3_MANAGED,
            encryption_key=kms_key,
            bucket_key_enabled=True if kms_key else None,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            versioned=True,
            removal_policy=RemovalPolicy.RETAIN,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="old",
                    expiration=Duration.days(backup.days),
                    noncurrent_version_expiration=Duration.days(REGRETTED),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                )
            ],
        )
        self.settings: Mapping[str, Any] = {"bucket": self.bucket.bucket_name, "prefix": prefix, "hour": backup.hour}
        self.statements = self._statements()
        self._acknowledge(kms_key)

    def _statements(self) -> Sequence[iam.PolicyStatement]:
        dumps = self.bucket.arn_for_objects(f"{self._prefix}/*")
        return [allow("Backups", ["s3:GetObject", "s3:PutObject"], [dumps])]

    def accept_in(self, policy: IConstruct) -> None:
        """Accept that `policy`, which holds `statements`, names all dumps: the key of each has its date in it."""
        bucket = Stack.of(self).get_logical_id(cast("s3.CfnBucket", self.bucket.node.default_child))
        acknowledge(policy, f"AwsSolutions-IAM5[Resource::<{bucket}.Arn>/{self._prefix}/*]", _BY_DATE)

    def _acknowledge(self, kms_key: kms.IKey | None) -> None:
        for rule in ("AwsSolutions-S1", "CKV_AWS_18"):
            acknowledge(self.bucket, rule, UNLOGGED)
        acknowledge_in(self.bucket, (NIST, PCI, HIPAA), "S3BucketLoggingEnabled", UNLOGGED)
        acknowledge_in(self.bucket, (NIST, PCI, HIPAA), "S3BucketReplicationEnabled", ONE_REGION)
        if kms_key is None:
            acknowledge_in(self.bucket, (NIST, PCI, HIPAA), "S3DefaultEncryptionKMS", _NO_KEY)

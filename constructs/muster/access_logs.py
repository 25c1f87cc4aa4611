"""The record of a balancer's requests."""

from typing import Final

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_s3 as s3
from constructs import Construct

from muster.acknowledgements import HIPAA, NIST, ONE_REGION, PCI, UNLOGGED, acknowledge, acknowledge_in

PREFIX: Final = "balancer"
"""What the names of all log files begin with."""


class AccessLogs(Construct):
    """Every request to `balancer`, in a bucket that outlives the stack; each log file goes after `days`.

    Encrypted with S3's own key, the only one with which Elastic Load Balancing delivers logs (ELB guide, "Enable
    access logs"). Offers `bucket`.
    """

    def __init__(self, scope: Construct, id_: str, *, balancer: elb.ApplicationLoadBalancer, days: int) -> None:
        super().__init__(scope, id_)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            versioned=True,
            removal_policy=RemovalPolicy.RETAIN,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="old",
                    expiration=Duration.days(days),
                    noncurrent_version_expiration=Duration.days(1),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                )
            ],
        )
        self._acknowledge()
        balancer.log_access_logs(self.bucket, PREFIX)

    def _acknowledge(self) -> None:
        packs = (NIST, PCI, HIPAA)
        for rule in ("AwsSolutions-S1", "CKV_AWS_18"):
            acknowledge(self.bucket, rule, UNLOGGED)
        acknowledge_in(self.bucket, packs, "S3BucketLoggingEnabled", UNLOGGED)
        acknowledge_in(self.bucket, packs, "S3BucketReplicationEnabled", ONE_REGION)
        acknowledge_in(
            self.bucket,
            packs,
            "S3DefaultEncryptionKMS",
            "Elastic Load Balancing delivers access logs only to buckets that S3 encrypts with its own key",
        )

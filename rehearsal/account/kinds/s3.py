"""S3 buckets and their policies."""

import json
from collections.abc import Mapping
from typing import Any

from rehearsal.account.cloud import Cloud
from rehearsal.account.cloudformation.faults import ResourceError
from rehearsal.account.kinds.base import Existing, Fields, Kind, Made, Request


class Bucket(Kind):
    """A bucket; `Ref` is its name."""

    type = "AWS::S3::Bucket"
    mutable = frozenset(
        {"AccessControl", "BucketEncryption", "LifecycleConfiguration", "LoggingConfiguration", "OwnershipControls"}
        | {"PublicAccessBlockConfiguration", "Tags", "VersioningConfiguration"}
    )
    properties = mutable | {"BucketName"}
    custom_name = "BucketName"

    def create(self, request: Request) -> Made:
        """Create the bucket and configure it."""
        name = request.properties.get("BucketName") or request.generated_name(63).lower()
        region = request.cloud.region
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        request.call("s3", "CreateBucket", Bucket=name, **where)
        request.made(name)
        self._configure(request, name)
        domains = {
            "DomainName": f"{name}.s3.amazonaws.com",
            "RegionalDomainName": f"{name}.s3.{region}.amazonaws.com",
            "DualStackDomainName": f"{name}.s3.dualstack.{region}.amazonaws.com",
        }
        return Made(name, {"Arn": f"arn:aws:s3:::{name}", **domains})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Configure the bucket anew."""
        self._configure(request, old.physical_id)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the bucket, which must be empty of all versions."""
        found = cloud.call("s3", "ListObjectVersions", Bucket=old.physical_id)
        if found.get("Versions") or found.get("DeleteMarkers"):
            text = "The bucket you tried to delete is not empty. You must delete all versions in the bucket."
            raise conflict(text if self._versioned(old) else "The bucket you tried to delete is not empty")
        cloud.call("s3", "DeleteBucket", Bucket=old.physical_id)

    @staticmethod
    def _versioned(old: Existing) -> bool:
        return "VersioningConfiguration" in old.properties

    def _configure(self, request: Request, name: str) -> None:
        given = request.properties
        if "AccessControl" in given and given["AccessControl"] != "Private":
            self.check(request.logical_id, {f"AccessControl {given['AccessControl']}": None})
        if versioning := given.get("VersioningConfiguration"):
            request.call("s3", "PutBucketVersioning", Bucket=name, VersioningConfiguration=versioning)
        if block := given.get("PublicAccessBlockConfiguration"):
            request.call("s3", "PutPublicAccessBlock", Bucket=name, PublicAccessBlockConfiguration=block)
        request.cloud.emulator.tag_bucket(name, request.own_tags())
        if "LoggingConfiguration" in given:
            about = {"LoggingEnabled": _logging(given["LoggingConfiguration"], name)}
            request.call("s3", "PutBucketLogging", Bucket=name, BucketLoggingStatus=about)
        if owners := given.get("OwnershipControls"):
            request.call("s3", "PutBucketOwnershipControls", Bucket=name, OwnershipControls=owners)
        if encryption := given.get("BucketEncryption"):
            configuration = {"Rules": [_encryption(rule) for rule in encryption["ServerSideEncryptionConfiguration"]]}
            about = {"ServerSideEncryptionConfiguration": configuration}
            request.call("s3", "PutBucketEncryption", Bucket=name, **about)
        if lifecycle := given.get("LifecycleConfiguration"):
            rules = {"Rules": [_lifecycle(rule) for rule in lifecycle["Rules"]]}
            request.call("s3", "PutBucketLifecycleConfiguration", Bucket=name, LifecycleConfiguration=rules)


def conflict(message: str) -> ResourceError:
    """Return the error of a bucket that cannot be deleted as it is."""
    return ResourceError(
        f'Resource handler returned message: "{message} (Service: S3, Status Code: 409, Error Code: BucketNotEmpty)"'
    )


def _encryption(given: Mapping[str, Any]) -> dict[str, Any]:
    fields = Fields(given, "ServerSideEncryptionConfiguration")
    rule: dict[str, Any] = {"ApplyServerSideEncryptionByDefault": fields.take("ServerSideEncryptionByDefault")}
    if "BucketKeyEnabled" in fields:
        rule["BucketKeyEnabled"] = fields.take("BucketKeyEnabled")
    fields.done()
    return rule


def _logging(given: Mapping[str, Any], own: str) -> dict[str, Any]:
    fields = Fields(given, "LoggingConfiguration")
    target = {
        "TargetBucket": fields.take("DestinationBucketName", own),
        "TargetPrefix": fields.take("LogFilePrefix", ""),
    }
    fields.done()
    return target


def _lifecycle(given: Mapping[str, Any]) -> dict[str, Any]:
    fields = Fields(given, "LifecycleConfiguration")
    rule = {"ID": fields.take("Id"), "Status": fields.take("Status"), "Filter": {"Prefix": fields.take("Prefix", "")}}
    for name in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
        if name in fields:
            rule[name] = fields.take(name)
    if "NoncurrentVersionTransitions" in fields:
        rule["NoncurrentVersionTransitions"] = [
            _transition(each, "TransitionInDays", "NoncurrentDays")
            for each in fields.take("NoncurrentVersionTransitions")
        ]
    if "Transitions" in fields:
        rule["Transitions"] = [_transition(each, "TransitionInDays", "Days") for each in fields.take("Transitions")]
    if "ExpirationInDays" in fields:
        rule["Expiration"] = {"Days": fields.take("ExpirationInDays")}
    fields.done()
    return rule


def _transition(given: Mapping[str, Any], days: str, called: str) -> dict[str, Any]:
    fields = Fields(given, "Transitions")
    result = {called: fields.take(days), "StorageClass": fields.take("StorageClass")}
    fields.done()
    return result


class BucketPolicy(Kind):
    """A bucket's policy.

    The emulator ignores conditions and would take "deny unless TLS" for "deny"; such statements stay out of it, and
    every host reaches the bucket by TLS anyway.
    """

    type = "AWS::S3::BucketPolicy"
    properties = frozenset({"Bucket", "PolicyDocument"})
    mutable = frozenset({"PolicyDocument"})

    def create(self, request: Request) -> Made:
        """Put the policy."""
        self._put(request)
        return Made(request.properties["Bucket"])

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Put the policy anew."""
        self._put(request)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the policy."""
        cloud.bucket_policies.pop(old.physical_id, None)
        cloud.call("s3", "DeleteBucketPolicy", Bucket=old.physical_id)

    @staticmethod
    def _put(request: Request) -> None:
        bucket, document = request.properties["Bucket"], request.properties["PolicyDocument"]
        request.cloud.bucket_policies[bucket] = document
        kept = [statement for statement in document["Statement"] if not _only_tls(statement)]
        if not kept:
            request.call("s3", "DeleteBucketPolicy", Bucket=bucket)
            return
        request.call("s3", "PutBucketPolicy", Bucket=bucket, Policy=json.dumps({**document, "Statement": kept}))


def _only_tls(statement: Mapping[str, Any]) -> bool:
    return statement["Effect"] == "Deny" and "aws:SecureTransport" in json.dumps(statement.get("Condition", {}))


KINDS: tuple[type[Kind], ...] = (Bucket, BucketPolicy)

"""Access logs of load balancers: what AWS asks of the bucket, and the file with which it tries its permission.

Source: "Enable access logs for your Application Load Balancer", https://docs.aws.amazon.com/elasticloadbalancing/latest/
application/enable-access-logging.html
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.account.cloud import Cloud
from rehearsal.account.iam.policy import listed
from rehearsal.account.kinds.base import refuse

SERVICE = "logdelivery.elasticloadbalancing.amazonaws.com"
ACCOUNTS = {
    "us-east-1": "127311923021",
    "us-east-2": "033677994240",
    "us-west-1": "027434742980",
    "us-west-2": "797873946194",
    "ap-northeast-1": "582318560864",
    "ap-southeast-1": "114774131450",
    "ap-southeast-2": "783225319266",
    "ca-central-1": "985666609251",
    "eu-central-1": "054676820928",
    "eu-north-1": "897822967062",
    "eu-west-1": "156460612806",
    "eu-west-2": "652711504416",
    "eu-west-3": "009996457667",
    "sa-east-1": "507241528517",
}
"""Accounts in which load balancers of a region live, for policies that name them instead of the service."""


def enable(cloud: Cloud, attributes: Mapping[str, str]) -> None:
    """Write the test file if access logs are on. Raises `ResourceError` if the bucket does not let the service."""
    if attributes.get("access_logs.s3.enabled") != "true":
        return
    bucket, prefix = attributes["access_logs.s3.bucket"], attributes.get("access_logs.s3.prefix", "")
    folder = "/".join(part for part in (prefix.strip("/"), "AWSLogs", cloud.account_id) if part)
    key = f"{folder}/ELBAccessLogTestFile"
    if not any(_allows(cloud, statement, bucket, key) for statement in _statements(cloud, bucket)):
        text = f"Access Denied for bucket: {bucket}. Please check S3bucket permission"
        raise refuse(text, "InvalidConfigurationRequest")
    cloud.call("s3", "PutObject", Bucket=bucket, Key=key, Body=b"Enable AccessLog for ELB")


def _statements(cloud: Cloud, bucket: str) -> list[Mapping[str, Any]]:
    policy = cloud.bucket_policies.get(bucket)
    if policy is not None:
        return listed(policy["Statement"])
    try:
        cloud.call("s3", "HeadBucket", Bucket=bucket)
    except ClientError as fault:
        raise refuse(f"S3Bucket: {bucket} does not exist.", "InvalidConfigurationRequest") from fault
    return []


def _allows(cloud: Cloud, statement: Mapping[str, Any], bucket: str, key: str) -> bool:
    principal = statement.get("Principal", {})
    named = principal if isinstance(principal, dict) else {}
    account = ACCOUNTS.get(cloud.region, "-")
    delivers = SERVICE in listed(named.get("Service", [])) or any(
        account in str(each) for each in listed(named.get("AWS", []))
    )
    return (
        statement["Effect"] == "Allow"
        and delivers
        and any(fnmatchcase("s3:PutObject", action) for action in listed(statement["Action"]))
        and any(fnmatchcase(f"arn:aws:s3:::{bucket}/{key}", resource) for resource in listed(statement["Resource"]))
    )

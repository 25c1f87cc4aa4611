"""The bucket of the balancer's access logs."""

from typing import Any

import pytest

from tests.conftest import Template
from tests.parts_support import parts
from tests.template_help import depends_on, text, the


@pytest.fixture(scope="module")
def template() -> Template:
    """Return the template of the plain cluster file, which is protected."""
    return parts()


@pytest.fixture(scope="module")
def statements(template: Template) -> list[dict[str, Any]]:
    """Return the statements of the bucket's policy."""
    found: list[dict[str, Any]] = the(template, "S3::BucketPolicy")[1]["PolicyDocument"]["Statement"]
    return found


def test_it_outlives_the_stack(template: Template) -> None:
    bucket, _ = the(template, "S3::Bucket")
    resource = template["Resources"][bucket]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_it_is_encrypted_with_the_only_key_that_elastic_load_balancing_takes(template: Template) -> None:
    _, bucket = the(template, "S3::Bucket")
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}


def test_it_is_never_public(template: Template) -> None:
    _, bucket = the(template, "S3::Bucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def test_log_files_go_after_the_days_of_the_cluster_file() -> None:
    _, bucket = the(parts(logs={"retention": 90}), "S3::Bucket")
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", 90)
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}


def test_nobody_reaches_it_without_tls(statements: list[dict[str, Any]]) -> None:
    (denied,) = [each for each in statements if each["Effect"] == "Deny"]
    assert (denied["Action"], denied["Principal"]) == ("s3:*", {"AWS": "*"})
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_only_the_delivery_of_this_accounts_logs_may_write(statements: list[dict[str, Any]]) -> None:
    allowed = [each for each in statements if each["Effect"] == "Allow"]
    writing = [each for each in allowed if each["Action"] == "s3:PutObject"]
    assert {text(each["Resource"]).partition(">")[2] for each in writing} == {"/balancer/AWSLogs/<AWS::AccountId>/*"}
    assert {each["Action"] for each in allowed} == {"s3:PutObject", "s3:GetBucketAcl"}
    principals = [each["Principal"] for each in allowed]
    # Elastic Load Balancing's own account in eu-west-1 (ELB guide, "Enable access logs")
    assert principals == [
        {"AWS": "arn:aws:iam::156460612806:root"},
        {"Service": "delivery.logs.amazonaws.com"},
        {"Service": "delivery.logs.amazonaws.com"},
    ]


def test_the_balancer_waits_for_the_permission_to_write(template: Template) -> None:
    balancer, _ = the(template, "ElasticLoadBalancingV2::LoadBalancer")
    policy, _ = the(template, "S3::BucketPolicy")
    assert policy in depends_on(template, balancer)

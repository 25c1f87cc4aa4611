"""The bucket of the database's nightly dumps, and what a node may do in it."""

from typing import Any

import pytest

from tests.conftest import Synthesize, Template
from tests.node_side import KEY
from tests.template_help import of_type, text, the
from tests.test_node_role import statements

OWN = {"kms_key": KEY, "account": "123456789012"}


@pytest.fixture(scope="module")
def template(node_side: Synthesize) -> Template:
    """Return the template of the plain cluster file."""
    return node_side()


def bucket(template: Template) -> dict[str, Any]:
    """Return the one bucket's properties."""
    return the(template, "S3::Bucket")[1]


@pytest.mark.parametrize("protection", ["on", "lifted"])
def test_it_outlives_the_stack(protection: str, node_side: Synthesize) -> None:
    template = node_side(protection=protection)
    resource = template["Resources"][the(template, "S3::Bucket")[0]]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


@pytest.mark.parametrize("changes", [{"protection": "off"}, {"database": {"backup": {"days": 0}}}], ids=str)
def test_there_is_none_where_nothing_is_kept(changes: dict[str, Any], node_side: Synthesize) -> None:
    template = node_side(**changes)
    assert of_type(template, "S3::Bucket") == {}
    assert not [each for each in statements(template).values() if "s3:PutObject" in str(each)]


def test_it_is_encrypted_with_the_clusters_key_or_s3s_own(template: Template, node_side: Synthesize) -> None:
    own = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
    for found, rule in ((bucket(template), {"SSEAlgorithm": "AES256"}), (bucket(node_side(**OWN)), own)):
        (given,) = found["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert given["ServerSideEncryptionByDefault"] == rule


def test_it_is_never_public_and_reached_by_tls_alone(template: Template) -> None:
    assert set(bucket(template)["PublicAccessBlockConfiguration"].values()) == {True}
    (statement,) = the(template, "S3::BucketPolicy")[1]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Deny", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_a_dump_goes_after_the_days_of_the_cluster_file_and_is_had_back_for_a_week(node_side: Synthesize) -> None:
    found = bucket(node_side(database={"backup": {"days": 90}}))
    (rule,) = found["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", 90)
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 7}
    assert found["VersioningConfiguration"] == {"Status": "Enabled"}


def test_a_node_writes_and_reads_dumps_and_neither_lists_nor_deletes_them(template: Template) -> None:
    name, _ = the(template, "S3::Bucket")
    about = {sid: each for sid, each in statements(template).items() if name in str(each)}
    assert about.keys() == {"Backups"}
    assert about["Backups"]["Action"] == ["s3:GetObject", "s3:PutObject"]
    assert text(about["Backups"]["Resource"]) == f"<{name}>/h2/*"

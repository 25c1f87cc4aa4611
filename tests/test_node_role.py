"""What a node may do, to the last statement."""

from typing import Any

import pytest

from muster.node_role import SESSION_MANAGER
from tests.conftest import Synthesize, Template
from tests.node_side import BOUNDARY, IMAGE, KEY
from tests.template_help import attribute, depends_on, of_type, ref, the

DEBIAN = {"type": "t4g.medium", "os": "debian-12"}


def statements(template: Template) -> dict[str, Any]:
    """Return the statements of the nodes' policy by their Sid, without it."""
    _, policy = the(template, "IAM::ManagedPolicy", Description="What a node of the cluster may do")
    return {each.pop("Sid"): each for each in [dict(one) for one in policy["PolicyDocument"]["Statement"]]}


def named(template: Template, type_: str, **properties: Any) -> str:
    """Return the logical id of the one resource of `type_` with `properties`."""
    return the(template, type_, **properties)[0]


def test_holds_exactly_these_statements(node_side: Synthesize) -> None:
    template = node_side(protection="off")  # no backups; what a pair adds: test_witness_table, test_backup_bucket
    groups = [named(template, "Logs::LogGroup", LogGroupName=f"/muster/as400/{each}") for each in sorted(GROUPS)]
    assert statements(template) == {
        "Settings": {
            "Effect": "Allow",
            "Action": "ssm:GetParameter",
            "Resource": {
                "Fn::Join": ["", ["arn:aws:ssm:eu-west-1:", ref("AWS::AccountId"), ":parameter/muster/as400/settings"]]
            },
        },
        "Files": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::files/node.zip"},
        "Secrets": {
            "Effect": "Allow",
            "Action": "secretsmanager:GetSecretValue",
            "Resource": [ref(name) for name in of_type(template, "SecretsManager::Secret")],
        },
        "Logs": {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": [attribute(name, "Arn") for name in groups],
        },
        "Metrics": {
            "Effect": "Allow",
            "Action": "cloudwatch:PutMetricData",
            "Resource": "*",
            "Condition": {"StringEquals": {"cloudwatch:namespace": "Muster"}},
        },
        "SessionManager": {
            "Effect": "Allow",
            "Action": [
                "ssm:UpdateInstanceInformation",
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            ],
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
        },
        "Witness": statements(template)["Witness"],
    }


GROUPS = ("node", "product", "h2")


def test_may_use_the_clusters_key_only_through_the_services_that_need_it(node_side: Synthesize) -> None:
    with_key = statements(node_side(kms_key=KEY, account="123456789012"))
    assert with_key.keys() - statements(node_side()).keys() == {"Key"}
    assert with_key["Key"] == {
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": KEY,
        "Condition": {
            "StringEquals": {
                "kms:ViaService": [f"{name}.eu-west-1.amazonaws.com" for name in ("secretsmanager", "dynamodb", "s3")]
            }
        },
    }


def test_may_not_use_the_clusters_key_where_nothing_that_it_reads_is_encrypted_by_it(node_side: Synthesize) -> None:
    gateways = {"product": "kaazing", "artifact": {"file": "artifacts/wso2-carbon-4.10.126.zip"}}
    template = node_side(**gateways, kaazing={"host": "x.example.org"}, kms_key=KEY, account="123456789012")
    assert not {"Key", "Secrets"} & statements(template).keys()


SESSIONS = {
    "ssm:UpdateInstanceInformation",
    *(f"ssmmessages:{verb}{channel}Channel" for verb in ("Create", "Open") for channel in ("Control", "Data")),
}
"""Systems Manager User Guide, "Create a custom IAM role for Session Manager" ("minimal Session Manager permissions").
Its two other statements are for session logs in S3 and for a key of one's own for sessions, of which there is none."""


def test_session_manager_has_the_documented_minimum_and_nothing_else() -> None:
    assert set(SESSION_MANAGER) == SESSIONS
    assert len(SESSION_MANAGER) == len(SESSIONS)


@pytest.mark.parametrize(
    ("instance", "allowed"),
    [(DEBIAN, False), ({**DEBIAN, "ami": IMAGE, "architecture": "arm64"}, True), ({"type": "t4g.medium"}, True)],
    ids=["Debian's image", "an image of one's own", "Amazon Linux"],
)
def test_keeps_channels_of_session_manager_only_where_an_agent_can_be(
    instance: dict[str, str], allowed: bool, node_side: Synthesize
) -> None:
    assert ("SessionManager" in statements(node_side(instance=instance))) == allowed


BOUND = {
    "OwnVpcAlone": ("aws:SourceVpc", "${aws:Ec2InstanceSourceVpc}"),
    "OwnAddressAlone": ("aws:VpcSourceIp", "${aws:Ec2InstanceSourcePrivateIPv4}"),
}
"""What each of the statements demands; from the IAM user guide, "AWS global condition context keys"."""


def test_where_endpoints_are_the_only_way_its_credentials_are_bound_to_the_instance(synthesize: Synthesize) -> None:
    template = synthesize(network={"egress": "endpoints"})
    found = statements(template)
    for sid, (key, wanted) in BOUND.items():
        assert found[sid] == {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {
                "StringNotEquals": {key: wanted},
                "Null": {"ec2:SourceInstanceARN": "false"},
                "BoolIfExists": {"aws:ViaAWSService": "false"},
            },
        }
    policy, _ = the(template, "IAM::ManagedPolicy", Description="What a node of the cluster may do")
    assert depends_on(template, policy) >= set(of_type(template, "EC2::VPCEndpoint"))


def test_where_nodes_have_another_way_its_credentials_are_not_bound(template: Template) -> None:
    """What comes by a NAT gateway has none of the keys, and would be denied from the instance itself."""
    assert not BOUND.keys() & statements(template).keys()


def test_is_the_role_of_instances_and_of_nobody_else(node_side: Synthesize) -> None:
    template = node_side()
    _, role = the(template, "IAM::Role")
    assert role == {
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
            ],
        }
    }
    assert not of_type(template, "IAM::Policy")


def test_every_role_has_the_clusters_permission_boundary(node_side: Synthesize) -> None:
    bounded = of_type(node_side(permission_boundary=BOUNDARY, account="123456789012"), "IAM::Role").values()
    assert [each["PermissionsBoundary"] for each in bounded] == [BOUNDARY]
    assert not [each for each in of_type(node_side(), "IAM::Role").values() if "PermissionsBoundary" in each]

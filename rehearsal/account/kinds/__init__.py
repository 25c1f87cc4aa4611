"""All resource types that the emulated account knows, one file per service."""

from rehearsal.account.cloudformation.faults import UnsupportedError
from rehearsal.account.kinds import (
    cloudformation,
    cloudwatch,
    dynamodb,
    ec2_endpoints,
    ec2_gateways,
    ec2_instance,
    ec2_network,
    ec2_network_acl,
    ec2_security_group,
    ec2_volume,
    ecr,
    efs,
    elbv2,
    iam,
    iam_user,
    kms,
    logs,
    route53,
    s3,
    secretsmanager,
    sns,
    ssm,
    wafv2,
)
from rehearsal.account.kinds.base import Kind

SERVICES = (
    cloudformation,
    cloudwatch,
    dynamodb,
    ec2_endpoints,
    ec2_gateways,
    ec2_instance,
    ec2_network,
    ec2_network_acl,
    ec2_security_group,
    ec2_volume,
    ecr,
    efs,
    elbv2,
    iam,
    iam_user,
    kms,
    logs,
    route53,
    s3,
    secretsmanager,
    sns,
    ssm,
    wafv2,
)

KINDS: dict[str, Kind] = {kind.type: kind() for service in SERVICES for kind in service.KINDS}
"""The one object of each type, by the type's name."""


def kind_of(type_: str) -> Kind:
    """Return the kind of a resource type. Raises `UnsupportedError` with the type's name."""
    if type_ not in KINDS:
        raise UnsupportedError(
            f"Template format error: resource type {type_} is not supported by this emulated account"
        )
    return KINDS[type_]

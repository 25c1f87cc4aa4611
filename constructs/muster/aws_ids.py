"""Ids and ARNs of what exists in the user's account already, by their form: nothing is looked up."""

from typing import Annotated, Final, NamedTuple

from muster.checking import matching, one_of


class Arn(NamedTuple):
    """The parts of an ARN that say where a thing is; `region` is empty for what has none."""

    partition: str
    region: str
    account: str


def arn(text: str) -> Arn:
    """Return where the thing with the ARN `text` is."""
    _, partition, _, region, account, _ = text.split(":", 5)
    return Arn(partition, region, account)


def _resource(kind: str) -> str:
    """Return the form of an EC2 resource's id: long, or short as old ones are."""
    return rf"{kind}-([0-9a-f]{{8}}|[0-9a-f]{{17}})"


ACCOUNT: Final = "the 12 digits of the account, in quotes"
Account = Annotated[str, matching(r"\d{12}", ACCOUNT)]

AMI: Final = "an image id: ami- and 8 or 17 hexadecimal digits"
Ami = Annotated[str, matching(_resource("ami"), AMI)]

VPC: Final = "a VPC's id: vpc- and 8 or 17 hexadecimal digits"
VpcId = Annotated[str, matching(_resource("vpc"), VPC)]

SUBNET: Final = "a subnet's id: subnet- and 8 or 17 hexadecimal digits"
SubnetId = Annotated[str, matching(_resource("subnet"), SUBNET)]

ROUTE_TABLE: Final = "a route table's id: rtb- and 8 or 17 hexadecimal digits"
RouteTableId = Annotated[str, matching(_resource("rtb"), ROUTE_TABLE)]

HOSTED_ZONE: Final = "a hosted zone's id: Z and up to 31 capital letters and digits"
HostedZone = Annotated[str, matching(r"Z[A-Z0-9]{1,31}", HOSTED_ZONE)]

CERTIFICATE: Final = "the ARN of a certificate in ACM: arn:aws:acm:REGION:ACCOUNT:certificate/ID"
Certificate = Annotated[
    str, matching(r"arn:aws(-cn|-us-gov)?:acm:[a-z0-9-]+:\d{12}:certificate/[A-Za-z0-9-]{1,64}", CERTIFICATE)
]

# an id, not an alias: the key's policy and IAM's statements name the key
KMS_KEY: Final = "the ARN of a key: arn:aws:kms:REGION:ACCOUNT:key/ID"
_KEY_ID: Final = r"([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})"
KmsKey = Annotated[str, matching(rf"arn:aws(-cn|-us-gov)?:kms:[a-z0-9-]+:\d{{12}}:key/{_KEY_ID}", KMS_KEY)]

SECRET: Final = "the whole ARN of a secret: arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-SUFFIX"  # noqa: S105 - says the form
SecretArn = Annotated[
    str,
    matching(
        r"arn:aws(-cn|-us-gov)?:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@-]{1,505}-[A-Za-z0-9]{6}",
        SECRET,
    ),
]

BOUNDARY: Final = "the ARN of a managed policy: arn:aws:iam::ACCOUNT:policy/NAME"
PermissionBoundary = Annotated[
    str, matching(r"arn:aws(-cn|-us-gov)?:iam::(\d{12}|aws):policy(/[A-Za-z0-9+=,.@_-]{1,128}){1,4}", BOUNDARY)
]

# Elastic Load Balancing, "Security policies for your Application Load Balancer": those whose oldest protocol is TLS 1.2
TLS_POLICIES: Final = (
    *("ELBSecurityPolicy-TLS13-1-3-2021-06", "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09"),
    *("ELBSecurityPolicy-TLS13-1-2-Res-2021-06", "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"),
    *("ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-TLS13-1-2-PQ-2025-09"),
    *("ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06", "ELBSecurityPolicy-TLS13-1-2-Ext1-PQ-2025-09"),
    *("ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06", "ELBSecurityPolicy-TLS13-1-2-Ext2-PQ-2025-09"),
    *("ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04", "ELBSecurityPolicy-TLS13-1-3-FIPS-PQ-2025-09"),
    *("ELBSecurityPolicy-TLS13-1-2-Res-FIPS-2023-04", "ELBSecurityPolicy-TLS13-1-2-Res-FIPS-PQ-2025-09"),
    *("ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04", "ELBSecurityPolicy-TLS13-1-2-FIPS-PQ-2025-09"),
    *("ELBSecurityPolicy-TLS13-1-2-Ext0-FIPS-2023-04", "ELBSecurityPolicy-TLS13-1-2-Ext0-FIPS-PQ-2025-09"),
    *("ELBSecurityPolicy-TLS13-1-2-Ext1-FIPS-2023-04", "ELBSecurityPolicy-TLS13-1-2-Ext1-FIPS-PQ-2025-09"),
    *("ELBSecurityPolicy-TLS13-1-2-Ext2-FIPS-2023-04", "ELBSecurityPolicy-TLS13-1-2-Ext2-FIPS-PQ-2025-09"),
    *("ELBSecurityPolicy-FS-1-2-Res-2020-10", "ELBSecurityPolicy-FS-1-2-Res-2019-08"),
    *("ELBSecurityPolicy-FS-1-2-2019-08", "ELBSecurityPolicy-TLS-1-2-2017-01", "ELBSecurityPolicy-TLS-1-2-Ext-2018-06"),
)
TLS_POLICY: Final = "a policy of TLS 1.2 or later such as ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
TlsPolicy = Annotated[str, one_of(*TLS_POLICIES, want=TLS_POLICY)]

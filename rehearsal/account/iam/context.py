"""What conditions of policies may ask about a request."""

from rehearsal.account.cloud import Cloud
from rehearsal.account.iam.principals import Principal
from rehearsal.account.iam.variables import Context

UNSET = (
    "aws:calledvia",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:ec2instancesourceprivateipv4",
    "aws:ec2instancesourcevpc",
    "aws:multifactorauthpresent",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:username",
    "aws:vpcsourceip",
    "cloudwatch:namespace",
    "dynamodb:leadingkeys",
    "ec2:region",
    "elasticfilesystem:accesspointarn",
    "elasticfilesystem:accessedviamounttarget",
    "kms:calleraccount",
    "kms:encryptioncontext:secretarn",
    "kms:viaservice",
    "s3:prefix",
    "s3:resourceaccount",
    "secretsmanager:secretid",
    "secretsmanager:versionstage",
    "sts:externalid",
    "sts:rolesessionname",
)
"""Keys that are known, and have no value unless the request gives them one.

Not `aws:SourceIp`: on AWS that is the address of the NAT gateway, of which nothing here knows.
"""

ON_BEHALF: Context = {
    "aws:viaawsservice": ["true"],
    **dict.fromkeys(("aws:sourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip"), ()),
}
"""What is different in a request that a service makes with the caller's credentials: nothing is left of its way."""


def of_anybody() -> Context:
    """Return the keys of a request that nobody signed."""
    return {**dict.fromkeys(UNSET, ()), "aws:securetransport": ["true"]}


def of_caller(caller: Principal, region: str, cloud: Cloud) -> Context:
    """Return the keys of a request that `caller` signed for `region`."""
    account = cloud.account_id
    instance = f"arn:aws:ec2:{cloud.region}:{account}:instance/{caller.instance}"
    return {
        **of_anybody(),
        "aws:ec2instancesourceprivateipv4": [caller.address] if caller.address else [],
        "aws:ec2instancesourcevpc": [caller.vpc] if caller.vpc else [],
        "aws:principalaccount": [account],
        "aws:principalarn": [caller.identity],
        "aws:principaltype": ["User" if caller.user else "AssumedRole"],
        "aws:requestedregion": [region],
        "aws:resourceaccount": [account],
        "aws:username": [caller.user] if caller.user else [],
        "aws:viaawsservice": ["false"],
        "ec2:sourceinstancearn": [instance] if caller.instance else [],
    }

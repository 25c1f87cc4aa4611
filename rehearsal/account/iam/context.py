"""What conditions of policies may ask about a request."""

from rehearsal.account.cloud import Cloud
from rehearsal.account.iam.principals import Principal
from rehearsal.account.iam.variables import Context

UNSET = (
    "aws:calledvia",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:multifactorauthpresent",
    "aws:sourceip",
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
"""Keys that are known, and have no value unless the request gives them one."""


def of_anybody() -> Context:
    """Return the keys of a request that nobody signed."""
    return {**dict.fromkeys(UNSET, ()), "aws:securetransport": ["true"]}


def of_caller(caller: Principal, region: str, cloud: Cloud) -> Context:
    """Return the keys of a request that `caller` signed for `region`."""
    account = cloud.account_id
    instance = f"arn:aws:ec2:{cloud.region}:{account}:instance/{caller.instance}"
    return {
        **of_anybody(),
        "aws:principalaccount": [account],
        "aws:principalarn": [caller.identity],
        "aws:principaltype": ["User" if caller.user else "AssumedRole"],
        "aws:requestedregion": [region],
        "aws:resourceaccount": [account],
        "aws:username": [caller.user] if caller.user else [],
        "aws:viaawsservice": ["false"],
        "ec2:sourceinstancearn": [instance] if caller.instance else [],
    }

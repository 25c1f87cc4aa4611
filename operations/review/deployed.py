"""The template of the stack that is deployed, read as `cdk diff` reads it: by the CDK's lookup role."""

from collections.abc import Callable
from typing import Any

from operations.aws import Aws, Missing, account_of, one_line
from operations.errors import Failure
from operations.review.synthesis import Side
from operations.review.values import Template

UNKNOWN = "unknown-account"
"""What the CDK writes for a stack that may go to any account."""


def deployed_template(side: Side, connect: Callable[[str], Aws] = Aws) -> Template | None:
    """Return the template of the stack of `side` in the account of the user's credentials; None if it is not there.

    The lookup role is taken where the user may, else the user's own permissions. Raises `OtherAccount` where these are
    of another account than the cluster's, and `Failure`, each with one line.
    """
    expected, region = side.environment.removeprefix("aws://").split("/")
    aws = connect(region)
    account = account_of(aws, None if expected == UNKNOWN else expected)
    client = _lookup_client(aws, side.lookup_role, account) or aws("cloudformation")
    try:
        with one_line():
            found = client.get_template(StackName=side.stack)["TemplateBody"]
    except Missing:
        return None
    if not isinstance(found, dict):
        raise Failure(f"the deployed template of {side.stack} is not JSON: Muster did not deploy it")
    return found


def _lookup_client(aws: Aws, role: str | None, account: str) -> Any:
    """Return a client with the lookup role's credentials, or None where the caller may not take it."""
    if role is None:
        return None
    import boto3

    partition = boto3.Session().get_partition_for_region(aws.region)
    arn = role.replace("${AWS::Partition}", partition).replace("${AWS::AccountId}", account)
    try:
        given = aws.call("sts", "assume_role", RoleArn=arn, RoleSessionName="muster-diff")["Credentials"]
    except Failure:
        return None
    return boto3.client(
        "cloudformation",
        region_name=aws.region,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )

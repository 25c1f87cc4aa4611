"""What templates ask of the account: zones, exports of other stacks, dynamic references, SSM parameters."""

import json
from collections.abc import Sequence

from botocore.exceptions import ClientError

from rehearsal.account.cloud import Cloud
from rehearsal.account.cloudformation.faults import Refusal, UnsupportedError
from rehearsal.account.cloudformation.stack import Output, Stack


def zones(cloud: Cloud, region: str) -> list[str]:
    """Return the availability zones of the account's one region."""
    if region not in ("", cloud.region):
        raise UnsupportedError(f"availability zones of {region}: this emulated account has {cloud.region} only")
    found = cloud.call("ec2", "DescribeAvailabilityZones")["AvailabilityZones"]
    return [zone["ZoneName"] for zone in found]


def parameter(cloud: Cloud, name: str) -> str:
    """Return the value of an SSM parameter. Raises `Refusal` if there is none."""
    try:
        return str(cloud.call("ssm", "GetParameter", Name=name, WithDecryption=True)["Parameter"]["Value"])
    except ClientError as fault:
        text = f"Unable to fetch parameters [{name}] from parameter store for this account."
        raise Refusal(text) from fault


def dynamic(cloud: Cloud, service: str, key: str) -> str:
    """Return the value of `{{resolve:service:key}}`."""
    if service in ("ssm", "ssm-secure"):
        return parameter(cloud, key)
    if service == "secretsmanager":
        return _secret(cloud, key)
    raise UnsupportedError(f"dynamic reference {{{{resolve:{service}:...}}}} is not supported by this emulated account")


def _secret(cloud: Cloud, key: str) -> str:
    secret, _, rest = key.partition(":SecretString")
    json_key = rest.lstrip(":").split(":")[0]
    try:
        text = str(cloud.call("secretsmanager", "GetSecretValue", SecretId=secret)["SecretString"])
    except ClientError as fault:
        raise Refusal(f"Secrets Manager can't find the specified secret {secret}.") from fault
    if not json_key:
        return text
    try:
        return str(json.loads(text)[json_key])
    except (ValueError, KeyError) as fault:
        raise Refusal(f"Could not find a value associated with JSONKey {json_key} in SecretString") from fault


def exports_of(stacks: Sequence[Stack]) -> dict[str, tuple[Output, Stack]]:
    """Return every export by its name."""
    return {output.export: (output, stack) for stack in stacks for output in stack.outputs if output.export}


def check_exports(stacks: Sequence[Stack], stack: Stack, outputs: Sequence[Output]) -> None:
    """Raise `Refusal` if new outputs of `stack` clash with another's export or change one that is in use."""
    others = exports_of([other for other in stacks if other is not stack])
    for output in outputs:
        if output.export and output.export in others:
            raise Refusal(
                f"Export with name {output.export} is already exported by stack {others[output.export][1].name}"
            )
    new = {output.export: output.value for output in outputs}
    for name, (old, _) in exports_of([stack]).items():
        users = [other.name for other in stacks if other is not stack and name in other.imports]
        if users and new.get(name) != old.value:
            word = "update" if name in new else "delete"
            raise Refusal(f"Cannot {word} export {name} as it is in use by {users[0]}. ")

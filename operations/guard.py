"""`muster guard`: a stack policy, so that CloudFormation itself refuses what would lose a node's data."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from muster.names import stack_name
from operations.aws import Aws, Missing, account_of
from operations.errors import Failure
from operations.files import load_file

VOLUME: Final = "AWS::EC2::Volume"
INSTANCE: Final = "AWS::EC2::Instance"
IRREPLACEABLE: Final = frozenset({"AWS::SecretsManager::Secret", "AWS::DynamoDB::Table", "AWS::EFS::FileSystem"})
"""What a running cluster has one of, beside its volumes: its passwords, its witness, its shared files."""


def stack_policy(template: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stack policy of `template`: all may be updated, but what holds data is never replaced.

    Denied are the replacement of instances, of their volumes, of secrets, of the witness and of shared files; where the
    volumes are kept at a deletion (a protected cluster) also the removal of all these but the instances. The volume of
    an absent node is in nobody's hand, and so may move with it.
    """
    resources: Mapping[str, Any] = template.get("Resources", {})
    used = set(_volumes_in_use(resources))
    others = [name for name, each in resources.items() if each["Type"] in IRREPLACEABLE]
    instances = [name for name, each in resources.items() if each["Type"] == INSTANCE]
    kept = any(resources[name].get("DeletionPolicy", "Delete") != "Delete" for name in used)
    statements = [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]
    statements += _denied("Update:Replace", [*instances, *used, *others])
    if kept:
        statements += _denied("Update:Delete", [*used, *others])
    return {"Statement": statements}


def _volumes_in_use(resources: Mapping[str, Any]) -> Iterator[str]:
    for each in resources.values():
        if each["Type"] != INSTANCE:
            continue
        for volume in each.get("Properties", {}).get("Volumes", ()):
            name = str(volume["VolumeId"].get("Ref")) if isinstance(volume["VolumeId"], Mapping) else ""
            if resources.get(name, {}).get("Type") == VOLUME:
                yield name


def _denied(action: str, names: list[str]) -> list[dict[str, Any]]:
    resources = [f"LogicalResourceId/{name}" for name in sorted(names)]
    return [{"Effect": "Deny", "Action": action, "Principal": "*", "Resource": resources}] if resources else []


def guard_stack(aws: Aws, stack: str) -> int:
    """Set the stack policy that follows from the deployed template; return how many resources it guards.

    Raises `Failure`.
    """
    try:
        template = aws.call("cloudformation", "get_template", StackName=stack)["TemplateBody"]
    except Missing as missing:
        raise Failure(f"the stack {stack} is not there: deploy it first") from missing
    policy = stack_policy(json.loads(template) if isinstance(template, str) else template)
    aws.call("cloudformation", "set_stack_policy", StackName=stack, StackPolicyBody=json.dumps(policy))
    return len({name for each in policy["Statement"][1:] for name in each["Resource"]})


def guard_file(file: Path) -> int:
    """Set the stack policy of the deployed cluster of `file`. Raises `Failure`."""
    cluster = load_file(file)
    aws = Aws(cluster.region)
    account_of(aws, cluster.account)
    count = guard_stack(aws, stack_name(cluster.name))
    print(f"the stack {stack_name(cluster.name)} now refuses to replace {count} resources that hold data or a node")
    return 0

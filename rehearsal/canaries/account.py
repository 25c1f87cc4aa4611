"""Where secrets could leak to in the account: what an operator with leave to read sees, but for the secrets themselves.

What the emulator holds in the memory of its process is its stand-in for AWS's own stores, and is not looked at.
"""

import base64
import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

from rehearsal.canaries.looked import Looked, look
from rehearsal.canaries.search import Search

Connect = Callable[[str], Any]
"""From the name of a service to boto3's client of it, as administrator."""
Things = Iterator[tuple[str, bytes]]


def looked(search: Search, connect: Connect) -> Iterator[Looked]:
    """Look through the account."""
    yield look(search, "SSM parameters", parameters(connect("ssm")))
    yield look(search, "stacks", stacks(connect("cloudformation")))
    yield look(search, "user data", user_data(connect("ec2")))
    yield look(search, "tags", tags(connect))
    yield look(search, "log groups", logs(connect("logs")))
    yield look(search, "metrics", _pages(connect("cloudwatch"), "list_metrics", "Metrics"))
    yield look(search, "tables", items(connect("dynamodb")))
    yield look(search, "objects", objects(connect("s3")), packed=True)


def parameters(client: Any) -> Things:
    """Yield each parameter as it is described and as it is read."""
    yield from _pages(client, "describe_parameters", "Parameters")
    for each in client.get_paginator("describe_parameters").paginate().search("Parameters[].Name"):
        yield each, _bytes(client.get_parameter(Name=each, WithDecryption=True)["Parameter"])


def stacks(client: Any) -> Things:
    """Yield template, parameters, outputs, resources and events of each stack."""
    for stack in client.describe_stacks()["Stacks"]:
        name = stack["StackName"]
        yield f"stack {name}", _bytes(stack)
        yield f"template of {name}", _bytes(client.get_template(StackName=name)["TemplateBody"])
        yield f"resources of {name}", _bytes(client.describe_stack_resources(StackName=name)["StackResources"])
        events = _pages(client, "describe_stack_events", "StackEvents", StackName=name)
        yield from ((f"events of {name}", data) for _, data in events)


def user_data(client: Any) -> Things:
    """Yield the user data of each instance and of each version of a launch template."""
    for page in client.get_paginator("describe_instances").paginate():
        for each in (instance for one in page["Reservations"] for instance in one["Instances"]):
            told = client.describe_instance_attribute(InstanceId=each["InstanceId"], Attribute="userData")
            yield each["InstanceId"], base64.b64decode(told["UserData"].get("Value", ""))
    for template in client.describe_launch_templates()["LaunchTemplates"]:
        name = template["LaunchTemplateId"]
        for version in client.describe_launch_template_versions(LaunchTemplateId=name)["LaunchTemplateVersions"]:
            yield name, base64.b64decode(version["LaunchTemplateData"].get("UserData", ""))


def tags(connect: Connect) -> Things:
    """Yield the tags of what EC2 has, and of what the other services have."""
    yield from (("a tag in EC2", data) for _, data in _pages(connect("ec2"), "describe_tags", "Tags"))
    tagged = _pages(connect("resourcegroupstaggingapi"), "get_resources", "ResourceTagMappingList")
    yield from (("a tag", data) for _, data in tagged)


def logs(client: Any) -> Things:
    """Yield the events of each log group."""
    pages = client.get_paginator("describe_log_groups").paginate()
    for group in (each["logGroupName"] for page in pages for each in page["logGroups"]):
        for page in client.get_paginator("filter_log_events").paginate(logGroupName=group):
            yield group, "\n".join(each["message"] for each in page["events"]).encode()


def items(client: Any) -> Things:
    """Yield the items of each table."""
    for name in client.list_tables()["TableNames"]:
        yield f"table {name}", _bytes(client.scan(TableName=name)["Items"])


def objects(client: Any) -> Things:
    """Yield each version of each object: assets, templates, artifacts, backups, access logs."""
    for bucket in (each["Name"] for each in client.list_buckets()["Buckets"]):
        for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for version in page.get("Versions", ()):
                key = version["Key"]
                with contextlib.suppress(client.exceptions.NoSuchKey):  # deleted meanwhile
                    read = client.get_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])
                    yield f"{bucket}/{key}", read["Body"].read()
                    yield f"the metadata of {bucket}/{key}", _bytes(read["Metadata"])


def _pages(client: Any, call: str, key: str, **given: str) -> Things:
    for page in client.get_paginator(call).paginate(**given):
        yield from ((call, _bytes(each)) for each in page[key])


def _bytes(value: Any) -> bytes:
    return (value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)).encode()

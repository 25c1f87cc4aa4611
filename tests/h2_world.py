"""An account in which the stack of an H2 pair is deployed, as far as an operator's commands look at it."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from muster.names import log_group_name, parameter_name, stack_name
from operations.aws import Aws
from operations.h2.item import Item, Witness, attributes
from tests.conftest import WriteCluster

CLUSTER = "as400"
TABLE, BUCKET, PREFIX = "muster-as400-witness", "muster-as400-backups", "backups/"
TEMPLATE = {
    "Resources": {
        "Witness": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "TableName": TABLE,
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "BillingMode": "PAY_PER_REQUEST",
            },
        },
        "Backups": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": BUCKET}},
    }
}


@dataclass
class World:
    """The account and the cluster file."""

    aws: Aws
    file: Path

    @property
    def witness(self) -> Witness:
        """The witness item."""
        return Witness(self.aws, stack_name(CLUSTER))

    @property
    def item(self) -> Item | None:
        """What it holds now."""
        return self.witness.read().item

    @property
    def connect(self) -> Callable[[str], Aws]:
        """What the commands take for AWS."""
        return lambda _: self.aws

    def put(self, item: Item | None, **more: Any) -> None:
        """Make the item hold this, and attributes that no command knows."""
        key = {"id": {"S": "witness"}}
        if item is None:
            self.aws("dynamodb").delete_item(TableName=TABLE, Key=key)
            return
        values = {**key, **attributes(item), "paused": {"BOOL": item.paused}, "by": {"S": item.by or "a:1"}, **more}
        self.aws("dynamodb").put_item(TableName=TABLE, Item=values)

    def say(self, node: str, *lines: str) -> None:
        """Have a node's log bring lines."""
        logs, group = self.aws("logs"), log_group_name(CLUSTER, "node")
        logs.create_log_stream(logGroupName=group, logStreamName=node)
        now = int(time.time() * 1000)
        events = [{"timestamp": now + place, "message": line} for place, line in enumerate(lines)]
        logs.put_log_events(logGroupName=group, logStreamName=node, logEvents=events)

    def back_up(self, name: str, **metadata: str) -> str:
        """Have a node make a backup; return its key."""
        self.aws("s3").put_object(Bucket=BUCKET, Key=f"{PREFIX}{name}", Body=b"x" * 99, Metadata=metadata)
        return f"{PREFIX}{name}"


def world(aws: Aws, write_cluster: WriteCluster, **document: Any) -> World:
    """Deploy the stack."""
    aws("cloudformation").create_stack(StackName=stack_name(CLUSTER), TemplateBody=json.dumps(TEMPLATE))
    value = {"settings": {"backup": {"bucket": BUCKET, "prefix": PREFIX.rstrip("/"), "hour": 2}}, **document}
    aws("ssm").put_parameter(Name=parameter_name(CLUSTER), Value=json.dumps(value), Type="String")
    aws("logs").create_log_group(logGroupName=log_group_name(CLUSTER, "node"))
    return World(aws, write_cluster())

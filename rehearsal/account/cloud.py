"""The account as its own services see it: one administrator's client per service."""

import re
import secrets
import threading
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.model import ListShape, MapShape, Shape, StructureShape

from rehearsal.account.emulator import Emulator
from rehearsal.account.wait_handles import WaitHandles


class Cloud:
    """Clients of the emulated account at `url`, and the few things that its public API cannot do."""

    def __init__(self, *, url: str, region: str, emulator: Emulator) -> None:
        self.url = url
        self.region = region
        self.account_id = emulator.account_id
        self.emulator = emulator
        self.handles = WaitHandles(region)
        self.default_egress: set[str] = set()
        """Security groups that still have the rule which AWS adds by itself."""
        self.bucket_policies: dict[str, Mapping[str, Any]] = {}
        """Bucket -> its policy in full; the emulator gets those parts only that it understands."""
        self.user_boundaries: dict[str, str] = {}
        """User -> the ARN of its permissions boundary, for which the emulator has no operation."""
        self._session = boto3.Session(
            aws_access_key_id="AKIAMUSTERENGINE0000", aws_secret_access_key=secrets.token_hex(), region_name=region
        )
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str) -> Any:
        """Return the boto3 client of a service; clients may be shared by threads, their making may not."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._session.client(
                    service, endpoint_url=self.url, config=Config(retries={"total_max_attempts": 1}, read_timeout=60)
                )
            return self._clients[service]

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Call an operation by its API name (`CreateVpc`), texts and numbers converted as CloudFormation converts them.

        Raises botocore's `ClientError`, and `ParamValidationError` that names an unknown parameter.
        """
        client = self.client(service)
        shape = client.meta.service_model.operation_model(operation).input_shape
        method = getattr(client, _method(client, operation))
        result: dict[str, Any] = method(**(convert(parameters, shape) if shape else parameters))
        return result


def _method(client: Any, operation: str) -> str:
    names: dict[str, str] = client.meta.method_to_api_mapping
    return next(name for name, api in names.items() if api == operation)


def convert(value: Any, shape: Shape) -> Any:
    """Return `value` with its leaves in the types that the API wants: a template may write 8080 or `"8080"`."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        members = shape.members
        return {key: convert(entry, members[key]) if key in members else entry for key, entry in value.items()}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [convert(entry, shape.member) for entry in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: convert(entry, shape.value) for key, entry in value.items()}
    return _leaf(value, shape.type_name)


def _leaf(value: Any, wanted: str) -> Any:
    if wanted == "string" and isinstance(value, bool):
        return str(value).lower()
    if wanted == "string" and isinstance(value, (int, float)):
        return str(value)
    if wanted in ("integer", "long") and isinstance(value, str) and re.fullmatch(r"-?\d+", value):
        return int(value)
    if wanted in ("double", "float") and isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value):
        return float(value)
    if wanted == "boolean" and value in ("true", "false"):
        return value == "true"
    return value

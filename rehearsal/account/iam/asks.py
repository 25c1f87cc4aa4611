"""What a request asks for in the terms of IAM: actions, resources, condition keys.

Source: the service authorization reference, https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

import json
import re
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from rehearsal.account.iam import assume_role, keys
from rehearsal.account.iam.call import Call
from rehearsal.account.iam.faults import UndecidableError
from rehearsal.account.iam.policy import Ask
from rehearsal.account.iam.variables import Context


class Names(keys.Keys, Protocol):
    """Looks up in the account what a request leaves out."""

    def hash_key(self, table: str) -> str:
        """Return the name of a table's partition key, '' if there is no such table."""

    def stack_id(self, name: str) -> str:
        """Return the id of a stack; of a name that does not exist, what its id would begin with."""


S3_HOST = re.compile(r"(?:(?P<bucket>.+)\.)?s3(?:\.dualstack)?(?:[.-][a-z0-9-]+)?\.amazonaws\.com")
S3_OBJECT = {"GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject"}
S3_HARMLESS = {"list-type", "prefix", "delimiter", "max-keys", "continuation-token", "start-after", "encoding-type"}
S3_HARMLESS |= {"x-id", "fetch-owner", "partNumber", "versionId"}
S3_UNKNOWN = ("x-amz-copy-source", "x-amz-server-side-encryption")
"""Headers that would change what a request needs."""
FILTER = re.compile(r"Filter\.(?P<number>\d+)\.(?:Name|Value\.(?P<value>\d+))")
FILTERS = {"tag-key", "tag-value", "instance.group-name", "instance.group-id", "instance-state-name", "instance-id"}
FILTERS |= {"vpc-id", "subnet-id", "private-ip-address", "availability-zone"}
"""Filters of DescribeInstances, besides `tag:KEY`; only those of tags know wildcards here."""
DYNAMODB_BY_KEY = {"GetItem": "Key", "UpdateItem": "Key", "DeleteItem": "Key", "PutItem": "Item"}


def asks_of(call: Call, service: str, common: Context, names: Names) -> list[Ask]:
    """Return everything that a request needs to be allowed.

    Raises `UndecidableError` for what is not known here, `InvalidRequestError` for what no policy could allow.
    """
    if service == "s3":
        return _s3(call, common, names)
    if service not in SERVICES:
        raise UndecidableError(f"requests of hosts to {service} are not supported by this emulated account")
    name, given = _operation(call)
    asks = [
        Ask(f"{PREFIXES.get(service, service)}:{name}", resource, {**common, **context})
        for resource, context in SERVICES[service](name, given, names)
    ]
    return [*asks, *(ENCRYPTED[service](name, given, common, names) if service in ENCRYPTED else [])]


def action_of(call: Call, service: str) -> str:
    """Return the action that a request names, for the record; of one that names none, the service."""
    try:
        return f"{PREFIXES.get(service, service)}:{_operation(call)[0]}"
    except (UndecidableError, ValueError, IndexError):
        return service


def _operation(call: Call) -> tuple[str, Mapping[str, Any]]:
    if "smithy-protocol" in call.headers:
        protocol = call.headers["smithy-protocol"]
        raise UndecidableError(f"the protocol {protocol} to {call.host} is not supported by this emulated account")
    if "x-amz-target" in call.headers:
        return call.headers["x-amz-target"].rsplit(".", 1)[1], json.loads(call.content or b"{}")
    if "Action" not in call.form:
        raise UndecidableError(f"a request without Action to {call.host} is not supported by this emulated account")
    return call.form["Action"], call.form


Needed = Sequence[tuple[str, Context]]


def _s3(call: Call, common: Context, names: Names) -> list[Ask]:
    bucket, key = bucket_and_key(call)
    known = {name for name in call.parameters if name.startswith(("X-Amz-", "response-"))} | S3_HARMLESS
    if unknown := sorted(set(call.parameters) - known - {"location"}):
        raise UndecidableError(f"s3 {call.method} with {unknown} is not supported by this emulated account")
    context = {**common, "s3:prefix": [], "s3:resourceaccount": common["aws:resourceaccount"]}
    if key:
        action = S3_OBJECT.get(call.method)
        if action is None or any(name.startswith(S3_UNKNOWN) for name in call.headers):
            raise UndecidableError(f"s3 {call.method} on an object is not supported by this emulated account")
        action += "Version" if "versionId" in call.parameters and action == "GetObject" else ""
        own = Ask(f"s3:{action}", f"arn:aws:s3:::{bucket}/{key}", context)
        return [own, *keys.of_object(action, bucket, common, names)]
    if not bucket or call.method not in ("GET", "HEAD"):
        raise UndecidableError(
            f"s3 {call.method} on {bucket or 'all buckets'} is not supported by this emulated account"
        )
    if "location" in call.parameters:
        return [Ask("s3:GetBucketLocation", f"arn:aws:s3:::{bucket}", context)]
    context["s3:prefix"] = [call.parameters["prefix"]] if "prefix" in call.parameters else []
    return [Ask("s3:ListBucket", f"arn:aws:s3:::{bucket}", context)]


def bucket_and_key(call: Call) -> tuple[str, str]:
    """Return the bucket and key of an S3 request in virtual-host or path style."""
    path = urllib.parse.unquote(call.path).lstrip("/")
    found = S3_HOST.fullmatch(call.host)
    if found and found["bucket"]:
        return found["bucket"], path
    bucket, _, key = path.partition("/")
    return bucket, key


def _ec2(name: str, given: Mapping[str, Any], names: Names) -> Needed:
    if not name.startswith("Describe"):
        raise UndecidableError(f"ec2:{name} by a host is not supported by this emulated account")
    if name == "DescribeInstances":
        _refuse_unknown_filters(given)
    return [("*", {"ec2:region": [names.region]})]


def _refuse_unknown_filters(given: Mapping[str, Any]) -> None:
    """Raise `UndecidableError` for a filter of instances that the emulator would take for another, or break on."""
    for parameter, text in given.items():
        if found := FILTER.fullmatch(parameter):
            name = text if found["value"] is None else given.get(f"Filter.{found['number']}.Name", "")
            wild = found["value"] is not None and not name.startswith("tag") and any(sign in text for sign in "*?")
            if wild or not (name in FILTERS or name.startswith("tag:")):
                raise UndecidableError(f"the filter {name}={text} is not supported by this emulated account")


def _ssm(name: str, given: Mapping[str, Any], names: Names) -> Needed:
    wanted = given.get("Names") or [given.get("Name") or given.get("Path")]
    if name not in ("GetParameter", "GetParameters", "GetParametersByPath", "PutParameter") or not all(wanted):
        raise UndecidableError(f"ssm:{name} by a host is not supported by this emulated account")
    return [(_parameter(each, names), {}) for each in wanted]


def _parameter(name: str, names: Names) -> str:
    if name.startswith("arn:"):
        return name
    bare = name.partition(":")[0].lstrip("/")
    return f"arn:aws:ssm:{names.region}:{names.account_id}:parameter/{bare}"


def _secretsmanager(name: str, given: Mapping[str, Any], names: Names) -> Needed:
    if "SecretId" not in given:
        raise UndecidableError(f"secretsmanager:{name} by a host is not supported by this emulated account")
    arn = names.secret_arn(given["SecretId"])
    return [(arn, {"secretsmanager:secretid": [arn], "secretsmanager:versionstage": _stage(given)})]


def _stage(given: Mapping[str, Any]) -> list[str]:
    return [given["VersionStage"]] if "VersionStage" in given else []


def _dynamodb(name: str, given: Mapping[str, Any], names: Names) -> Needed:
    if name not in DYNAMODB_BY_KEY and name != "DescribeTable":
        raise UndecidableError(f"dynamodb:{name} by a host is not supported by this emulated account")
    table = given["TableName"].split("/")[-1]
    item = given.get(DYNAMODB_BY_KEY.get(name, ""), {}).get(names.hash_key(table), {})
    values = [str(value) for value in item.values()]
    arn = f"arn:aws:dynamodb:{names.region}:{names.account_id}:table/{table}"
    return [(arn, {"dynamodb:leadingkeys": values})]


def _logs(name: str, given: Mapping[str, Any], names: Names) -> Needed:
    if "logGroupName" not in given:
        raise UndecidableError(f"logs:{name} by a host is not supported by this emulated account")
    group = f"arn:aws:logs:{names.region}:{names.account_id}:log-group:{given['logGroupName']}"
    stream = given.get("logStreamName") if name == "PutLogEvents" else None
    return [(f"{group}:log-stream:{stream}" if stream else f"{group}:*", {})]


def _cloudformation(name: str, given: Mapping[str, Any], names: Names) -> Needed:
    del name
    return [(names.stack_id(given["StackName"]) if "StackName" in given else "*", {})]


def _monitoring(name: str, given: Mapping[str, Any], names: Names) -> Needed:
    del names
    if name != "PutMetricData":
        raise UndecidableError(f"cloudwatch:{name} by a host is not supported by this emulated account")
    return [("*", {"cloudwatch:namespace": [given["Namespace"]]})]


def _elbv2(name: str, given: Mapping[str, Any], names: Names) -> Needed:
    del given, names
    if not name.startswith("Describe"):
        raise UndecidableError(f"elasticloadbalancing:{name} by a host is not supported by this emulated account")
    return [("*", {})]


def _sts(name: str, given: Mapping[str, Any], names: Names) -> Needed:
    del names
    if name == "GetCallerIdentity":
        return []
    if name != "AssumeRole":
        raise UndecidableError(f"sts:{name} by a host is not supported by this emulated account")
    wanted = assume_role.wanted(given)
    return [(wanted.role_arn, wanted.context())]


SERVICES: dict[str, Callable[[str, Mapping[str, Any], Names], Needed]] = {
    "cloudformation": _cloudformation,
    "dynamodb": _dynamodb,
    "ec2": _ec2,
    "elasticloadbalancing": _elbv2,
    "logs": _logs,
    "monitoring": _monitoring,
    "secretsmanager": _secretsmanager,
    "ssm": _ssm,
    "sts": _sts,
}
"""Signing name of a service -> what an operation needs; nothing for one that every caller may use."""

PREFIXES = {"monitoring": "cloudwatch"}

ENCRYPTED: dict[str, Callable[[str, Mapping[str, Any], Context, Names], list[Ask]]] = {
    "dynamodb": keys.of_table,
    "secretsmanager": keys.of_secret,
}
"""Signing name of a service -> what an operation needs besides where a customer key encrypts."""

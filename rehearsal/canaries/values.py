"""What must stay secret of a running cluster: what Secrets Manager keeps, and the nodes' own keys."""

import http.client
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rehearsal.canaries.forms import SHORTEST, Canary, searchable
from rehearsal.netns import connect_in
from rehearsal.places import WORK

if TYPE_CHECKING:
    from rehearsal.checks.scene import Member, Scene

PUBLIC: Final = {"username", "access_key_id", "engine", "host", "port", "dbname", "dbInstanceIdentifier", "masterarn"}
"""Fields of a secret that are none by themselves: names, as logs and templates have them, and where a database is."""

_METADATA = ("169.254.169.254", 80)
_ROLES = "/latest/meta-data/iam/security-credentials/"
_PATIENCE = 5.0
_KEYS = "etc/muster"
_PRIVATE = re.compile("-----BEGIN [A-Z ]*PRIVATE KEY-----\n([A-Za-z0-9+/=\n]+)-----END")


def canaries(scene: "Scene") -> list[Canary]:
    """Return every value; one that is too short to be known again is a `LookupError` that names it."""
    found = [*kept(scene.client("secretsmanager"))]
    for member in scene.members:
        found += [*_own(member), *made(member.name, WORK / "hosts" / member.instance / "upper" / _KEYS)]
    if short := [each.name for each in found if not searchable(each)]:
        raise LookupError(f"{', '.join(short)}: shorter than {SHORTEST} characters, which is found anywhere by chance")
    return found


def kept(client: Any) -> Iterator[Canary]:
    """Yield the values of all secrets in the account, of former versions too, as boto3's `client` reads them."""
    for page in client.get_paginator("list_secrets").paginate():
        for secret in page["SecretList"]:
            arn, name = secret["ARN"], secret["Name"]
            for version in client.list_secret_version_ids(SecretId=arn, IncludeDeprecated=True)["Versions"]:
                value = client.get_secret_value(SecretId=arn, VersionId=version["VersionId"])["SecretString"]
                yield from leaves(name, value)


def leaves(name: str, text: str) -> Iterator[Canary]:
    """Yield the strings in a secret: of JSON each leaf that is not `PUBLIC`, of anything else all of it."""
    try:
        document = json.loads(text)
    except ValueError:
        document = text
    yield from _leaves(name, document if isinstance(document, dict | list) else text)


def _leaves(name: str, value: Any) -> Iterator[Canary]:
    if isinstance(value, str) and value:
        yield Canary(name, value)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in PUBLIC:
                yield from _leaves(f"{name}.{key}", inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _leaves(f"{name}[{number}]", inner)


def _own(member: "Member") -> Iterator[Canary]:
    """Yield the credentials of a node's role, asked of its metadata service as programs on it do."""
    token = _asked(member, "PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"})
    given = {"X-aws-ec2-metadata-token": token}
    role = _asked(member, "GET", _ROLES, given)
    told = json.loads(_asked(member, "GET", f"{_ROLES}{role}", given))
    for part in ("SecretAccessKey", "Token"):
        yield Canary(f"the role's {part} on {member.name}", told[part])


def made(node: str, folder: Path) -> Iterator[Canary]:
    """Yield every private key that a node has made, in `folder` or below; each line of one is searched for."""
    for file in sorted(folder.rglob("*.pem")):
        yield from (Canary(f"the key in {file.name} of {node}", key) for key in _PRIVATE.findall(file.read_text()))


def _asked(member: "Member", method: str, path: str, headers: dict[str, str]) -> str:
    connection = http.client.HTTPConnection(*_METADATA, timeout=_PATIENCE)
    connection.sock = connect_in(member.namespace, _METADATA, _PATIENCE)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            raise LookupError(f"the metadata service of {member.name} answered {answer.status} to {method} {path}")
        return answer.read().decode().strip()
    finally:
        connection.close()

"""The settings document's content: all that a node is told, as one JSON."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from aws_cdk import Token

from muster.spec import Cluster, Plan
from muster.stored_object import StoredObject

FORMAT: Final = 1
"""Raised when a node of before could misread the document."""

TOKEN_LENGTH: Final = 150
"""Characters that a value known only at deployment is counted as: longer than an ARN of a secret."""


def content(
    cluster: Cluster,
    plan: Plan,
    *,
    volumes: Mapping[str, str],
    asset: StoredObject,
    artifact: StoredObject,
    secrets: Mapping[str, str],
) -> dict[str, Any]:
    """Return the document without its generation and wait URL; volumes by node name, secrets' ARNs by their key."""
    product = cluster.about
    members = [
        {"name": each.name, "ordinal": each.ordinal, "zone": each.zone, "address": each.address}
        | {"present": each.present, "volume": volumes[each.name]}
        for each in plan.members
    ]
    return {
        "format": FORMAT,
        "cluster": cluster.name,
        "product": cluster.product,
        "region": cluster.region,
        "members": members,
        "asset": {"bucket": asset.bucket, "key": asset.key, "sha256": asset.sha256},
        "artifact": {"bucket": artifact.bucket, "key": artifact.key, "sha256": artifact.sha256, "name": artifact.name},
        "formation_timeout": cluster.formation.timeout,
        "java": cluster.instance.java,
        "secrets": dict(secrets),
        "ports": {port.name: port.number for port in product.ports(cluster)},
        "settings": dict(product.settings(cluster)),
    }


def generation(cluster: Cluster, plan: Plan, document: Mapping[str, Any], user_data: str) -> str:
    """Return 16 hexadecimal digits that change with every value of the cluster file and with all that reaches a node.

    So a deployment waits for the nodes after every edit, also one that they are told nothing of. Beside the literals of
    `document`, that is each member's instance type and image, and the user data. The artifact's path is left out: its
    name and its hash stand in `document`. So is `protection`: a sick cluster must be let go without waiting for it.
    """
    # without warnings: of an artifact in S3, pydantic says that it is not the first of its kinds
    file = cluster.model_dump(mode="json", exclude={"artifact": {"file"}, "protection": True}, warnings=False)
    launched = [[each.name, each.instance_type, each.image] for each in plan.members]
    literal = render([file, launched, _without_tokens(document), user_data])
    return hashlib.sha256(literal.encode()).hexdigest()[:16]


def _without_tokens(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_tokens(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_tokens(each) for each in value]
    return None if isinstance(value, str) and Token.is_unresolved(value) else value


def render(value: Any) -> str:
    """Return `value` as ASCII JSON with sorted keys; braces inside text are escaped, tokens stay as they are.

    SSM takes `{{` for a reference to another parameter. A token stands for an ARN, an id or a URL, which JSON
    needs no escapes for.
    """
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_text(key)}:{render(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(render(each) for each in value) + "]"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(value: str) -> str:
    if Token.is_unresolved(value):
        return f'"{value}"'
    return json.dumps(value).replace("{", "\\u007b").replace("}", "\\u007d")


def length(value: Any) -> int:
    """Return how many characters `render(value)` has at most once its tokens are known."""
    if isinstance(value, Mapping):
        return 2 + sum(len(_text(key)) + 2 + length(each) for key, each in value.items())
    if isinstance(value, list):
        return 2 + sum(1 + length(each) for each in value)
    if isinstance(value, str) and Token.is_unresolved(value):
        return TOKEN_LENGTH
    return len(render(value))

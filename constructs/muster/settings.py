"""The settings document's content: all that a node is told, as one JSON."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from aws_cdk import Token

from muster.pair import Pair
from muster.spec import Cluster, Plan
from muster.stored_object import StoredObject

FORMAT: Final = 1
"""Raised when a node of before could misread the document."""

TOKEN_LENGTH: Final = 150
"""Characters that a value known only at deployment is counted as, quotes included: longer than an ARN of a secret."""

LENGTHS: Final[Mapping[str, int]] = {"volume": 23, "file_system": 22, "bucket": 65}
"""The same of values under these keys: EC2's ids have 21 characters, those of EFS 20, names of buckets at most 63 (S3
User Guide)."""


def content(
    cluster: Cluster,
    plan: Plan,
    *,
    volumes: Mapping[str, str],
    asset: StoredObject,
    artifact: StoredObject,
    secrets: Mapping[str, str],
    pair: Pair | None,
    more: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the document without its generation and wait URL; volumes by node name, secrets' ARNs by their key.

    `pair` is what an H2 pair needs beside its nodes, None for a product that is none. `more` joins the product's own
    settings.
    """
    product = cluster.about
    members = [
        {"name": each.name, "ordinal": each.ordinal, "zone": each.zone, "address": each.address}
        | {"present": each.present, "volume": volumes[each.name]}
        for each in plan.members
    ]
    updates = cluster.updates
    return {
        **({"updates": updates.model_dump(mode="json")} if updates else {}),
        **({"table": pair.table, "takeover_interval": cluster.database.takeover_interval} if pair else {}),
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
        "settings": {
            **product.settings(cluster),
            **({"seed": pair.seed, "backup": pair.backup} if pair else {}),
            **more,
        },
    }


def generation(cluster: Cluster, plan: Plan, document: Mapping[str, Any], user_data: str) -> str:
    """Return 16 hexadecimal digits that change with every value of the cluster file and with all that reaches a node.

    So a deployment waits for the nodes after every edit, also one that they are told nothing of. Beside the literals of
    `document`, that is each member's instance type and image, and the user data. Left out are the paths of files, whose
    hashes stand in `document`, and `protection`, with what follows from it: a sick cluster must be let go without
    waiting for it.
    """
    files: dict[str, Any] = {"artifact": {"file"}, "database": {"seed": {"file"}}}
    files |= {"wso2": {"trust"}, "wso2as": {"trust"}, "axonivy": {"licence"}}
    left_out = {**files, "protection": True}
    # without warnings: of an artifact in S3, pydantic says that it is not the first of its kinds
    file = cluster.model_dump(mode="json", exclude=left_out, warnings=False)
    launched = [[each.name, each.instance_type, each.image] for each in plan.members]
    told = {**document, "settings": _without_backups(document["settings"])}  # they say again what the file says
    literal = render([file, launched, _without_tokens(told), user_data])
    return hashlib.sha256(literal.encode()).hexdigest()[:16]


def _without_backups(told: Mapping[str, Any]) -> dict[str, Any]:
    artifacts = {key: each for key, each in told.get("artifacts", {}).items() if key != "backup"}
    return {**told, "backup": {}, **({"artifacts": artifacts} if "artifacts" in told else {})}


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


def length(value: Any, most: int = TOKEN_LENGTH) -> int:
    """Return how many characters `render(value)` has at most once its tokens are known; a token alone has `most`."""
    if isinstance(value, Mapping):
        return 2 + sum(
            len(_text(key)) + 2 + length(each, LENGTHS.get(key, TOKEN_LENGTH)) for key, each in value.items()
        )
    if isinstance(value, list):
        return 2 + sum(1 + length(each, most) for each in value)
    if isinstance(value, str) and Token.is_unresolved(value):
        return most
    return len(render(value))

"""A cluster of WSO2 AS in a cluster file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from muster.spec import Cluster, load

CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret"

MGT = {"zone": "eu-west-1a", "group": "mgt"}
WORKERS = {"b": {"zone": "eu-west-1b", "group": "worker"}, "c": {"zone": "eu-west-1a", "group": "worker"}}
PLACED = {
    "a": {"zone": "eu-west-1a", "group": "mgt", "address": "10.0.1.10"},
    "b": {"zone": "eu-west-1b", "group": "worker", "address": "10.0.2.10"},
}

SERVER: Mapping[str, Any] = {
    "name": "as",
    "product": "wso2-as",
    "region": "eu-west-1",
    "nodes": {"a": MGT, **WORKERS},
    "instance": {"type": "t4g.medium"},
    "artifact": {"file": "artifacts/wso2as-5.3.0.zip"},
    "balancer": {"certificate": CERTIFICATE},
    "wso2as": {"version": "5.3.0", "management": "mgt.as.example.org", "host": "as.example.org"},
}
"""A plain cluster file."""

GIVEN = {
    "url": "https://svn.example.org:8443/repos/as",
    "commit_secret": f"{SECRET}:as-commit-AbCdEf",
    "checkout_secret": f"{SECRET}:as-checkout-AbCdEf",
}
"""A repository that is there already."""


def server(block: Mapping[str, Any] | None = None, **others: Any) -> dict[str, Any]:
    """Return the fields with those of `block` in the product's block (None: left out), and `others` beside it."""
    own = {name: value for name, value in {**SERVER["wso2as"], **(block or {})}.items() if value is not None}
    return {**SERVER, **others, "wso2as": own}


def loaded(fields: Mapping[str, Any], folder: Path) -> Cluster:
    """Return the cluster of a file with these fields, written into the folder."""
    file = folder / "as.yaml"
    file.write_text(json.dumps(fields), encoding="utf-8")  # JSON is YAML
    return load(file)

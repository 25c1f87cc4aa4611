"""What a cluster file may say is said in some form that the rule packs judge."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.conftest import ROOT
from tests.variants import VARIANTS, Fields

Path = tuple[str, ...]

TOLD: Final = {
    *("class", "domain", "driver", "heartbeat", "home", "name", "short_heartbeat", "tenant_range", "version"),
    *("admin", "admin_writes", "functional", "health", "takeover_interval", "release"),
}
"""Fields that nodes alone are told; what is made is the same with any value."""
NUMBERED: Final = {"cidr", "formation", "timeout", "port", "storage"}
"""Fields whose number stands in a rule, a size or a range in place of another one."""
THERE: Final = {"artifact.s3", "artifact.sha256", "database.seed.file", "instance.architecture"}
"""Other words for what another field says: where a file lies, and which machine the type means."""
ABSENT: Final = {"nodes.*.present"}
"""Without a node there is less of the same; tests/test_alarms.py and tests/test_host_routes.py have that."""
ANY: Final = "*"


def said(fields: Any, at: Path = ()) -> Iterator[Path]:
    """Yield the path of each field that a cluster file has; a name that its author chose is also any."""
    if isinstance(fields, Mapping):
        for name, value in fields.items():
            for step in (name, ANY):
                yield (*at, step)
                yield from said(value, (*at, step))


def known(schema: Mapping[str, Any], node: Mapping[str, Any], at: Path = ()) -> Iterator[Path]:
    """Yield the path of each field that a cluster file may have, by its schema."""
    if "$ref" in node:
        yield from known(schema, schema["$defs"][node["$ref"].rpartition("/")[2]], at)
    for other in (*node.get("anyOf", ()), *node.get("oneOf", ())):
        yield from known(schema, other, at)
    for name, value in node.get("properties", {}).items():
        yield (*at, name)
        yield from known(schema, value, (*at, name))
    for value in (node.get("additionalProperties"), *node.get("patternProperties", {}).values()):
        if isinstance(value, Mapping):
            yield from known(schema, value, (*at, ANY))


def unsaid(forms: Mapping[str, Fields]) -> set[str]:
    """Return the fields that none of `forms` has, but for those that change nothing in what is made."""
    schema = json.loads((ROOT / "schema/cluster.schema.json").read_text(encoding="utf-8"))
    missing = set(known(schema, schema)) - {path for fields in forms.values() for path in said(fields)}
    plain = {path for path in missing if path[-1] not in TOLD | NUMBERED and not path[-1].endswith("_port")}
    return {".".join(path) for path in plain} - THERE - ABSENT


def test_every_field_that_changes_what_is_made_is_in_a_form_that_is_judged() -> None:
    assert unsaid({name: variant.fields for name, variant in VARIANTS.items()}) == set()


def test_a_field_that_is_in_no_form_is_seen() -> None:
    plain = {name: variant.fields for name, variant in VARIANTS.items() if variant.form == "as it stands"}
    assert {"balancer.waf", "database.tls", "updates.day", "kms_key"} <= unsaid(plain)

"""The same cluster file gives the same template, wherever and whenever, and it stays small."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.judged import judged, write_cluster
from tests.variants import EXAMPLES, VARIANTS, Variant


def synthesized_apart(variant: Variant, folder: Path) -> str:
    """Return the template of the variant that a process of its own writes, one that hashes texts in its own way."""
    context: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    context["cluster"] = str(write_cluster(turned(variant.fields), variant.example, folder))
    environment = {
        **os.environ,
        "PYTHONHASHSEED": "1",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "constructs")]),
        "CDK_CONTEXT_JSON": json.dumps(context),
        "CDK_OUTDIR": str(folder / "cdk.out"),
    }
    done = subprocess.run(
        [sys.executable, str(ROOT / "app.py")], cwd=folder, env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return (folder / "cdk.out" / f"muster-{variant.fields['name']}.template.json").read_text(encoding="utf-8")


def turned(value: Any) -> Any:
    """Return the same mapping written in the opposite order."""
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(value)}
    return value


@pytest.mark.parametrize("example", [example.stem for example in EXAMPLES])
def test_the_same_file_gives_the_same_text_in_another_order_place_and_process(example: str, tmp_path: Path) -> None:
    name = f"{example}: everything on"
    assert synthesized_apart(VARIANTS[name], tmp_path) == judged(name).text


STORED, MOST_RESOURCES = 1_000_000, 500
"""Bytes of a template that it takes from S3, where the CDK puts them, and how many resources it may have (quotas)."""

BUDGETS = {"as400gateway": 61_500, "wso2-as": 80_500, "wso2-carbon": 63_500, "kaazing": 59_500, "axonivy": 63_500}
"""By example: a node more is some 6 kB, a database some 7 kB, network ACLs some 8 kB, updates 1 kB."""
RESOURCES = 140
"""What an example needs at most; each entry of a network ACL is one, some twenty in all."""


@pytest.mark.parametrize("name", [name for name in VARIANTS if name.endswith(("everything on", "as it stands"))])
def test_an_example_needs_its_budget_of_resources_and_of_bytes_at_most(name: str) -> None:
    assert len(judged(name).template["Resources"]) <= RESOURCES
    assert len(judged(name).text.encode()) < BUDGETS[VARIANTS[name].example]


def test_sixteen_nodes_with_everything_on_are_far_from_what_cloudformation_takes(tmp_path: Path) -> None:
    variant = VARIANTS["wso2-carbon: everything on"]
    nodes = {f"node-number-{number:03}": {"zone": f"eu-west-1{'abc'[number % 3]}"} for number in range(16)}
    whole = synthesized_apart(replace(variant, fields={**variant.fields, "nodes": nodes}), tmp_path)
    assert len(whole.encode()) < STORED / 5
    assert len(json.loads(whole)["Resources"]) < MOST_RESOURCES / 2

"""Every variant of the examples, synthesized and judged once in a run of the tests."""

import json
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from muster.artifact_file import CERTIFICATE
from muster.spec import load
from stacks.cluster import ClusterStack
from tests.conftest import ROOT
from tests.judging import PACKS, Acknowledged, Finding, findings, nothing_accepted
from tests.variants import VARIANTS, Fields

Template = dict[str, Any]


@dataclass(frozen=True)
class Judged:
    """What a variant's constructs acknowledge, what is found in it then, and what if nothing is accepted."""

    acknowledged: tuple[Acknowledged, ...]
    left: frozenset[Finding]
    found: frozenset[Finding]
    text: str
    """The template, as the CDK writes it."""
    bare_template: Template
    """The template without what constructs tell checkov."""

    @property
    def template(self) -> Template:
        """The template."""
        template: Template = json.loads(self.text)
        return template


def judged(name: str) -> Judged:
    """Return the variant `name` synthesized and judged as it is, and once more with nothing accepted."""
    variant = VARIANTS[name]
    return _judged(variant.example, json.dumps(variant.fields, sort_keys=True))


@cache
def _judged(example: str, fields: str) -> Judged:
    with tempfile.TemporaryDirectory(prefix="judged-") as scratch:
        file = write_cluster(json.loads(fields), example, Path(scratch))
        left, text = _synthesized(file, Path(scratch) / "accepted")
        with nothing_accepted() as acknowledged:
            found, bare = _synthesized(file, Path(scratch) / "bare")
    return Judged(tuple(acknowledged), frozenset(left), frozenset(found), text, json.loads(bare))


def write_cluster(fields: Fields, example: str, folder: Path) -> Path:
    """Write the cluster file into the folder as into a checkout, beside the files that it names."""
    clusters = folder / "clusters"
    clusters.mkdir()
    named = {
        fields["artifact"].get("file"): b"not really an artifact",
        fields.get("wso2", {}).get("trust"): CERTIFICATE,
        fields.get("wso2as", {}).get("trust"): CERTIFICATE,
        fields.get("axonivy", {}).get("licence"): b"not really a licence",
    }
    for path, data in named.items():
        if path:
            (clusters / path).parent.mkdir(parents=True, exist_ok=True)
            (clusters / path).write_bytes(data)
    file = clusters / f"{example}.yaml"
    file.write_text(json.dumps(fields), encoding="utf-8")  # JSON is YAML
    return file


def _synthesized(file: Path, outdir: Path) -> tuple[set[Finding], str]:
    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    cluster = load(file)

    def build(app: cdk.App) -> None:
        ClusterStack(app, cluster=cluster)

    found = findings(build, PACKS, context, outdir)
    return found, (outdir / f"muster-{cluster.name}.template.json").read_text(encoding="utf-8")

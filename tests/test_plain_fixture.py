"""The checks see: what they find in a cluster that nobody hardened, to the last finding."""

import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from operations.checkov import scan
from tests.fixtures.plain_app import PlainStack
from tests.fixtures.plain_findings import CHECKOV, PLAIN
from tests.judging import PACKS, bare_name, findings


@dataclass(frozen=True)
class Judged:
    """What the packs found in the plain cluster, and its template."""

    found: Mapping[str, Mapping[str, int]]
    template: Path


@pytest.fixture(scope="module")
def judged(context: Mapping[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Judged:
    outdir = tmp_path_factory.mktemp("plain")
    found: dict[str, Counter[str]] = {}
    for finding in findings(lambda app: PlainStack(app, "plain"), PACKS, context, outdir):
        found.setdefault(finding.pack, Counter())[bare_name(finding.rule)] += 1
    return Judged(found, outdir / "plain.template.json")


@pytest.mark.parametrize("pack", PLAIN)
def test_each_pack_finds_what_it_finds_in_a_plain_cluster(pack: str, judged: Judged) -> None:
    assert judged.found[pack] == PLAIN[pack]


def test_the_packs_together_find_57_faults_in_a_plain_cluster(judged: Judged) -> None:
    assert sum(sum(rules.values()) for pack, rules in judged.found.items() if pack in PACKS) == 57


def test_checkov_finds_6_faults_in_a_plain_cluster(judged: Judged, tmp_path: Path) -> None:
    shutil.copy(judged.template, tmp_path)
    seen = scan(tmp_path)
    assert [each.rule for each in seen.failed] == sorted(CHECKOV)
    assert (len(CHECKOV), seen.skipped) == (6, ())

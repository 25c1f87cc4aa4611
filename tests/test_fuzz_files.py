"""Right files of all products, changed by chance: each is a right one that is planned and synthesized, or is refused.

The gate draws the same files each time; `./muster test --full` draws others, says by which number, and takes it again
from the environment variable MUSTER_FUZZ.
"""

import os
import secrets
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, seed, settings

from muster.artifact_file import VARIABLE
from musternode.__main__ import KINDS
from tests.fuzz_support import mutated, some_of_each, verdict
from tests.fuzz_synthesis import read_by_a_node
from tests.spec_help import OWN_VPC, changed

SEED = "MUSTER_FUZZ"
SHORT, LONG = 1_500, 10_000
SYNTHESIZED = {SHORT: 5, LONG: 50}

Right = defaultdict[str, list[str]]


def _drawn(count: int, number: int | None) -> Right:
    """Judge `count` different files, drawn by `number` or (None) always the same; return the right ones by product."""
    right: Right = defaultdict(list)
    seen: set[str] = set()

    @settings(
        max_examples=count * 5 // 4,  # one in eight has been drawn before
        derandomize=number is None,
        database=None,
        deadline=None,
        suppress_health_check=[*HealthCheck],
        print_blob=True,
    )
    @given(mutated())
    @example(changed(OWN_VPC, "Gateway Basel", '""'))  # alarms take no empty tag: the synthesis failed
    @example(changed(OWN_VPC, "t4g.medium", "nog.medium"))  # no family of instances is without a number
    def judge(text: str) -> None:
        if text in seen or len(seen) == count:
            return
        seen.add(text)
        with tempfile.TemporaryDirectory() as folder:
            cluster = verdict(text, Path(folder))
        if cluster:
            right[cluster.product].append(text)

    (judge if number is None else seed(number)(judge))()
    assert len(seen) == count
    return right


def _all_of_it(
    count: int, number: int | None, context: Mapping[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    right = _drawn(count, number)
    assert set(right) == {*KINDS, "as400gateway"}, "of some product no file was right"
    chosen = some_of_each(right, SYNTHESIZED[count], number or 0)
    monkeypatch.setenv(VARIABLE, str(folder / "named"))
    for place, text in enumerate(chosen):
        read_by_a_node(text, context, folder / str(place), folder / "named")
    counts = ", ".join(f"{product} {len(texts)}" for product, texts in sorted(right.items()))
    return f"{count} different files, of which right: {counts}; {len(chosen)} of those synthesized, and read by a node"


def test_a_changed_file_is_right_as_a_whole_or_refused_in_clear_lines(
    context: Mapping[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _all_of_it(SHORT, None, context, tmp_path, monkeypatch)


@pytest.mark.full
def test_ten_thousand_changed_files_are_right_as_a_whole_or_refused_in_clear_lines(
    context: Mapping[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    number = int(os.environ.get(SEED) or secrets.randbelow(2**32))
    with capsys.disabled():
        print(f"\n{SEED}={number}")  # noqa: T201 - who looks for a fault needs it
    said = _all_of_it(LONG, number, context, tmp_path, monkeypatch)
    with capsys.disabled():
        print(said)  # noqa: T201

"""The checker sees lost writes where there are some: the guide's recipe loses them after one restart and one death."""

import json
from pathlib import Path

import pytest

from rehearsal import doubles, guide
from rehearsal.faults.table import control_file

pytestmark = pytest.mark.host


@pytest.fixture(scope="module")
def jar() -> Path:
    """Return the double, from the cache where it was built before."""
    return doubles.build("as400gateway")


def test_the_guides_recipe_loses_acknowledged_writes_and_the_checker_says_how_many(jar: Path, tmp_path: Path) -> None:
    control = guide.run(tmp_path, jar)
    control_file().write_text(json.dumps(control.figures(), indent=2) + "\n")  # for docs/reliability.md
    lost = control.account.lost["a"]  # the copy that serves at the end
    assert lost
    assert control.finding.verdict == "invalid"
    assert f"{len(lost)} of {control.account.acknowledged} acknowledged writes lost on a" in control.finding.detail


def test_the_same_recipe_without_a_fault_loses_nothing(jar: Path, tmp_path: Path) -> None:
    """What the checker finds above is the faults' work, not its own or the writers'."""
    control = guide.run(tmp_path, jar, faults=False)
    assert control.finding.verdict == "valid", control.finding.detail
    assert control.account.acknowledged > 100

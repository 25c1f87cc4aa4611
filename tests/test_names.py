"""What stack and commands must call alike stands in one place, and is read without the CDK."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from operations import ROOT

SOURCES = [*(ROOT / "operations").rglob("*.py"), *(ROOT / "constructs").rglob("*.py")]
HERE = ROOT / "constructs/muster/names.py"


@pytest.mark.parametrize(
    "name", [r'f"/muster/\{[^}]*\}/', r"/dev/xvda", r"aws-waf-logs-muster-", r'f"muster-\{'], ids=str
)
def test_a_name_is_made_in_one_place_alone(name: str) -> None:
    assert [each for each in SOURCES if re.search(name, each.read_text(encoding="utf-8"))] == [HERE]


@pytest.mark.parametrize("module", ["muster.names", "muster.artifact_file", "operations.status", "operations.lock"])
def test_a_command_reads_them_without_the_cdk(module: str) -> None:
    code = f"import sys, {module}; sys.exit('aws_cdk' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(ROOT), check=False).returncode == 0

"""cfn-lint over every example in every form."""

import json

import pytest
from cfnlint.api import lint  # type: ignore[import-untyped]
from cfnlint.config import ManualArgs  # type: ignore[import-untyped]

from tests.judged import judged
from tests.variants import VARIANTS


def rules(text: str) -> set[str]:
    """Return the rules that cfn-lint finds broken in the text of a template."""
    return {each.rule.id for each in lint(text, config=ManualArgs(regions=["eu-west-1"]))}


@pytest.mark.parametrize("name", VARIANTS)
def test_cfn_lint_finds_nothing_but_the_zones(name: str) -> None:
    """W3010 is about zones in the template, which stand there because they stand in the cluster file."""
    assert rules(json.dumps(judged(name).template)) <= {"W3010"}


def test_cfn_lint_sees_a_fault() -> None:
    """Negative control of the test above."""
    template = {"Resources": {"Volume": {"Type": "AWS::EC2::Volume", "Properties": {"Size": "much"}}}}
    assert rules(json.dumps(template)) - {"W3010"}

"""What cfn-lint finds in a template, in a process of its own: beside it the next template is made."""

from cfnlint.api import lint  # type: ignore[import-untyped]
from cfnlint.config import ManualArgs  # type: ignore[import-untyped]


def rules(text: str) -> set[str]:
    """Return the rules that cfn-lint finds broken in the text of a template."""
    return {each.rule.id for each in lint(text, config=ManualArgs(regions=["eu-west-1"]))}

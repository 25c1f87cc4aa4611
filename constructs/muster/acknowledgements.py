"""Findings of the rule pack that are accepted, each with its reason, next to the construct that needs it."""

from typing import Final

import aws_cdk as cdk
from constructs import IConstruct

SHORTEST: Final = 40
"""Characters of a reason: shorter ones explain nothing."""


ZONES: Final = "zones stand in the cluster file, so that the same file gives the same places in every account"
"""Why W3010 (hard-coded availability zone) is accepted wherever a zone is set."""


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """Accept findings of `rule` (such as AwsSolutions-EC29) on `construct` and what is in it.

    Raises `ValueError` for a reason of fewer than `SHORTEST` characters.
    """
    if len(reason) < SHORTEST:
        raise ValueError(f"the reason for {rule} has {len(reason)} characters, want at least {SHORTEST}")
    cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=rule, reason=reason))

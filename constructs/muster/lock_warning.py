"""What a synthesis without a lock file says."""

from typing import Final

import aws_cdk as cdk
from constructs import Construct

from muster.spec import Plan

WARNING: Final = "muster:no-lock"
"""Id of the warning that there is no lock file."""


def warn_unlocked(scope: Construct, plan: Plan) -> None:
    """Warn at `scope` if no lock file keeps the members' places: the next edit could move them."""
    if not plan.locked:
        text = "places and images follow from the cluster file alone; write them before the first change"
        cdk.Annotations.of(scope).add_warning_v2(WARNING, f"there is no lock file: {text}: ./muster lock FILE")

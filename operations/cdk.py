"""`muster cdk`: the pinned CDK command line, quiet about itself."""

import os
import sys
from collections.abc import Mapping, Sequence

from operations import ROOT

CLI = ROOT / "node_modules" / ".bin" / "cdk"
"""Called by path: `npx cdk` would offer another package where this one is missing."""

QUIET = {"CDK_DISABLE_CLI_TELEMETRY": "true", "CDK_DISABLE_VERSION_CHECK": "1"}
"""No telemetry and no version nagging; notices are off in cdk.json."""


def cdk_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return `environment` with the CDK command line quiet and the project's Python and Node found first."""
    return {**environment, **QUIET}


def run_cdk(arguments: Sequence[str]) -> None:
    """Become the CDK command line, in the checkout (where cdk.json is). Does not return."""
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execve(CLI, [str(CLI), *arguments], cdk_environment(os.environ))  # noqa: S606 - no shell wanted

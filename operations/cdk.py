"""`muster cdk`: the pinned CDK command line, quiet about itself."""

import os
import sys
from collections.abc import Sequence

from operations import ROOT
from rehearsal.cdk_cli import CDK, QUIET


def run_cdk(arguments: Sequence[str]) -> None:
    """Become the CDK command line, in the checkout (where cdk.json is). Does not return.

    A cluster file in `-c cluster=FILE` is relative to where the user is, as everywhere else.
    """
    command = [str(CDK), *(_with_path(argument) for argument in arguments)]
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execve(CDK, command, {**os.environ, **QUIET})  # noqa: S606 - no shell wanted


def _with_path(argument: str) -> str:
    name, equals, file = argument.partition("cluster=")
    known = name in ("", "-c", "--context=") and equals and os.path.exists(file)  # noqa: PTH110 - text in, text out
    return f"{name}{equals}{os.path.abspath(file)}" if known else argument  # noqa: PTH100

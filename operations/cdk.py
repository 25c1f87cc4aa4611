"""`muster cdk`: the pinned CDK command line, quiet about itself, and held back where it could only do harm."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from muster.spec import Cluster, SpecError, cluster_lock, load, plan
from operations import ROOT
from operations.errors import Failure
from operations.steps import run_step
from rehearsal.cdk_cli import CDK, QUIET, own_path


def run_cdk(arguments: Sequence[str]) -> None:
    """Become the CDK command line, in the checkout (where cdk.json is). Does not return.

    A cluster file in `-c cluster=FILE` is relative to where the user is, as everywhere else. Raises `Failure` for a
    deploy or destroy that could only fail half-way.
    """
    given = [_with_path(argument) for argument in arguments]
    hold_back(given, os.environ)
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execve(CDK, [str(CDK), *given], {**os.environ, **QUIET})  # noqa: S606 - no shell wanted


def deploy(file: Path) -> int:
    """Run `cdk deploy` of the cluster file `file`, passing its output through; return its exit code.

    Raises `Failure` like `run_cdk`.
    """
    arguments = ["deploy", "-c", f"cluster={file.resolve()}", "--require-approval", "never"]
    hold_back(arguments, os.environ)
    os.environ.update({**QUIET, "PATH": own_path()})
    return run_step(["cdk", *arguments], cwd=ROOT)


def hold_back(arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """Raise `Failure` for a destroy of a protected cluster, and for a deploy to AWS of nodes without an image.

    Both would fail at AWS only after something was made or removed. What is no cluster of this app passes.
    """
    command = next((each for each in arguments if each in {"deploy", "destroy"}), None)
    asks = {"-h", "--help", "-a", "--app"} & {argument.partition("=")[0] for argument in arguments}
    if command is None or asks:
        return
    file = _cluster_file(arguments)
    try:
        cluster = load(file)
        if command == "destroy":
            _refuse_protected(cluster, file)
        elif "AWS_ENDPOINT_URL" not in environment:
            _refuse_placeholder(cluster, file)
    except SpecError:
        return  # the app says it all, with its exit code


def _refuse_protected(cluster: Cluster, file: Path) -> None:
    if cluster.deletion_refused:
        ways = f"./muster unprotect {file}, then ./muster cdk deploy -c cluster={file}, then destroy"
        raise Failure(f"the cluster {cluster.name} is protected; to remove it: {ways}", code=2)


def _refuse_placeholder(cluster: Cluster, file: Path) -> None:
    unpinned = [member.name for member in plan(cluster, cluster_lock(cluster)).present if member.image is None]
    if unpinned:
        what = f"no image is pinned for {', '.join(unpinned)} of the cluster {cluster.name}"
        raise Failure(f"{what}: ./muster bump {file} reads the newest from AWS (or set instance.ami)", code=2)


def _cluster_file(arguments: Sequence[str]) -> Path:
    """Return the cluster file that the arguments name, or the one of cdk.json."""
    for argument in reversed(arguments):
        _, equals, file = argument.partition("cluster=")
        if equals and file:
            return ROOT / file
    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    return ROOT / str(context["cluster"])


def _with_path(argument: str) -> str:
    name, equals, file = argument.partition("cluster=")
    known = name in ("", "-c", "--context=") and equals and os.path.exists(file)  # noqa: PTH110 - text in, text out
    return f"{name}{equals}{os.path.abspath(file)}" if known else argument  # noqa: PTH100

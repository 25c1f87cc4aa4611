"""`muster cdk`: the pinned CDK command line, quiet about itself, and held back where it could only do harm."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Final

from muster.artifact_file import VARIABLE
from muster.spec import Cluster, SpecError, cluster_lock, load, plan
from operations import ROOT
from operations.errors import Failure
from operations.files import typed
from operations.review.artifacts import gather
from operations.steps import run_step
from rehearsal.cdk_cli import CDK, QUIET, own_path

NOTHING_OF_THE_ARTIFACT: Final = frozenset({"destroy", "list", "ls"})
"""Commands to which a cluster's name and place matter alone."""


def run_cdk(arguments: Sequence[str]) -> None:
    """Become the CDK command line, in the checkout (where cdk.json is). Does not return.

    An artifact that is missing, and that the command does nothing with, has an empty stand-in.

    A cluster file in `-c cluster=FILE` is relative to where the user is, as everywhere else. Raises `Failure` for a
    deploy or destroy that could only fail half-way.
    """
    given = [_with_path(argument) for argument in arguments]
    hold_back(given, os.environ)
    os.chdir(ROOT)
    sys.stdout.flush()
    with tempfile.TemporaryDirectory(prefix="muster-cdk-") as folder:
        if environment := stand_in(given, Path(folder) / "artifacts"):
            sys.exit(_wait_for([str(CDK), *given], {**os.environ, **QUIET, **environment}))
    os.execve(CDK, [str(CDK), *given], {**os.environ, **QUIET})  # noqa: S606 - no shell wanted


def stand_in(arguments: Sequence[str], folder: Path) -> dict[str, str]:
    """Return what lets a command that does nothing with the artifact go on without it, and say so; else nothing.

    The stand-in is put into the new `folder`; only the command's own environment shall name it.
    """
    if _command(arguments, NOTHING_OF_THE_ARTIFACT) is None:
        return {}
    missing = gather([_cluster_file(arguments)], folder)
    if not missing:
        return {}
    sys.stderr.write(f"{missing[0]} is not here: an empty stand-in takes its place, which changes nothing of this\n")
    return {VARIABLE: str(folder)}


def _wait_for(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run `command` in the foreground and return its exit code; Ctrl-C reaches it by itself, SIGTERM is passed on."""
    child = subprocess.Popen(command, env=environment)
    previous = signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    try:
        return child.wait()
    except KeyboardInterrupt:
        return child.wait()
    finally:
        signal.signal(signal.SIGTERM, previous)


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
    command = _command(arguments, {"deploy", "destroy"})
    if command is None:
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


def _command(arguments: Sequence[str], commands: Set[str]) -> str | None:
    """Return which of `commands` the arguments give to this app; None also where they ask for help alone."""
    asks = {"-h", "--help", "-a", "--app"} & {argument.partition("=")[0] for argument in arguments}
    return None if asks else next((each for each in arguments if each in commands), None)


def _refuse_protected(cluster: Cluster, file: Path) -> None:
    if cluster.deletion_refused:
        name = typed(file)
        ways = f"./muster unprotect {name}, then ./muster cdk deploy -c cluster={name}, then destroy"
        failed = f"where its stack cannot be deployed: ./muster unprotect --now {name}, then destroy"
        raise Failure(f"the cluster {cluster.name} is protected; to remove it: {ways}; {failed}", code=2)


def _refuse_placeholder(cluster: Cluster, file: Path) -> None:
    unpinned = [member.name for member in plan(cluster, cluster_lock(cluster)).present if member.image is None]
    if unpinned:
        what = f"no image is pinned for {', '.join(unpinned)} of the cluster {cluster.name}"
        raise Failure(f"{what}: ./muster bump {typed(file)} reads the newest from AWS (or set instance.ami)", code=2)


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

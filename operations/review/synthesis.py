"""One side of a comparison: a stack as the CDK command line synthesizes it, offline."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from operations import ROOT
from operations.review.values import Template
from rehearsal.cdk_cli import CDK, NO_CREDENTIALS, QUIET, own_path

PINS: Final = ("requirements.txt", "package-lock.json")
"""What says which CDK a tree is synthesized with."""

_BAD_INPUT: Final = "Subprocess exited with error 2"
_SUMMARY: Final = "\N{SPARKLES}"
_NOISE: Final = ("Subprocess exited with error", "does not exist; taking")


class SynthesisError(Exception):
    """A synthesis that failed; `lines` are what it said, `bad_input` if the cluster file was refused."""

    def __init__(self, lines: list[str], *, bad_input: bool) -> None:
        super().__init__(lines[0] if lines else "the synthesis failed and said nothing")
        self.lines = lines
        self.bad_input = bad_input


@dataclass(frozen=True)
class Side:
    """A stack with its template, and the cloud assembly that it came in; `environment` is aws://ACCOUNT/REGION."""

    stack: str
    template: Template
    assembly: Path
    environment: str = ""
    lookup_role: str | None = None

    @property
    def template_file(self) -> Path:
        """The template on disk."""
        return self.assembly / f"{self.stack}.template.json"


def synthesize(tree: Path, file: Path, assembly: Path, artifacts: Path) -> Side:
    """Synthesize the cluster file `file` by the code in `tree` into the folder `assembly`.

    A missing artifact is taken from the folder `artifacts`. Another tree's packages are set up by its own launcher
    where its pins differ from this checkout's. Neither credentials nor the network are used. Raises `SynthesisError`.
    """
    cdk = [str(CDK)] if same_pins(tree) else [str(tree / "muster"), "cdk"]
    command = [*cdk, "synth", "--quiet", "--no-color", "--output", str(assembly), "--context", f"cluster={file}"]
    done = subprocess.run(
        command, cwd=tree, env=_environment(tree, artifacts), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise _error(done.stdout + done.stderr)
    return _read(assembly)


def _error(said: str) -> SynthesisError:
    """Return the error in the lines that a person needs; what nobody expected is kept whole in a file."""
    lines = [line for line in said.splitlines() if line.strip() and not any(noise in line for noise in _NOISE)]
    if any(line.startswith("Traceback ") for line in lines):
        with tempfile.NamedTemporaryFile("w", prefix="muster-", suffix=".log", delete=False) as log:
            log.write(said)
        lines = [f"{lines[-1]} (all of it: {log.name})"]
    return SynthesisError(lines, bad_input=_BAD_INPUT in said)


def same_pins(tree: Path) -> bool:
    """Return whether `tree` is synthesized with the packages of this checkout."""
    return all(_bytes(tree / name) == _bytes(ROOT / name) for name in PINS)


def difference(old: Path, new: Side) -> str:
    """Return the text of `cdk diff` between the template file `old` and `new`."""
    command = [str(CDK), "diff", new.stack, "--app", str(new.assembly), "--template", str(old)]
    command += ["--method=template", "--no-color"]
    environment = _environment(ROOT, ROOT)
    done = subprocess.run(command, cwd=new.assembly, env=environment, capture_output=True, text=True, check=False)
    said = (done.stdout + done.stderr).partition(_SUMMARY)[0].rstrip()
    _, title, rest = said.partition(f"Stack {new.stack}\n")
    return title + rest if title else said


def _environment(tree: Path, artifacts: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    modules = os.pathsep.join([str(tree), str(tree / "constructs")])  # before the checkout that is installed
    own = {"PATH": own_path(), "PYTHONPATH": modules, "MUSTER_ARTIFACTS": str(artifacts)}
    return {**kept, **QUIET, **NO_CREDENTIALS, **own, "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1"}


def _read(assembly: Path) -> Side:
    manifest = json.loads((assembly / "manifest.json").read_text(encoding="utf-8"))
    ((stack, artifact),) = _stacks(manifest)
    properties = artifact["properties"]
    template = json.loads((assembly / properties["templateFile"]).read_text(encoding="utf-8"))
    return Side(stack, template, assembly, artifact["environment"], properties.get("lookupRole", {}).get("arn"))


def _stacks(manifest: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, each in manifest["artifacts"].items():
        if each["type"] == "aws:cloudformation:stack":
            yield name, each


def _bytes(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() else None

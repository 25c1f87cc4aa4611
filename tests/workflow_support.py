"""GitHub's workflows as data, and a folder as a job has it."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import ROOT

GITHUB = ROOT / ".github"


def workflow(name: str) -> dict[str, Any]:
    text = (GITHUB / "workflows" / f"{name}.yml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - `on` stays text, all else is text too
    return found


def every_workflow() -> list[str]:
    return sorted(each.stem for each in (GITHUB / "workflows").glob("*.yml"))


def steps(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for job, content in workflow(name)["jobs"].items():
        yield from ((job, step) for step in content["steps"])


class Runner:
    """A folder as a job has it, with programs that stand where others are and write down how they were called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls = folder / "calls"
        self.calls.touch()
        self.summary, self.output, self.env = (folder / each for each in ("summary", "output", "env"))
        (folder / "bin").mkdir()

    def program(self, name: str, does: str, *, here: bool = False) -> None:
        file = self.folder / name if here else self.folder / "bin" / name
        file.write_text(f'#!/bin/bash\nprintf "%s\\n" "{name} $*" >>{self.calls}\n{does}\n')
        file.chmod(0o755)

    def run(self, *command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        own = {"RUNNER_TEMP": str(self.folder), "GITHUB_RUN_ID": "7"}
        own |= {f"GITHUB_{name}": str(self.folder / name.lower()) for name in ("OUTPUT", "ENV")}
        own |= {"GITHUB_STEP_SUMMARY": str(self.summary), "PATH": f"{self.folder}/bin:{os.environ['PATH']}"}
        return subprocess.run(
            command, cwd=self.folder, env={**own, **variables}, capture_output=True, text=True, check=False
        )

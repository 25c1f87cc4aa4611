"""The launcher: what it does when things are there, and what it says when they are not."""

import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from operations import ROOT


def test_a_second_start_costs_under_half_a_second() -> None:
    """The quickest of five: the machine may be busy with other things."""
    took = []
    for _ in range(5):
        began = time.monotonic()
        subprocess.run([ROOT / "muster", "--help"], cwd=ROOT, check=True, capture_output=True)
        took.append(time.monotonic() - began)
    assert min(took) < 0.5


@pytest.mark.parametrize("missing", ["ensurepip", "venv"])
def test_a_python_without_venv_is_told_how_to_get_it(missing: str, tmp_path: Path) -> None:
    checkout = bare_checkout(tmp_path)
    fake = tmp_path / "bin" / "python3"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\ncase "$*" in *"import ensurepip, venv"*) echo {missing} >&2; exit 1;; esac\nexit 0\n')
    fake.chmod(0o755)
    done = start(checkout, path=f"{fake.parent}:{os.environ['PATH']}")
    assert done.returncode == 1
    assert "apt-get install python3-venv" in done.stderr
    assert not (checkout / ".venv").exists()


def test_an_old_python_is_refused_by_its_version(tmp_path: Path) -> None:
    checkout = bare_checkout(tmp_path)
    fake = tmp_path / "bin" / "python3"
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\n[ "$1" = --version ] && { echo Python 3.9.2; exit 0; }\nexit 1\n')
    fake.chmod(0o755)
    done = start(checkout, path=f"{fake.parent}:{os.environ['PATH']}")
    assert done.returncode == 1
    assert "3.11 or newer; python3 here is Python 3.9.2" in done.stderr


def test_what_a_linked_environment_leads_to_is_left_alone(tmp_path: Path) -> None:
    """`venv --clear` empties what a link leads to: another checkout's environment."""
    checkout, theirs = bare_checkout(tmp_path), tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "kept").touch()
    (checkout / ".venv").symlink_to(theirs)
    (checkout / "requirements.txt").write_text("")
    start(checkout, path=os.environ["PATH"])  # ends where Muster itself would be installed
    assert [path.name for path in theirs.iterdir()] == ["kept"]
    assert (checkout / ".venv" / "bin" / "python").exists()
    assert not (checkout / ".venv").is_symlink()


def test_every_python_package_is_pinned_with_hashes() -> None:
    text = (ROOT / "requirements.txt").read_text()
    blocks = re.split(r"\n(?=[a-z0-9])", text)
    assert all("==" in block and "--hash=sha256:" in block for block in blocks)


def test_the_cdk_command_line_is_pinned() -> None:
    wanted = json.loads((ROOT / "package.json").read_text())["devDependencies"]["aws-cdk"]
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]["node_modules/aws-cdk"]["version"]
    assert wanted == locked
    assert wanted.startswith("2.1148.")


def bare_checkout(folder: Path) -> Path:
    """Make a checkout that has not been set up."""
    checkout = folder / "checkout"
    checkout.mkdir()
    for name in ("muster", "requirements.txt", "package-lock.json"):
        shutil.copy(ROOT / name, checkout / name)
    return checkout


def start(checkout: Path, *, path: str) -> subprocess.CompletedProcess[str]:
    """Start the launcher with another PATH."""
    environment = {**os.environ, "PATH": path}
    return subprocess.run(
        [checkout / "muster", "--help"], env=environment, capture_output=True, text=True, check=False, timeout=60
    )

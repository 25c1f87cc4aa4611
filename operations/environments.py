"""Tools that run in environments of their own, because their pins and Muster's exclude each other or need not meet."""

import fcntl
import hashlib
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from operations import ROOT
from operations.errors import Failure
from operations.steps import run_step
from rehearsal import places

# isolated: pip takes a package that the user's PYTHONPATH leads to for installed, and leaves it out
PIP: Final = ("-I", "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--require-hashes")


def environment(tool: str, costs: str) -> Path:
    """Return the Python of `tool`, installing it first from the hashed `requirements-TOOL.txt` unless it is there.

    `costs` tells the user what that takes. Two processes never install at once, and one that was killed leaves nothing
    that is taken for whole. Raises `Failure` if the packages cannot be installed.
    """
    pins = ROOT / f"requirements-{tool}.txt"
    folder = places.cache() / f"{tool}-{_key(pins)}"
    whole = folder / "whole"
    with _alone(folder):
        if not whole.exists():
            _install(tool, costs, pins, folder)
            whole.touch()
    return folder / "bin" / "python"


def _key(pins: Path) -> str:
    """Return 16 hex digits that change with any pin, with the Python that runs, and with how it installs."""
    return hashlib.sha256(pins.read_bytes() + sys.version.encode() + " ".join(PIP).encode()).hexdigest()[:16]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install(tool: str, costs: str, pins: Path, folder: Path) -> None:
    print(f"installing {tool} in {folder} (the first time: {costs})", flush=True)
    began = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    installing = [str(folder / "bin" / "python"), *PIP, "-r", str(pins)]
    for command in [sys.executable, "-m", "venv", str(folder)], installing:
        if code := run_step(command, cwd=ROOT):
            raise Failure(f"{tool} cannot be installed ({' '.join(command[1:4])} ended with {code}: above)")
    print(f"installed {tool} in {time.monotonic() - began:.0f} s", flush=True)

"""The checkout as it was at a commit."""

import subprocess
from pathlib import Path

from operations import ROOT
from operations.errors import Failure


def unpack(ref: str, folder: Path) -> str:
    """Unpack the checkout's files at the commit `ref` into `folder`; return the commit's short name.

    An archive rather than a work tree of git: a killed run leaves nothing behind in the repository. Raises `Failure`
    (code 2) for what is no commit.
    """
    commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if commit is None:
        raise Failure(f"{ref} is no commit of {ROOT}; fetch it, or compare with --old FILE or --deployed", code=2)
    packed = folder.with_suffix(".tar")
    folder.mkdir()
    if _git("archive", "--output", str(packed), commit) is None:
        raise Failure(f"git could not pack {ref}")
    subprocess.run(["tar", "-xf", str(packed), "-C", str(folder)], check=True)
    packed.unlink()
    return commit[:12]


def cluster_files(tree: Path) -> list[Path]:
    """Return the cluster files of `tree`, relative to it."""
    return sorted(each.relative_to(tree) for each in (tree / "clusters").glob("*.yaml"))


def _git(*arguments: str) -> str | None:
    """Return what git says, or None where it fails; the checkout may be another user's."""
    command = ["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise Failure("git is not installed; compare with --old FILE or --deployed", code=2) from None
    return done.stdout.strip() if done.returncode == 0 else None

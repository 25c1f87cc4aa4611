"""`muster lock`: writes what will be launched, before the first deploy and with every change of nodes."""

import os
from pathlib import Path

from muster.artifact_file import look, sha256_of
from muster.spec import ArtifactFile, Cluster, Lock, SpecError, lock_path, locked
from muster.spec.lock_changes import changes
from operations.errors import Failure
from operations.files import load_file, load_lock, refused, save_lock, typed


def lock_file(file: Path, *, check: bool) -> int:
    """Write the lock of the cluster file `file` and tell each change; with `check` only tell.

    Returns 1 if `check` found the lock behind, else 0. Raises `Failure` (2) for what is refused: nothing is written.
    """
    cluster, old = load_file(file), load_lock(file)
    new = next_lock(file, old, cluster)
    name = lock_path(file)
    if old == new:
        print(f"{name} is right")
        return 0
    for change in changes(old, new):
        print(f"  {change}")
    if check:
        print(f"{name} is behind: ./muster lock {typed(file)}")
        return 1
    save_lock(file, new)
    print(f"{name} is {'written' if old is None else 'changed'}; commit it beside {file.name}")
    return 0


def next_lock(file: Path, old: Lock | None, cluster: Cluster) -> Lock:
    """Return the lock of `cluster` after `old`. Raises `Failure` (2) after every refusal was told."""
    try:
        return locked(old, cluster, _artifact(cluster))
    except SpecError as error:
        failure = refused(file, error)
        if old is None:
            raise failure from error
        way_out = f"nothing of it deployed yet? then delete {lock_path(file)} and run this again"
        raise Failure(f"{failure} ({way_out})", code=2) from error


def _artifact(cluster: Cluster) -> str | None:
    """Return the hash of the artifact's file, or None where it is not here or is not a file."""
    if not isinstance(cluster.artifact, ArtifactFile):
        return None
    try:
        found = look(cluster, cluster.artifact.file, os.environ)
        return sha256_of(found) if found else None
    except OSError:
        return None

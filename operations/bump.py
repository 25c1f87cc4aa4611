"""`muster bump`: reads the newest images from AWS and pins them in the lock files, nowhere else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from muster.spec import Cluster, Lock, SpecError, lock_path, locked
from muster.spec.lock import OWN
from muster.spec.locking import image_source, same_cluster, with_pin
from operations import vendors
from operations.aws import Aws, account_of
from operations.files import load_file, load_lock, refused, save_lock, typed

Connect = Callable[[str], Aws]


@dataclass(frozen=True)
class _Target:
    file: Path
    cluster: Cluster
    old: Lock | None
    """As it stands on disk."""
    lock: Lock
    """The same, or what it would be."""


def bump_files(files: Sequence[Path], connect: Connect = Aws) -> int:
    """Pin the newest image in the lock of each cluster file, and tell old and new; launched nodes stay as they are.

    All files are read, then all images, then all locks are written: a failure leaves every lock as it was.
    Raises `Failure`.
    """
    targets = [_target(file) for file in files]
    regions = {target.cluster.region: connect(target.cluster.region) for target in targets}
    new = []
    for target in targets:
        print(f"{target.file}: asking {target.cluster.region} for the image of {_source(target.cluster)}", flush=True)
        aws = regions[target.cluster.region]
        account_of(aws, target.cluster.account)
        new.append(_bumped(target, aws))
    for target, lock in zip(targets, new, strict=True):
        if lock != target.old:
            save_lock(target.file, lock)
        _tell(target, lock)
    return 0


def _target(file: Path) -> _Target:
    cluster, old = load_file(file), load_lock(file)
    try:
        # pins alone are changed: what `muster roll` is to change may differ already
        return _Target(file, cluster, old, same_cluster(cluster, old) if old else locked(None, cluster))
    except SpecError as error:
        raise refused(file, error) from error


def _source(cluster: Cluster) -> str:
    source = image_source(cluster)
    return f"your own ({cluster.instance.ami})" if source == OWN else source


def _bumped(target: _Target, aws: Aws) -> Lock:
    instance = target.cluster.instance
    if instance.ami:
        name = vendors.own(aws, instance.ami, instance.architecture)
        print(f"  {instance.ami} ({name}) is built for {instance.architecture}, as {instance.type} is")
        return target.lock
    today = datetime.now(tz=UTC).strftime("%Y-%m-%d")
    pin = vendors.newest(aws, instance.os, instance.architecture, today)
    return with_pin(target.lock, target.cluster, pin)


def _tell(target: _Target, lock: Lock) -> None:
    key = image_source(target.cluster)
    before, now = target.lock.images.get(key), lock.images.get(key)
    if now and now == before:
        print(f"  {now.id} ({now.name}) is still the newest")
    elif now:
        print(f"  {before.id if before else 'not pinned'}{f' ({before.name})' if before else ''}")
        print(f"  -> {now.id} ({now.name})")
    if lock != target.old:
        print(f"  {lock_path(target.file)} is written; commit it beside {target.file.name}")
    wants = now.id if now else target.cluster.instance.ami
    behind = [name for name, node in sorted(lock.nodes.items()) if node.present and node.image not in {None, wants}]
    if behind:
        print(f"  {', '.join(behind)} keep what they run; one after the other: ./muster roll {typed(target.file)}")

"""`muster unprotect`: the first of the steps that remove a cluster, or that take one node out by hand."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from muster.spec import Cluster, SpecError, load
from muster.spec.lock_file import write_whole
from operations.aws import Aws, account_of
from operations.edit import EditError, with_scalar
from operations.errors import Failure
from operations.files import load_file, typed
from operations.lifting import lift_now
from operations.observed import by_node, seen_instances
from operations.protection import set_protection

LIFTED = "lifted"


def unprotect(file: Path, *, node: str | None, now: bool, connect: Callable[[str], Aws] = Aws) -> int:
    """Lift the protection of one node, or of the whole cluster of `file`; `now` in AWS too. Raises `Failure`."""
    if node and now:
        raise Failure("--node and --now are two answers to one question; give one", code=2)
    if node:
        return unprotect_node(file, node, connect)
    if not now:
        return unprotect_file(file)
    if load_file(file).deletion_refused:
        unprotect_file(file)
    return lift_now(file, connect)


def unprotect_file(file: Path) -> int:
    """Set `protection: lifted` in the cluster file; every other byte stays.

    Raises `Failure`, then nothing is changed.
    """
    cluster = load_file(file)
    if not cluster.deletion_refused:
        what = f"protection is {cluster.protection} already; ./muster cdk deploy makes it so, then destroy"
        raise Failure(f"{file}: {what}", code=2)
    text = file.read_bytes()
    try:
        edited = with_scalar(text.decode("utf-8"), "protection", LIFTED, after="region").encode()
    except EditError as error:
        raise Failure(f"{file}: {error}: write protection: {LIFTED} yourself", code=2) from error
    _refuse_other_changes(file, cluster, edited)
    try:
        write_whole(file, edited)
    except OSError as error:
        raise Failure(f"{file}: {error.strerror}: it is as it was") from error
    print(f"{file}: protection is lifted now; to remove the cluster:")
    print(f"  ./muster cdk deploy -c cluster={typed(file)}     lets stack, instances and balancer be deleted")
    kept = "keeps a snapshot of each data volume, backups, the witness, shared files and the access logs"
    print(f"  ./muster cdk destroy -c cluster={typed(file)}    {kept}")
    print(f"  ./muster leftovers {typed(file)}                 lists them, with the command that removes each")
    return 0


def _refuse_other_changes(file: Path, cluster: Cluster, edited: bytes) -> None:
    """Read the edited text as the file would be read, and compare."""
    with tempfile.NamedTemporaryFile(suffix=".yaml") as trial:
        trial.write(edited)
        trial.flush()
        try:
            after = load(Path(trial.name))
        except SpecError:
            after = None
    if after is None or after.model_dump() != cluster.model_dump() | {"protection": LIFTED}:
        raise Failure(f"{file} is written in a way that cannot be edited: write protection: {LIFTED} yourself", code=2)


def unprotect_node(file: Path, node: str, connect: Callable[[str], Aws] = Aws) -> int:
    """Lift the termination protection of one node's instance, before a deploy that takes it out. Raises `Failure`."""
    cluster = load_file(file)
    if node not in cluster.nodes:
        raise Failure(f"{file} has no node {node}, but {', '.join(sorted(cluster.nodes))}", code=2)
    aws = connect(cluster.region)
    account_of(aws, cluster.account)
    instance = by_node(seen_instances(aws, cluster.name)).get(node)
    if instance is None:
        raise Failure(f"node {node} of {cluster.name} has no instance in {cluster.region}")
    set_protection(aws, instance.id, on=False)
    print(f"{instance.id} of node {node} may be terminated now; next: nodes.{node}.present: false,")
    print(f"  ./muster lock {typed(file)}, ./muster cdk deploy -c cluster={typed(file)}")
    return 0

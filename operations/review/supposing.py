"""What a deploy would do if the lock file let it: the table says in words why it does not."""

from pathlib import Path

from muster.spec import Cluster, SpecError, load, locked, read_lock, write_lock
from muster.spec.lock import Lock


def without_refusals(file: Path, folder: Path) -> Path | None:
    """Copy the cluster file `file` into the new `folder` beside a lock that lets every node change at once.

    Its nodes keep their ordinals, and so their addresses where they keep their zones. None without a lock file, for
    a faulty cluster file, and for one that is another cluster by now, of which no node stays.
    """
    try:
        old = read_lock(file)
        if old is None:
            return None
        cluster = load(file)
        supposed = locked(_nothing_running(old, cluster), cluster)
    except SpecError:
        return None
    folder.mkdir()
    copy = folder / file.name
    copy.write_bytes(file.read_bytes())
    write_lock(copy, supposed)
    return copy


def _nothing_running(lock: Lock, cluster: Cluster) -> Lock:
    """Return the lock as if no node had an instance, and nothing else stood that `cluster` would replace."""
    nodes = {name: node.model_copy(update={"present": False}) for name, node in lock.nodes.items()}
    free = {"kms_key": cluster.kms_key, "scheme": cluster.balancer.scheme}
    return lock.changed(nodes=nodes, volume=1, rolling=(), **free)

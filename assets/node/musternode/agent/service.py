"""The agent as a process: one thread ships the journal, one sends metrics; a fault of either ends both."""

import logging
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Sequence

from .. import aws, standing, state
from ..failure import Failure
from ..paths import Paths
from ..updates import words
from .journal import Journal
from .metrics import Meter, Values, measured, members
from .quiet import Quiet
from .shipping import Bookmark, Shipper

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """Whose journal and metrics: node `node` of `cluster`."""

    region: str
    cluster: str
    node: str


def place(arguments: Sequence[str]) -> Place:
    """Return the place in the command's arguments; raises `Failure` if they are not three."""
    if len(arguments) != 3:
        raise Failure("usage: musternode agent REGION CLUSTER NODE")
    return Place(*arguments)


def run(where: Place, paths: Paths) -> int:
    """Ship until something ends that must not; return 1, for systemd to start another."""
    logging.getLogger("botocore").setLevel(logging.ERROR)
    folder = Path(os.environ.get("STATE_DIRECTORY", paths.root / "var/lib/muster-agent"))
    quiet = Quiet()
    # clients are made one after the other: boto3's default session is not for two threads at once
    logs, cloudwatch = aws.client("logs", where.region), aws.client("cloudwatch", where.region)
    shipper = Shipper(logs, where.cluster, where.node, Bookmark(folder / "cursor"), quiet)
    meter = Meter(cloudwatch, where.cluster, where.node, lambda: _measured(paths), quiet)
    log.info("ships the journal and the metrics of node %s", where.node)
    ended = threading.Event()
    for work in (lambda: shipper.follow(Journal), meter.run):
        threading.Thread(target=_guarded, args=(work, ended), daemon=True).start()
    ended.wait()
    return 1


def _guarded(work: Callable[[], None], ended: threading.Event) -> None:
    try:
        work()
    except Exception:
        log.exception("the agent ends")
    finally:
        ended.set()


def _measured(paths: Paths) -> Values:
    own = state.own(paths)
    word = None if own is None else words.read(own.updates)
    return measured(_members(paths), paths.root, paths.data, paths.root / "proc/meminfo", word)


def _members(paths: Paths) -> int:
    """Return how many members serve; a member that counts for itself says it in a file."""
    counted = state.load(paths.public / "members.json")
    if counted is not None:
        found = counted.get("members")
        return found if isinstance(found, int) and not state.stale(counted, state.STALE) else 0
    return members([state.own(paths), standing.peer(paths)])

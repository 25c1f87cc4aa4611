"""`muster artifacts restore`: the order to go back to a backup of the repository."""

import secrets
from pathlib import Path

from operations import dumps
from operations.artifacts.backups import chosen, described
from operations.artifacts.store import Answer, Order, Store, store_of
from operations.aws import Aws
from operations.dumps import Backup
from operations.errors import Failure
from operations.h2.pair import Ask, Connect, confirmed
from operations.observed import own_and_strays
from rehearsal.poll import NotYet, poll

WITHIN = 3600.0
"""Seconds in which the node must have said that it is done: it fetches, loads and reads the whole backup."""
EVERY = 5.0


def restore(
    file: Path,
    at: str | None,
    *,
    yes: bool,
    wait: bool,
    ask: Ask,
    connect: Connect = Aws,
    within: float = WITHIN,
) -> int:
    """Order that the committing node restores the backup `at`, a key or a time, or the newest one.

    Return 0 when it is done, or ordered if nobody waits. Raises `Failure`.
    """
    store = store_of(file, connect)
    backup = chosen(store, at)
    _can(store)
    order = Order(secrets.token_hex(8), store.committer, backup.key, dumps.sha256(store.aws, store.shelf, backup))
    if not confirmed(_warning(store, backup), yes=yes, ask=ask):
        return 1
    store.order(order)
    print(f"ordered as {order.id}: node {order.node} sees it within seconds; it is void in an hour if it has not begun")
    if wait:
        _await(store, order, within)
    else:
        print(f"node {order.node} tells how it goes on: ./muster artifacts backups {store.typed}")
    return 0


def _can(store: Store) -> None:
    """Raise `Failure` if nobody would obey."""
    node = store.committer
    if node not in store.cluster.present_nodes:
        raise Failure(f"node {node}, which commits, is absent by the cluster file: let it be there, or another commit")
    found = own_and_strays(store.aws, store.cluster.name)[0].get(node)
    state = found.state if found else "not there"
    if state != "running":
        raise Failure(f"the instance of node {node}, which commits, is {state}, so nobody would restore: start it")


def _warning(store: Store, backup: Backup) -> list[str]:
    return [
        f"node {store.committer} will make the repository of artifacts that of {backup.key};",
        f"  what was deployed or deleted since {backup.at:%Y-%m-%d %H:%M:%S} UTC is no more in it. The repository of",
        "  now is kept on that node's data volume as artifacts.aside-TIME, the newest two.",
        "  Every server begins anew with it, one after the other, and its own files become the backup's: a file or",
        "  folder directly in deployment/server of which the backup has none stays on the committing node, and is",
        "  committed again; delete there what must not come back. A second management node mirrors it anew.",
    ]


def _await(store: Store, order: Order, within: float) -> None:
    """Wait until the order has ended; say what the node says. Raises `Failure`."""
    told: set[str] = set()

    def ended() -> Answer:
        answer = store.answer()
        if answer is None or answer.id != order.id:
            raise NotYet("the node has not answered")
        if answer.state not in told:
            print(described(answer), flush=True)
            told.add(answer.state)
        if answer.state == "working":
            raise NotYet(answer.said)
        return answer

    try:
        answer = poll(ended, within=within, every=min(EVERY, within))
    except TimeoutError as error:
        raise Failure(f"{error}; see ./muster artifacts backups {store.typed}, and that node's log") from error
    if answer.state != "done":
        raise Failure(f"nothing was restored: {answer.said}")

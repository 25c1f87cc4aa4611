"""Which edits are refused because artifacts, or registry and users, would be lost: one pure function a rule.

The node that commits artifacts is the first of the lock's `keepers`. A data volume belongs to its node's zone: one that
comes back in another zone has another volume, and an empty one.
"""

from collections.abc import Iterator
from typing import Final

from muster.products.made_database import ENGINES
from muster.products.wso2_as import Wso2As, committer
from muster.spec.lock import Lock
from muster.spec.model import Cluster
from muster.spec.refusal_words import Refusal, listed, out_and_in, relocked, swap


def shared_database(cluster: Cluster) -> str | None:
    """Return what tells the database that all servers share: the engine of one that is made, or an address."""
    if made := cluster.about.made_database(cluster):
        return made.engine
    own = getattr(cluster, cluster.about.field, None)
    return own.database.url if isinstance(own, Wso2As) and own.database else None


def moving(name: str, old: Lock, cluster: Cluster) -> str:
    """Return how node `name` gets into another zone; the one that commits artifacts has them on its volume alone."""
    if name not in old.keepers[:1]:
        return swap(name, cluster)
    others = [each for each in _copies(old, cluster) if each != name]
    field, deploy = f"{cluster.about.field}.committer", relocked(cluster)
    first = f"let {others[0]} commit" if others else f"add a second management node, {deploy}; let that commit"
    why = "the artifacts are on its volume, which stays behind"
    return f"{why}: first {first} ({field}), {deploy}; then {out_and_in(name, cluster)}"


def lost_artifacts(old: Lock, cluster: Cluster) -> Iterator[Refusal]:
    """Refuse to let a node commit that has no copy of the repository: it would begin an empty one."""
    first = next(iter(cluster.about.keepers(cluster)), None)
    if not old.keepers or first is None or first in _copies(old, cluster):
        return
    if first in old.keepers:
        yield from _moved_away(first, old, cluster)
        return
    what = f"node {first} would commit, which has no copy of the artifacts on {listed(old.keepers)}"
    way = (
        f"let {old.keepers[0]} commit as before ({cluster.about.field}.committer), with {first} as the second "
        f"management node, {relocked(cluster)}; then change it"
    )
    yield f"nodes.{first}.group", f"{what}, and would begin with none; {way}"


def _moved_away(name: str, old: Lock, cluster: Cluster) -> Iterator[Refusal]:
    before = old.nodes.get(name)
    if before is None or _runs(name, old):
        return  # it cannot be moved at all
    what = f"node {name} would commit, and its volume in {cluster.nodes[name].zone} is another one, without artifacts"
    way = f"want {before.zone} and present: true; to move it: {moving(name, old, cluster)}"
    yield f"nodes.{name}.zone", f"{what}; {way}"


def hasty_committer(old: Lock, cluster: Cluster) -> Iterator[Refusal]:
    """Refuse to remove the node that commits while another one takes over, which would not wait for it.

    Members know no node that is gone from the file: the other one would begin with what it has copied, while the first
    one commits until its instance ends.
    """
    former, now = next(iter(old.keepers), None), next(iter(cluster.about.keepers(cluster)), None)
    if former is None or now is None or former == now or now not in _copies(old, cluster):
        return
    if _runs(former, old) and cluster.groups.get(former) != "mgt":
        what = f"commits artifacts, and {now} would begin to before it has ended, without what it has not copied yet"
        way = f"leave {former} as it was, with {cluster.about.field}.committer: {now}, {relocked(cluster)}"
        yield f"nodes.{former}", f"{what}; {way}; then change {former}"


def other_database(old: Lock, cluster: Cluster) -> Iterator[Refusal]:
    """Refuse another engine for the database that is made: it would be another database, and an empty one."""
    made = cluster.about.made_database(cluster)
    if old.database in ENGINES and made and made.engine != old.database:
        what = f"got '{made.engine}', the database is of {old.database}, and one of another engine would be made, empty"
        way = "want it as it was; else bring its content into one of your own, and name that (url, secret)"
        yield f"{cluster.about.field}.database.engine", f"{what}, {way}"


def left_out_database(old: Lock, cluster: Cluster) -> Iterator[Refusal]:
    """Refuse to leave the shared database out: each server would go on with the users of its own.

    A rollback does not pass here: nodes go back to a document without it.
    """
    if old.database and shared_database(cluster) is None:
        what = "is left out, and registry and users are in it, which no server would use any more"
        way = "want it as it was, or a new cluster without it"
        back = "if the deployment that was to add it failed, take the lock file back, too"
        yield f"{cluster.about.field}.database", f"{what}; {way} ({back})"


def early_to_the_database(old: Lock, cluster: Cluster) -> Iterator[Refusal]:
    """Refuse another database where a server would begin with it before the one that commits, which makes its tables.

    Members go over by their places, and one that is new or comes back begins with it at once.
    """
    now = shared_database(cluster)
    runs = [name for name, node in old.nodes.items() if node.present and node.image]
    if now in (None, old.database) or not runs or {now, old.database} <= set(ENGINES):
        return
    stays = [name for name in runs if name in cluster.present_nodes]
    if ways := list(_ways(sorted(stays, key=lambda name: old.nodes[name].ordinal), cluster)):
        said = "is another one" if old.database else "is added"
        what = f"{said}, and the tables are made by the node that commits, as the first of all that use it"
        yield f"{cluster.about.field}.database", f"{what}; {'; '.join(ways)}"


def _ways(stays: list[str], cluster: Cluster) -> Iterator[str]:
    """Yield what is to be done before a database is changed, or after it; `stays` are the nodes that go over to it."""
    first = committer(cluster)
    before = stays[: stays.index(first)] if first in stays else []
    if first not in stays:
        yield f"first let {first} run, {relocked(cluster)}"
    elif before and cluster.groups.get(before[0]) == "mgt":
        yield f"before it is {before[0]}: first let that commit ({cluster.about.field}.committer), {relocked(cluster)}"
    elif before:
        new = "first give them successors of other names, whose places are behind all others"
        yield f"before it are {listed(before)}: {new}, {relocked(cluster)}"
    if came := [name for name in cluster.present_nodes if name not in {*stays, first}]:
        yield f"leave {listed(came)} for a deployment after this one"


def _copies(old: Lock, cluster: Cluster) -> list[str]:
    """Return the nodes that have the artifacts, and keep the volume on which these are."""
    return [
        name
        for name in old.keepers
        if name in cluster.nodes and name in old.nodes and cluster.nodes[name].zone == old.nodes[name].zone
    ]


def _runs(name: str, old: Lock) -> bool:
    return name in old.rolling or (name in old.nodes and old.nodes[name].present)


LOSSES: Final = (lost_artifacts, hasty_committer, other_database, left_out_database, early_to_the_database)

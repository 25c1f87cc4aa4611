"""What must hold between the fields about the H2 pair: one pure function a rule."""

from collections.abc import Iterator
from typing import Final

from muster.spec.database import Backup
from muster.spec.finding import Finding
from muster.spec.model import Cluster

_DATABASE: Final = ("database",)
_BACKUP: Final = ("database", "backup")


def backups_of_a_cluster_that_keeps_data(cluster: Cluster) -> Iterator[Finding]:
    """Demand that nobody asks for backups of his own where nothing is kept: their bucket would outlive the cluster."""
    backup = cluster.database.backup
    if cluster.about.pair and backup != Backup() and backup.days > 0 and not cluster.protected:
        what = "is kept in a bucket that outlives the cluster, but protection is off"
        yield Finding(_BACKUP, f"{what}, want protection: on, or no database.backup", (("protection",),))


def database_of_a_pair(cluster: Cluster) -> Iterator[Finding]:
    """Demand no database of a product that keeps its data elsewhere."""
    if not cluster.about.pair and "database" in cluster.model_fields_set:
        yield Finding(_DATABASE, f"is not for {cluster.product}, which has no H2 pair, want none", (("product",),))


DATABASE_RULES: Final = (backups_of_a_cluster_that_keeps_data, database_of_a_pair)

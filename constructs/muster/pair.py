"""What an H2 pair needs beside its nodes."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct, IConstruct

from muster.backup_bucket import BackupBucket
from muster.seed import Seed
from muster.spec import Cluster
from muster.stored_object import StoredObject
from muster.witness import Witness


class Pair(Construct):
    """The witness, the data to begin with, and the place of the backups (none without protection).

    Offers `table` (the witness table's name), `seed` and `backup` (what nodes are told of them, empty for none),
    `objects` (files that nodes fetch), `statements` (what nodes may do with all that), `encrypted` (the services that
    use the cluster's own key for nodes).
    """

    def __init__(self, scope: Construct, id_: str, *, cluster: Cluster, kms_key: kms.IKey | None) -> None:
        super().__init__(scope, id_)
        witness = Witness(self, "Witness", cluster=cluster, kms_key=kms_key)
        seed = Seed(self, "Seed", cluster=cluster)
        self.table: str = witness.table.table_name
        self.seed: Mapping[str, Any] = seed.settings
        self.backup: Mapping[str, Any] = {}
        self.objects: Sequence[StoredObject] = [seed.stored] if seed.stored else []
        self.encrypted = ["dynamodb"]
        self.statements: list[iam.PolicyStatement] = [*witness.statements]
        self._backups: BackupBucket | None = None
        if cluster.backed_up:
            self._backups = BackupBucket(self, "Backups", backup=cluster.database.backup, kms_key=kms_key)
            self.backup = self._backups.settings
            self.statements += self._backups.statements
            self.encrypted.append("s3")

    def accept_in(self, policy: IConstruct) -> None:
        """Accept what the rule packs find of `statements` in `policy`, which holds them."""
        if self._backups:
            self._backups.accept_in(policy)

"""Where the nightly dumps of a repository of artifacts are kept, which nodes make themselves."""

from collections.abc import Mapping
from typing import Any, Final

from aws_cdk import aws_kms as kms
from constructs import Construct

from muster.backup_bucket import BackupBucket
from muster.spec import Cluster

PREFIX: Final = "artifacts"
"""What the keys of all dumps begin with, before a slash."""


class ArtifactBackups(Construct):
    """A bucket for them. `settings` is what nodes are told of artifacts, `statements` is what they may do."""

    def __init__(self, scope: Construct, id_: str, *, cluster: Cluster, kms_key: kms.IKey | None) -> None:
        super().__init__(scope, id_)
        backup = cluster.database.backup
        made = BackupBucket(self, "Backups", backup=backup, kms_key=kms_key, prefix=PREFIX)
        told = {**made.settings, "days": backup.days}
        artifacts = cluster.about.settings(cluster)["artifacts"]
        self.settings: Mapping[str, Any] = {"artifacts": {**artifacts, "backup": told}}
        self.statements = made.statements
        self.accept_in = made.accept_in

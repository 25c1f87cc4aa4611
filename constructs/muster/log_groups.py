"""Where the nodes' logs go."""

from collections.abc import Mapping

from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from muster.kept_days import log_group
from muster.names import log_group_names
from muster.spec import Cluster


class LogGroups(Construct):
    """`groups`: a log group by each of its `log_group_names`, kept as many days as the cluster file says.

    They are encrypted with `kms_key` or by CloudWatch Logs itself, and go with the stack.
    """

    def __init__(self, scope: Construct, id_: str, *, cluster: Cluster, kms_key: kms.IKey | None) -> None:
        super().__init__(scope, id_)
        self.groups: Mapping[str, logs.LogGroup] = {
            kind: log_group(self, kind.capitalize(), days=cluster.logs.retention, kms_key=kms_key, name=name)
            for kind, name in log_group_names(cluster).items()
        }

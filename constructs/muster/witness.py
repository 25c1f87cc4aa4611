"""The one thing outside the nodes that says which of them are the pair."""

from collections.abc import Sequence
from typing import Final

from aws_cdk import RemovalPolicy, Tags
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from muster.acknowledgements import HIPAA, NIST, acknowledge, acknowledge_in
from muster.names import CLUSTER_TAG
from muster.node_statements import allow
from muster.spec import Cluster

KEY: Final = "witness"
"""The id of the table's one item; the nodes know it by the same word."""

_BACKED_UP: Final = (
    "one item of some hundred bytes, which point-in-time recovery keeps and `muster h2 adopt` makes anew"
)
_NO_KEY: Final = "the cluster file names no kms_key: DynamoDB encrypts the table, which holds no secret, with its own"


class Witness(Construct):
    """DynamoDB table `table`, paid for by request, with point-in-time recovery; its one item is made by the nodes.

    It is encrypted with `kms_key` or DynamoDB's own key. `statements` is what a node may do with it: read and change
    the one item, nothing else. Where data are protected the table stays when the stack goes: it says whose snapshot is
    the newest. While deletion is refused, so is the table's.
    """

    def __init__(self, scope: Construct, id_: str, *, cluster: Cluster, kms_key: kms.IKey | None) -> None:
        super().__init__(scope, id_)
        own_key = dynamodb.TableEncryption.CUSTOMER_MANAGED if kms_key else None
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=own_key,
            encryption_key=kms_key,
            deletion_protection=cluster.deletion_refused,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            removal_policy=RemovalPolicy.RETAIN if cluster.protected else RemovalPolicy.DESTROY,
        )
        # by it `muster leftovers` finds a table that outlives the stack
        Tags.of(self.table).add(CLUSTER_TAG, cluster.name)
        self.statements = self._statements()
        acknowledge_in(self.table, (NIST, HIPAA), "DynamoDBInBackupPlan", _BACKED_UP)
        if kms_key is None:
            acknowledge(self.table, "CKV_AWS_119", _NO_KEY)

    def _statements(self) -> Sequence[iam.PolicyStatement]:
        # ForAllValues holds for a request without the key, too: Null demands that there is one
        one_item = {
            "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [KEY]},
            "Null": {"dynamodb:LeadingKeys": "false"},
        }
        return [allow("Witness", ["dynamodb:GetItem", "dynamodb:UpdateItem"], [self.table.table_arn], one_item)]

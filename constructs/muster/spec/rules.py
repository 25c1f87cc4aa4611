"""What must hold between the fields of a cluster file: every rule there is."""

from collections.abc import Iterator
from typing import Final

from muster.spec.account_rules import ACCOUNT_RULES
from muster.spec.axonivy_rules import AXONIVY_RULES
from muster.spec.balancer_rules import BALANCER_RULES
from muster.spec.database_rules import DATABASE_RULES
from muster.spec.finding import Finding
from muster.spec.kaazing_rules import KAAZING_RULES
from muster.spec.model import Cluster
from muster.spec.network_rules import NETWORK_RULES
from muster.spec.node_rules import NODE_RULES
from muster.spec.outside_rules import OUTSIDE_RULES
from muster.spec.told_rules import TOLD_RULES
from muster.spec.updates_rules import UPDATES_RULES
from muster.spec.wso2_as_rules import WSO2_AS_RULES
from muster.spec.wso2_database_rules import WSO2_DATABASE_RULES
from muster.spec.wso2_rules import WSO2_RULES

RULES: Final = (
    *NODE_RULES,
    *NETWORK_RULES,
    *BALANCER_RULES,
    *DATABASE_RULES,
    *ACCOUNT_RULES,
    *WSO2_RULES,
    *WSO2_AS_RULES,
    *WSO2_DATABASE_RULES,
    *KAAZING_RULES,
    *AXONIVY_RULES,
    *OUTSIDE_RULES,
    *UPDATES_RULES,
    *TOLD_RULES,
)


def findings(cluster: Cluster) -> Iterator[Finding]:
    """Yield what every rule has to say about `cluster`."""
    for rule in RULES:
        yield from rule(cluster)

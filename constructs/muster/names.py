"""What the stack, its nodes and the commands must call alike; without the CDK, so that a command starts at once."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from muster.spec import Cluster

CLUSTER_TAG: Final = "muster:cluster"
"""Tag of whatever belongs to a cluster: the cluster's name."""

NODE_TAG: Final = "muster:node"
"""Tag of an instance and of its data volume: the node's name."""

SETTINGS_TAG: Final = "muster:settings"
"""Tag of an instance: the name of the parameter that it reads its settings from."""

ROOT_DEVICE: Final = "/dev/xvda"
"""Root device of Amazon Linux 2023's and of Debian's images; a node's block devices name it."""

READY: Final = "/ready"
"""Where a node tells the balancer whether it takes users."""

READY_TO_ADMINISTER: Final = "/ready/admin"
"""Where a node tells the balancer whether it takes administration: of a pair that leads it to one node, one does."""

NAMESPACE: Final = "Muster"
"""CloudWatch namespace of what nodes report; nodes derive nothing else from it."""

MEMORY: Final = "MemoryUsed"
"""Metric of the memory of a node in use, in percent."""


def stack_name(cluster: str) -> str:
    """Return the name of the stack of the cluster named `cluster`."""
    return f"muster-{cluster}"


def security_group_name(cluster: str) -> str:
    """Return the name of the security group that the nodes of `cluster` share."""
    return f"muster-{cluster}"


def parameter_name(cluster: str) -> str:
    """Return the name of the SSM parameter that holds the settings document of `cluster`."""
    return f"/muster/{cluster}/settings"


def log_group_name(cluster: str, kind: str = "") -> str:
    """Return the name of the log group of `cluster` for `kind`; without one, what the names of all begin with."""
    return f"/muster/{cluster}/{kind}"


def log_group_names(cluster: "Cluster") -> dict[str, str]:
    """Return the names of the log groups of `cluster` by what they hold; `h2` only where the product has a database.

    A node derives the same names from the cluster's, so that no settings document needs to repeat them.
    """
    kinds = ["node", "product"]
    if any(port.name == "database" for port in cluster.about.ports(cluster)):
        kinds.append("h2")
    return {kind: log_group_name(cluster.name, kind) for kind in kinds}


def firewall_log_group_name(cluster: str) -> str:
    """Return the name of the log group of the web firewall of `cluster`.

    AWS WAF writes only into groups whose name begins with `aws-waf-logs-` (AWS WAF guide, "Logging destinations").
    """
    return f"aws-waf-logs-muster-{cluster}"

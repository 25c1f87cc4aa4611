"""A shell on a node, without a key and without an open port."""

from muster.spec import Cluster


def possible(cluster: Cluster) -> bool:
    """Return whether nodes of `cluster` can have the SSM agent: Debian's own images do not.

    Source: Systems Manager User Guide, "Find AMIs with the SSM Agent preinstalled".
    """
    return cluster.instance.os == "amazon-linux-2023" or cluster.instance.ami is not None


def command(cluster: Cluster, instance_id: str) -> str:
    """Return the shell command that opens a session on `instance_id`; where it may fail, a comment in it says why."""
    if not possible(cluster):
        return "# none: Debian's images have no SSM agent; set instance.ami to an image that has it"
    plain = f"aws ssm start-session --region {cluster.region} --target {instance_id}"
    return plain if cluster.instance.ami is None else f"{plain}  # needs the SSM agent in your own image"

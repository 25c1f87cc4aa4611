"""The user's own tags."""

from aws_cdk import Stack, Tags

from muster.spec import Cluster


def apply_tags(stack: Stack, cluster: Cluster) -> None:
    """Put the tags of the file of `cluster` on every resource of `stack` that takes tags.

    Instances offer theirs through the metadata service, whose keys allow fewer characters than tags elsewhere: the
    cluster file's rules see to that.
    """
    for key, value in cluster.tags.items():
        Tags.of(stack).add(key, value)

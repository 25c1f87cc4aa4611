"""What must hold between the region, the account, and what the cluster takes from them: one pure function a rule."""

from collections.abc import Iterator
from typing import Final

from muster.aws_ids import arn
from muster.aws_names import partition_of
from muster.spec.faults import Location
from muster.spec.finding import Finding
from muster.spec.model import Cluster

MOST_TAGS: Final = 40
"""Of the 50 that AWS takes; the others are Muster's, CloudFormation's, and room for what comes."""


def certificate_of_the_cluster(cluster: Cluster) -> Iterator[Finding]:
    """Demand a certificate of the balancer's own region and account: it takes no other."""
    if cluster.balancer.certificate:
        yield from elsewhere(cluster, ("balancer", "certificate"), "certificate", cluster.balancer.certificate)


def key_of_the_cluster(cluster: Cluster) -> Iterator[Finding]:
    """Demand a key of the cluster's region and account: volumes take no key of another region."""
    if cluster.kms_key:
        yield from elsewhere(cluster, ("kms_key",), "key", cluster.kms_key)


def boundary_of_the_cluster(cluster: Cluster) -> Iterator[Finding]:
    """Demand a boundary of the cluster's account, or one of AWS's own policies."""
    if cluster.permission_boundary:
        yield from elsewhere(cluster, ("permission_boundary",), "policy", cluster.permission_boundary)


def elsewhere(cluster: Cluster, field: Location, kind: str, text: str) -> Iterator[Finding]:
    """Yield the first of partition, region and account in which the thing is not where the cluster is."""
    there, partition = arn(text), partition_of(cluster.region)
    if there.partition != partition:
        what = f"got a {kind} in the partition '{there.partition}', want one in '{partition}' as {cluster.region} is"
        yield Finding(field, what, (("region",),))
    elif there.region not in {"", cluster.region}:
        what = f"got a {kind} in '{there.region}', want one in the region {cluster.region}"
        yield Finding(field, what, (("region",),))
    elif cluster.account and there.account not in {"aws", cluster.account}:
        what = f"got a {kind} of the account '{there.account}', want one of {cluster.account}, the cluster's"
        yield Finding(field, what, (("account",),))


def tags_that_fit(cluster: Cluster) -> Iterator[Finding]:
    """Demand at most 40 tags, whose keys differ by more than case: IAM holds such keys for one."""
    if len(cluster.tags) > MOST_TAGS:
        yield Finding(("tags",), f"got {len(cluster.tags)}, want at most {MOST_TAGS}")
    seen: dict[str, str] = {}
    for key in cluster.tags:
        if key.lower() in seen:
            what = f"differs from '{seen[key.lower()]}' only by case, want another key"
            yield Finding(("tags", key), what, (("tags", seen[key.lower()]),))
        seen.setdefault(key.lower(), key)


ACCOUNT_RULES: Final = (certificate_of_the_cluster, key_of_the_cluster, boundary_of_the_cluster, tags_that_fit)

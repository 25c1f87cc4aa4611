"""What must hold between the fields about security updates: one pure function a rule."""

from collections.abc import Iterator
from typing import Final

from muster.spec.finding import Finding
from muster.spec.model import Cluster
from muster.spec.updates import LATEST


def release_of_amazon_linux(cluster: Cluster) -> Iterator[Finding]:
    """Demand no release of a system whose packages have none."""
    updates, system = cluster.updates, cluster.instance.os
    if updates and updates.release != LATEST and system != "amazon-linux-2023":
        what = f"got '{updates.release}', a release of Amazon Linux, but the nodes run {system}, want {LATEST}"
        yield Finding(("updates", "release"), what, (("instance", "os"),))


UPDATES_RULES: Final = (release_of_amazon_linux,)

"""What would take the artifacts from the node that commits them."""

from collections.abc import Iterator, Mapping
from typing import Final

from operations.review.changes import Change
from operations.review.replacing import VOLUME
from operations.review.settings import document
from operations.review.values import node_name

PRODUCT: Final = "wso2-as"


def lost_artifacts(changes: Mapping[str, Change]) -> Iterator[str]:
    """Yield that the node which will commit gets another data volume: it would begin an empty repository there."""
    settings = document(changes, new=True) or {}
    own = settings.get("settings", {})
    if settings.get("product") != PRODUCT or own.get("artifacts", {}).get("url"):
        return
    name, volumes = own.get("committer"), [each for each in changes.values() if each.type == VOLUME]
    gone = [each for each in volumes if each.kind in ("removed", "replaced") and node_name(each.old) == name]
    if gone and any(each.kind in ("added", "replaced") and node_name(each.new) == name for each in volumes):
        yield (
            f"node {name} would commit artifacts, and get a volume without them in the place of {gone[0].logical_id}; "
            f"leave its zone as it was, or let another management node with a copy commit first (wso2as.committer), "
            "by a deployment of its own"
        )

"""How much a cluster file may have nodes be told: one parameter of SSM holds it all."""

import json
from collections.abc import Iterator
from typing import Final

from muster.spec.finding import Finding
from muster.spec.model import Cluster

LARGEST: Final = 8000
"""Characters of the settings document; the Advanced tier ends at 8,192."""

_BESIDE: Final = 3250
_OF_A_NODE: Final = 130
"""What it holds at most beside the product's own texts, in all and of each node (tests/test_told.py counts it)."""


def texts_that_nodes_can_be_told(cluster: Cluster) -> Iterator[Finding]:
    """Demand addresses, names and ARNs that the settings document has room for."""
    try:
        own = cluster.about.settings(cluster)
    except ValueError:  # other rules say what is missing
        return
    secrets = cluster.about.given_secrets(cluster)
    told = len(json.dumps([own, secrets]))
    room = LARGEST - _BESIDE - _OF_A_NODE * len(cluster.nodes)
    if told > room:
        what = f"has nodes be told {told} characters, for which {len(cluster.nodes)} nodes leave room for {room}"
        field = cluster.about.field
        yield Finding((field,), f"{what}, want shorter addresses, paths or names of secrets", (("nodes",), (field,)))


TOLD_RULES: Final = (texts_that_nodes_can_be_told,)

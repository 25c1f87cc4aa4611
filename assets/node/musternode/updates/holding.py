"""A changed settings document that waits while a node has its turn of updates: the deploy hears of it in time."""

from typing import Any

from .. import bootstrap, report, settings
from ..watch import Watch


def put_off(this: Any, document: str, watch: Watch, holder: str) -> None:
    """Leave `document` be, since `holder` has its turn; tell its wait handle so once the time-out is near.

    `this` is the host of a node of any product. When it began with the document is noted: a turn may be longer than
    the time-out, and is no reason to count from its end.
    """
    outline, node = settings.outline(document), this.identity.node
    bootstrap.note_start(this.paths, outline.generation)
    if not bootstrap.is_late(this.paths, outline, this.settings):
        return
    cause = f"node {node} waits to change to generation {outline.generation}: node {holder} has its turn of"
    report.fail_aside(this.paths, node, outline, f"{cause} security updates")
    watch.tried(outline.generation)  # the deploy has failed by now: the parameter falls back

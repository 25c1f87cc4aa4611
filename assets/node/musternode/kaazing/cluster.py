"""The <cluster> element: its name, where this member listens, and where all members are."""

from typing import List, Optional, Tuple

from ..markup.elements import Element
from ..markup.encoded import Edit
from .page import Page
from .wanted import Wanted

Child = Tuple[str, str]
"""Name and text of a child."""


def children(wanted: Wanted) -> List[Child]:
    """Return what the cluster holds, in the schema's order; the list of members is the same on all."""
    accept = f"tcp://{wanted.address}:{wanted.member_port}"
    connects = [f"tcp://{address}:{wanted.member_port}" for address in wanted.members]
    return [("name", wanted.cluster), ("accept", accept), *(("connect", uri) for uri in connects)]


def inserted(page: Page, wanted: Wanted, last: Element, step: bytes) -> List[Edit]:
    """Return what adds the cluster right behind `last`, a child of the root; `step` is how much deeper lines stand."""
    inside = [step.decode() + line for line in _lines(children(wanted))]
    return page.added(last, ["", "<cluster>", *inside, "</cluster>"])


def corrected(page: Page, cluster: Element, wanted: Wanted, step: bytes) -> List[Edit]:
    """Return what makes the cluster hold what is wanted and nothing else but comments.

    Children keep their places as far as their order is the schema's.
    """
    edits: List[Edit] = []
    missing = children(wanted)
    last: Optional[Element] = None
    for child in cluster.children:
        place = next((at for at, (name, _) in enumerate(missing) if page.named(name) == child.name), None)
        if place is None:
            edits.append(page.removal(child))
            continue
        edits += [*_added(page, cluster, last, missing[:place], step), *page.set(child, missing[place][1])]
        last, missing = child, missing[place + 1 :]
    return [*edits, *_added(page, cluster, last, missing, step)]


def _added(page: Page, cluster: Element, last: Optional[Element], missing: List[Child], step: bytes) -> List[Edit]:
    lines = _lines(missing)
    return page.added(last, lines) if last else page.inside(cluster, lines, step)


def _lines(missing: List[Child]) -> List[str]:
    return [f"<{name}>{text}</{name}>" for name, text in missing]

"""The <accept-options> of a service: where it listens, and how long it lets a connection be quiet.

How they are read: DefaultAcceptOptionsContext and ResourceAddressFactorySpi of 5.6.2 (a bind of a higher layer takes
the place of tcp.bind; tls. and ssl. are the same; service-defaults hold where the service says nothing).
"""

import re
from typing import Dict, List, Mapping, Optional

from ..markup import elements
from ..markup.elements import Element
from ..markup.encoded import Edit
from .page import NAME, Page
from .wanted import Wanted

COMPETING = ("ws.bind", "wss.bind", "http.bind", "https.bind", "ssl.bind", "tls.bind")
"""Options that send a service to another place than tcp.bind says."""
Wishes = Mapping[str, Optional[str]]
"""What options are to say; None where one must not stand."""

_INACTIVITY, _KEEPALIVE = "ws.inactivity.timeout", "http.keepalive.timeout"
_INTERVAL = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)\s*([a-z]*)")
_UNITS = {
    0.001: ("ms", "milli", "millis", "millisecond", "milliseconds"),
    1.0: ("", "s", "sec", "secs", "second", "seconds"),
    60.0: ("m", "min", "mins", "minute", "minutes"),
    3600.0: ("h", "hour", "hours"),
}
_SECONDS = {unit: seconds for seconds, units in _UNITS.items() for unit in units}


class Options:
    """The accept-options of one service, or the defaults of all: the element, if there is one."""

    def __init__(self, page: Page, parent: Optional[Element], properties: Mapping[str, str]) -> None:
        self._page, self._parent = page, parent
        found = page.called(parent, "accept-options") if parent else []
        self.element = elements.only(found, "<accept-options>", NAME)
        self.values = page.values(self.element, properties) if self.element else {}

    def edits(self, wishes: Wishes, behind: Optional[Element] = None) -> List[Edit]:
        """Return what makes the options say `wishes`; a new element stands right behind `behind`."""
        new = [(name, value) for name, value in wishes.items() if value and name not in self.values]
        lines = [f"<{name}>{value}</{name}>" for name, value in new]
        step = self._page.step(self._parent) if self._parent else b""
        if self.element:
            return [*self._present(wishes), *self._page.inside(self.element, lines, step)]
        if not lines or not behind:
            return []
        block = ["<accept-options>", *(step.decode() + line for line in lines), "</accept-options>"]
        return self._page.added(behind, block)

    def _present(self, wishes: Wishes) -> List[Edit]:
        edits: List[Edit] = []
        for name, value in wishes.items():
            found = self._page.called(self.element, name) if self.element else []
            option = elements.only(found, f"<{name}> of one <accept-options>", NAME)
            if option:
                edits += [self._page.removal(option)] if value is None else self._page.set(option, value)
        return edits


def wishes(wanted: Wanted, effective: Mapping[str, str], websocket: bool) -> Dict[str, Optional[str]]:
    """Return what a service's options are to say, whose options with the defaults are `effective`.

    A quiet WebSocket is pinged after half of its time-out, so that one below the balancer's keeps it open. HTTP's must
    be above it: the balancer would send the next request over a connection that the gateway has just ended.
    """
    says: Dict[str, Optional[str]] = {"tcp.bind": f"{wanted.address}:{wanted.http_port}"}
    says.update(dict.fromkeys((*COMPETING, "tls.encryption")))
    says["ssl.encryption"] = "disabled" if wanted.secure else None
    if websocket and not 0 < seconds(effective.get(_INACTIVITY)) < wanted.idle:
        says[_INACTIVITY] = f"{wanted.idle * 3 // 4} seconds"
    if not seconds(effective.get(_KEEPALIVE)) > wanted.idle:
        says[_KEEPALIVE] = f"{wanted.idle + 10} seconds"
    return says


def seconds(text: Optional[str]) -> float:
    """Return the interval in `text` as seconds, 0 if there is none that can be read."""
    found = _INTERVAL.fullmatch((text or "").lower())
    return float(found.group(1)) * _SECONDS.get(found.group(2), 0) if found else 0

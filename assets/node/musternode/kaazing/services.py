"""The <service> elements: those for users get the balancer's public name, and those that cannot have one are refused.

A service whose accepts are all at a literal loopback address (or pipe://) is the node's own affair and stays as it is.
"""

from typing import Dict, List, Mapping, Tuple

from ..failure import Failure
from ..markup.elements import Element
from ..markup.encoded import Edit
from . import options, uris
from .options import Options
from .page import NAME, Page
from .uris import Uri
from .wanted import Wanted

_BEFORE_OPTIONS = ("type", "properties")
"""What stands right before a service's accept-options in the schema; the second may be missing."""
_NO_BALANCER = "the balancer of this stack does its work: take it out of the artifact"
_NO_CERTIFICATE = "the balancer ends TLS and passes none on: let a realm ask who a user is"


class Service:
    """One service of the file; raises `Failure` if it is one that cannot stand behind a balancer."""

    def __init__(self, page: Page, element: Element, defaults: Options, properties: Mapping[str, str]) -> None:
        self._page, self._element, self._properties = page, element, properties
        self._own = Options(page, element, properties)
        self._effective = {**defaults.values, **self._own.values}
        self._accepts = [(each, self._read(each)) for each in page.called(element, "accept")]
        self._values = page.values(element, properties)
        self._refuse()

    @property
    def uris(self) -> List[Uri]:
        """Where users come in, as the file has it; empty if the service is internal."""
        return [uri for _, uri in self._accepts if not uri.internal]

    @property
    def line(self) -> int:
        """The line on which it begins."""
        return self._element.line

    @property
    def open(self) -> bool:
        """Whether it asks no user who he is."""
        return not self._page.called(self._element, "realm-name")

    def edits(self, wanted: Wanted) -> List[Edit]:
        """Return what makes it a service behind the balancer; none if it is internal."""
        if not self.uris:
            return []
        websocket = any(uri.emulated for uri in self.uris)
        says = options.wishes(wanted, self._effective, websocket)
        last = self._page.called(self._element, *_BEFORE_OPTIONS)[-1]
        return [*self._renamed(wanted), *self._own.edits(says, last)]

    def _renamed(self, wanted: Wanted) -> List[Edit]:
        """Return what makes each accept public; of those that become the same the first stays."""
        edits: List[Edit] = []
        written: Dict[str, Element] = {}
        for element, uri in self._accepts:
            public = uri.public(wanted)
            edits += [self._page.removal(element)] if public in written else self._page.set(element, public)
            written.setdefault(public, element)
        return edits

    def _read(self, accept: Element) -> Uri:
        return uris.read(uris.resolved(accept.text, self._properties), f"{NAME} line {accept.line}: <accept> says")

    def _refuse(self) -> None:
        if self._values.get("type") == "balancer":
            raise self._failure("is of type balancer", _NO_BALANCER)
        if "balance" in self._values:
            raise self._failure("has a <balance>", _NO_BALANCER)
        for element, uri in self._accepts:
            if not uri.internal and not uri.plain:
                what = f"accepts {uri.scheme}:// (line {element.line}), which no balancer of HTTP passes on"
                raise self._failure(what, "let it accept ws:// or http://, or take it out of the artifact")
        if self.uris and len(self.uris) < len(self._accepts):
            raise self._failure("accepts both for the node alone and for users", "make two services of it")
        if self.uris and "type" not in self._values:
            raise self._failure("has no <type>", "give it one in the artifact")
        for name, value in self._effective.items():
            self._refuse_option(name, value)

    def _refuse_option(self, name: str, value: str) -> None:
        if name.endswith(".bind"):
            self._refuse_bind(name, uris.host_of(value).lower())
        if self.uris and name.endswith(".transport"):
            raise self._failure(f"has a <{name}>, behind which no balancer reaches it", "take it out of the artifact")
        if self.uris and name.endswith(".verify-client") and value != "none":
            raise self._failure(f"asks for a client's certificate (<{name}>)", _NO_CERTIFICATE)

    def _refuse_bind(self, name: str, host: str) -> None:
        """Refuse a bind that leaves open for whom the service is: it must neither be cut off nor opened to all."""
        listens = any(uri.scheme != uris.IN_PROCESS for _, uri in self._accepts)
        if listens and not self.uris:
            what = f"accepts at a loopback address and has a <{name}>"
            raise self._failure(what, "accept at its name if users are to reach it, else take the bind out")
        if self.uris and (host == "localhost" or uris.loopback(host)):
            what = f"has a <{name}> to a loopback address"
            raise self._failure(what, "take it out if users are to reach the service, else accept at that address")

    def _failure(self, what: str, advice: str) -> Failure:
        return Failure(f"{NAME} line {self.line}: the service {self._values.get('name', 'there')} {what}; {advice}")


def check(services: List[Service]) -> None:
    """Refuse services of which none is for users, or two are in one place; raises `Failure`."""
    taken: Dict[str, Tuple[int, str]] = {}
    for number, service in enumerate(services):
        for uri in service.uris:
            other, line = taken.setdefault(uri.place, (number, str(service.line)))
            if other != number:
                what = f"the services accept the same path {uri.path or '/'} once the host is the balancer's"
                raise Failure(f"{NAME} lines {line} and {service.line}: {what}; give each a path of its own")
    if not taken:
        raise Failure(f"{NAME}: no <service> accepts ws:// or http:// from users; put one into the artifact")

"""conf/gateway-config.xml edited in place: cluster and services are set, every other byte stays, comments too.

How it is read: GatewayConfigParser and GatewayContextResolver of Kaazing Gateway 5.6.2. A property that is also given
to Java by -D would be read otherwise than here.
"""

from typing import Dict, List, Optional, Tuple

from ..failure import Failure
from ..markup import elements, encoded
from ..markup.elements import Element
from ..markup.encoded import Edit
from . import cluster, options, services
from .options import Options
from .page import NAME, Page
from .services import Service
from .wanted import Wanted

NAMESPACES = tuple(f"http://xmlns.kaazing.org/{date}/gateway" for date in ("2014/09", "2015/11", "2016/06"))
"""Versions of the file that the product has a schema of; it rewrites older ones as it starts."""


def patched(content: bytes, wanted: Wanted) -> bytes:
    """Return the file `content` with what is `wanted`, and unchanged if it says that already.

    Raises `Failure` with one sentence if the file cannot be edited safely.
    """
    after = _edited(content, wanted)
    if _edited(after, wanted) != after:
        raise Failure(f"{NAME}: it is written in a way that cannot be edited; begin with the product's own file")
    return after


def websocket_paths(content: bytes) -> Tuple[str, ...]:
    """Return the paths at which users may upgrade to WebSocket; first those of services that ask for no login.

    Raises `Failure` as `patched` does.
    """
    found = sorted(_Config(encoded.read(content, NAME).text).services, key=lambda service: not service.open)
    paths = [uri.path or "/" for service in found for uri in service.uris if uri.websocket]
    return tuple(dict.fromkeys(paths))


def _edited(content: bytes, wanted: Wanted) -> bytes:
    source = encoded.read(content, NAME)
    return source.spliced(_Config(source.text).edits(wanted))


class _Config:
    """The file's own elements right below its root."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        namespace = _namespace(text)
        self._page = Page(text, namespace)
        self._found = {name: self._all(name) for name in ("properties", "service", "service-defaults", "security")}
        self._cluster = elements.only(self._all("cluster"), "<cluster>", NAME)
        properties = _properties(self._page, self._only("properties"))
        self._defaults = Options(self._page, self._only("service-defaults"), properties)
        self.services = [Service(self._page, each, self._defaults, properties) for each in self._found["service"]]
        services.check(self.services)

    def edits(self, wanted: Wanted) -> List[Edit]:
        """Return what makes the file say what is wanted; the edits do not overlap."""
        competing = dict.fromkeys(options.COMPETING)
        serving = [edit for service in self.services for edit in service.edits(wanted)]
        return [*serving, *self._defaults.edits(competing), *self._clustering(wanted)]

    def _clustering(self, wanted: Wanted) -> List[Edit]:
        step = self._page.step(self._found["service"][0])
        if self._cluster:
            return cluster.corrected(self._page, self._cluster, wanted, step)
        last = max((each for found in self._found.values() for each in found), key=lambda each: each.end)
        return cluster.inserted(self._page, wanted, last, step)

    def _all(self, name: str) -> List[Element]:
        found = elements.find(self._text, NAME, self._page.named(name)).elements
        for each in found:
            if self._page.prefixed(each):
                raise Failure(
                    f"{NAME} line {each.line}: <{name}> has a prefix, which the gateway does not read; make its "
                    f"namespace the default one (xmlns=) in the artifact"
                )
        return found

    def _only(self, name: str) -> Optional[Element]:
        return elements.only(self._found[name], f"<{name}>", NAME)


def _namespace(text: bytes) -> str:
    """Return the namespace of the root, which is a gateway's; raises `Failure` if it is not."""
    found = elements.find(text, NAME, "")
    namespace, _, name = found.root.rpartition(" ")
    if name != "gateway-config":
        raise Failure(
            f"{NAME} line {found.root_line}: <{name}> where <gateway-config> belongs; take the product's file"
        )
    if namespace not in NAMESPACES:
        raise Failure(
            f"{NAME} line {found.root_line}: its namespace is {namespace or 'none'}; known are {', '.join(NAMESPACES)}"
        )
    return namespace


def _properties(page: Page, element: Optional[Element]) -> Dict[str, str]:
    """Return the file's properties by name; of two with one name the later counts."""
    found = page.called(element, "property") if element else []
    values = [page.values(each, {}) for each in found]
    return {each.get("name", ""): each.get("value", "") for each in values}

"""A signed HTTP request as IAM looks at it."""

import gzip
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from rehearsal.account.front import Environ, raw_target, read_body


@dataclass(frozen=True)
class Call:
    """One request. `path` and `query` are as sent, percent signs and all; header names are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""

    @cached_property
    def pairs(self) -> list[tuple[str, str]]:
        """The parameters of the query, decoded, in order."""
        parts = [part.partition("=") for part in self.query.split("&") if part]
        return [(urllib.parse.unquote(name), urllib.parse.unquote(value)) for name, _, value in parts]

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The parameters of the query by name."""
        return dict(self.pairs)

    @cached_property
    def form(self) -> dict[str, str]:
        """The parameters of a query-protocol request, from the body or from the query."""
        given = dict(self.parameters)
        if "x-www-form-urlencoded" in self.headers.get("content-type", ""):
            given |= dict(urllib.parse.parse_qsl(self.content.decode(), keep_blank_values=True))
        return given

    @cached_property
    def content(self) -> bytes:
        """The body as it was before a client compressed it; the signature is over what was sent."""
        return gzip.decompress(self.body) if self.headers.get("content-encoding") == "gzip" else self.body

    @property
    def host(self) -> str:
        """The host without its port."""
        return self.headers.get("host", "").partition(":")[0].lower()


def call_of(environ: Environ) -> Call:
    """Return the request of a WSGI environment, whose body is put back."""
    headers = {
        name[5:].replace("_", "-").lower(): str(value) for name, value in environ.items() if name.startswith("HTTP_")
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = str(environ[name])
    path, _, query = raw_target(environ).partition("?")
    return Call(environ["REQUEST_METHOD"], path, query, headers, read_body(environ))

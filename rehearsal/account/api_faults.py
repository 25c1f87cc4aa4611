"""AWS API faults for chosen hosts: an error, an answer that is lost after the work was done, silence.

They stand in front of everything that hosts call, and are set by other processes of the rehearsal through the account's
own address (`PUT` and `DELETE` of /muster/faults/NAME), which hosts do not reach.
"""

import json
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from rehearsal.account.front import Environ, read_body, respond
from rehearsal.account.iam import refusals

App = Callable[[Environ, Any], Iterable[bytes]]

PATH = "/muster/faults"

THROTTLED, UNAVAILABLE, DENIED, EXPIRED, LOST, SILENT = (
    "throttled",
    "unavailable",
    "denied",
    "expired",
    "lost",
    "silent",
)

ERRORS: Mapping[str, tuple[str, str, str]] = {
    THROTTLED: ("400 Bad Request", "ThrottlingException", "Throughput exceeds the current capacity of your table."),
    UNAVAILABLE: ("503 Service Unavailable", "ServiceUnavailable", "Service is unavailable, please try again later."),
    DENIED: ("400 Bad Request", "AccessDeniedException", "The caller is not authorized to perform this operation."),
    EXPIRED: ("400 Bad Request", "ExpiredTokenException", "The security token included in the request is expired"),
}
"""Status, code and message of DynamoDB (developer guide, "Error handling"); the other JSON services' are alike."""

KINDS = (*ERRORS, LOST, SILENT)

LONGEST_SILENCE = 60.0
"""Seconds for which a request hangs at most, should nobody heal the fault."""


class BadFaultError(ValueError):
    """A fault is asked for that is none; the text says which field is wrong."""


@dataclass(frozen=True)
class ApiFault:
    """What goes wrong (`kind`) with which calls; no addresses are every host's, no operations are all of them."""

    service: str
    kind: str
    addresses: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise `BadFaultError` for a kind that is not known, or an error of a service that does not speak JSON."""
        if self.kind not in KINDS:
            raise BadFaultError(f"kind {self.kind!r}: must be one of {', '.join(KINDS)}")
        if self.kind in ERRORS and self.service not in refusals.JSON_SERVICES:
            raise BadFaultError(f"service {self.service!r} does not speak JSON; only lost and silent are known for it")

    def concerns(self, service: str, operation: str, address: str) -> bool:
        """Tell whether a call is one of those."""
        here = not self.addresses or address in self.addresses
        return here and service == self.service and (not self.operations or operation in self.operations)


class ApiFaults:
    """WSGI application in front of `app`, which it asks for every call that no fault concerns."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._faults: dict[str, ApiFault] = {}
        self.met: dict[str, int] = {}
        """How many calls each fault has met, by name."""

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer a request, or do to it what the first fault that concerns it says."""
        for name, fault in list(self._faults.items()):
            if fault.concerns(_service(environ), _operation(environ), str(environ.get("REMOTE_ADDR", ""))):
                self.met[name] = self.met.get(name, 0) + 1
                return self._spoil(name, fault, environ, start_response)
        return self._app(environ, start_response)

    def _spoil(self, name: str, fault: ApiFault, environ: Environ, start_response: Any) -> Iterable[bytes]:
        if fault.kind in ERRORS:
            status, code, message = ERRORS[fault.kind]
            version = "1.0" if fault.service == "dynamodb" else "1.1"
            text = json.dumps({"__type": f"com.amazon.coral.service#{code}", "message": message})
            return respond(start_response, status, f"application/x-amz-json-{version}", text)
        if fault.kind == LOST:
            list(self._app(environ, lambda *_: None))
        else:
            self._hang(name, fault)
        raise _hung_up(environ)

    def _hang(self, name: str, fault: ApiFault) -> None:
        until = time.monotonic() + LONGEST_SILENCE
        while self._faults.get(name) is fault and time.monotonic() < until:
            time.sleep(0.05)

    def control(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Set or remove the fault that the path names, or list them all with what they have met."""
        name = str(environ["PATH_INFO"]).removeprefix(PATH).strip("/")
        match environ["REQUEST_METHOD"]:
            case "PUT":
                try:
                    self._faults[name] = _parse(read_body(environ))
                except BadFaultError as fault:
                    return respond(start_response, "400 Bad Request", "text/plain", str(fault))
            case "DELETE" if name:
                self._faults.pop(name, None)
            case "DELETE":
                self._faults.clear()
        known = {each: self.met.get(each, 0) for each in list(self._faults)}
        return respond(start_response, "200 OK", "application/json", json.dumps(known))


def _parse(body: bytes) -> ApiFault:
    try:
        given = json.loads(body)
        lists = {name: tuple(given.get(name, ())) for name in ("addresses", "operations")}
        return ApiFault(str(given["service"]), str(given["kind"]), **lists)
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as fault:
        raise BadFaultError(f"not a fault: {type(fault).__name__} {fault}") from fault


def _service(environ: Environ) -> str:
    """Return the first label of the host's name, which is the service for all but S3's buckets."""
    labels = str(environ.get("HTTP_HOST", "")).lower().partition(":")[0].split(".")
    return "s3" if "s3" in labels else labels[0]


def _operation(environ: Environ) -> str:
    return str(environ.get("HTTP_X_AMZ_TARGET", "")).rpartition(".")[2]


def _hung_up(environ: Environ) -> ConnectionAbortedError:
    """End the caller's connection without an answer; werkzeug then lets the exception pass quietly."""
    connection = environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
    return ConnectionAbortedError("an AWS API fault took the answer away")

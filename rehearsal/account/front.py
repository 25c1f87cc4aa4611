"""The account's WSGI application: CloudFormation and wait handles here, everything else in the emulator."""

import io
import json
import logging
import urllib.parse
import uuid
from collections.abc import Iterable
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.account.cloud import Cloud
from rehearsal.account.cloudformation import actions, query
from rehearsal.account.cloudformation.engine import CloudFormation
from rehearsal.account.cloudformation.faults import Refusal
from rehearsal.account.wait_handles import BadSignalError, UnknownHandleError

log = logging.getLogger(__name__)
Environ = dict[str, Any]


class Front:
    """Takes every request of the account."""

    def __init__(self, cloud: Cloud, engine: CloudFormation) -> None:
        self._cloud = cloud
        self._engine = engine

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer a request."""
        body = read_body(environ)
        if is_wait_handle(environ):
            return self._signal(environ, body, start_response)
        if "/cloudformation/aws4_request" in environ.get("HTTP_AUTHORIZATION", ""):
            return self._cloudformation(body.decode(), start_response)
        if environ.get("HTTP_X_AMZ_TARGET", "").endswith(".LookupEvents"):
            # the CDK CLI asks CloudTrail after each failure; the emulator breaks on it, and the CLI would try for long
            return respond(start_response, "200 OK", "application/x-amz-json-1.1", json.dumps({"Events": []}))
        return self._cloud.emulator(environ, start_response)

    def _cloudformation(self, body: str, start_response: Any) -> Iterable[bytes]:
        request, request_id = query.parse_form(body), str(uuid.uuid4())
        action = request.pop("Action", "")
        request.pop("Version", None)
        try:
            text = query.result(action, actions.call(self._engine, action, request), request_id)
        except (Refusal, ClientError) as fault:
            code = fault.code if isinstance(fault, Refusal) else "ValidationError"
            log.info("cloudformation %s refused: %s", action, fault)
            return respond(start_response, "400 Bad Request", "text/xml", query.error(code, str(fault), request_id))
        except Exception as fault:
            log.exception("cloudformation %s", action)
            text = query.error("InternalFailure", f"{type(fault).__name__}: {fault}", request_id)
            return respond(start_response, "500 Internal Server Error", "text/xml", text)
        return respond(start_response, "200 OK", "text/xml", text)

    def _signal(self, environ: Environ, body: bytes, start_response: Any) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "PUT":
            return _refuse_signal(
                start_response, "405 Method Not Allowed", "MethodNotAllowed", "a handle takes PUT only"
            )
        if environ.get("CONTENT_TYPE"):
            text = "The request signature we calculated does not match the signature you provided."
            return _refuse_signal(start_response, "403 Forbidden", "SignatureDoesNotMatch", text)
        try:
            signal = self._cloud.handles.put(raw_target(environ), body)
        except UnknownHandleError:
            return _refuse_signal(start_response, "403 Forbidden", "AccessDenied", "Access Denied")
        except BadSignalError as fault:
            return _refuse_signal(start_response, "400 Bad Request", "InvalidRequest", str(fault))
        log.info("wait handle: %s %s %s", signal.unique_id, signal.status, signal.reason)
        return respond(start_response, "200 OK", "application/xml", "")


def is_wait_handle(environ: Environ) -> bool:
    """Return whether a request goes to a wait handle, which is known by its host."""
    return str(environ.get("HTTP_HOST", "")).startswith("cloudformation-waitcondition-")


def read_body(environ: Environ) -> bytes:
    """Return the whole body, and put it back for whoever comes after."""
    stream = environ["wsgi.input"]
    terminated = environ.get("wsgi.input_terminated")
    body: bytes = stream.read() if terminated else stream.read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ["wsgi.input_terminated"] = False
    return body


def raw_target(environ: Environ) -> str:
    """Return path and query as they were sent, percent signs and all."""
    for name in ("RAW_URI", "REQUEST_URI"):
        if name in environ:
            target = str(environ[name])
            return target if target.startswith("/") else "/" + target.split("/", 3)[-1]
    query_string = environ.get("QUERY_STRING", "")
    path = urllib.parse.quote(environ.get("PATH_INFO", "/").encode("latin-1"), safe="/-_.~")
    return f"{path}?{query_string}" if query_string else path


def respond(start_response: Any, status: str, content_type: str, text: str) -> list[bytes]:
    """Answer with a text."""
    data = text.encode()
    start_response(
        status,
        [
            ("Content-Type", content_type),
            ("Content-Length", str(len(data))),
            ("x-amzn-RequestId", str(uuid.uuid4())),
        ],
    )
    return [data]


def _refuse_signal(start_response: Any, status: str, code: str, message: str) -> list[bytes]:
    text = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return respond(start_response, status, "application/xml", text)

"""The account as hosts reach it: every request is verified and decided before it gets to a service."""

import datetime
import io
import logging
import urllib.parse
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.account.cloud import Cloud
from rehearsal.account.front import Environ, is_wait_handle, respond
from rehearsal.account.iam import assume_role, refusals, signature
from rehearsal.account.iam.asks import Names, action_of, asks_of, bucket_and_key
from rehearsal.account.iam.call import Call, call_of
from rehearsal.account.iam.context import of_anybody, of_caller
from rehearsal.account.iam.decision import Decision
from rehearsal.account.iam.endpoint_policy import EndpointPolicies, Way
from rehearsal.account.iam.faults import InvalidRequestError, SignatureError, UndecidableError
from rehearsal.account.iam.policy import Ask, Match, Verdict, decide
from rehearsal.account.iam.principals import NOBODY, Principal, Principals
from rehearsal.passage import CAME_THROUGH

log = logging.getLogger(__name__)
App = Callable[[Environ, Any], Iterable[bytes]]

GLOBAL = {("us-east-1", "iam"), ("us-east-1", "sts")}
"""Services that are called in one region from everywhere."""

ABSENT = "to know whether to tell that the object is not there"
"""Detail of a decision about listing a bucket that S3 asks for, not the caller."""

INVALID_TOKEN = "The security token included in the request is invalid."  # noqa: S105 - a sentence


@dataclass(frozen=True)
class _RefusedError(Exception):
    """The request goes no further."""

    service: str
    kind: str
    message: str


class Gate:
    """WSGI application that stands between hosts and `app`. `decisions` grows by one for each thing asked."""

    def __init__(self, app: App, principals: Principals, names: Names, cloud: Cloud) -> None:
        self._app = app
        self._principals = principals
        self._names = names
        self._cloud = cloud
        self._endpoints = EndpointPolicies(cloud)
        self.decisions: list[Decision] = []

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer a request. A wait handle is protected by the secrecy of its URL alone, as on AWS."""
        call, way = call_of(environ), Way(str(environ.get(CAME_THROUGH, "")), str(environ.get("REMOTE_ADDR", "")))
        try:
            if is_wait_handle(environ):
                self._let_signal_pass(call, way)
                return self._app(environ, start_response)
            signed, principal = self._authenticate(call)
            asks = self._authorize(call, signed, principal, way)
        except _RefusedError as refusal:
            log.info("refused: %s %s: %s", refusal.service, refusal.kind, refusal.message)
            by_target = "x-amz-target" in call.headers
            return respond(start_response, *refusals.render(refusal.service, refusal.kind, refusal.message, by_target))
        forwarded = forward(environ, call, signed)
        if asks and asks[0].action == "s3:GetObject":
            return self._get_object(call, principal, asks[0], forwarded, start_response)
        if asks and asks[0].action == assume_role.ACTION:
            return self._assume_role(call, principal, forwarded, start_response)
        return self._app(forwarded, start_response)

    def _authenticate(self, call: Call) -> tuple[signature.Signature, Principal]:
        service = service_of(call.host)
        try:
            signed = signature.read(call)
            service = signed.service
            principal = self._signer(call, signed)
        except SignatureError as fault:
            raise _RefusedError(service, fault.kind, str(fault)) from fault
        except UndecidableError as fault:
            self.record(NOBODY, Ask(action_of(call, service), "*", {}), "Undecidable", None, str(fault))
            raise _RefusedError(service, "undecidable", str(fault)) from fault
        return signed, principal

    def _signer(self, call: Call, signed: signature.Signature) -> Principal:
        """Return who signed the request, which is checked. Raises `SignatureError`."""
        principal = self._principals.find(signed.access_key)
        if principal is None:
            raise SignatureError("key", INVALID_TOKEN)
        if principal.token != signed.token:
            raise SignatureError("token", INVALID_TOKEN)
        now = datetime.datetime.now(datetime.UTC)
        signature.check(call, signed, principal.secret, now)
        if principal.expiration and principal.expiration < now:
            raise SignatureError("expired", "The security token included in the request is expired")
        if signed.region != self._cloud.region and (signed.region, signed.service) not in GLOBAL:
            raise SignatureError("mismatch", f"Credential should be scoped to a valid region, not '{signed.region}'.")
        return principal

    def _let_signal_pass(self, call: Call, way: Way) -> None:
        """Raise `_RefusedError` if a signal came through an endpoint that does not let CloudFormation's bucket be."""
        context = {**of_anybody(), **self._endpoints.context(way)}
        bucket, key = bucket_and_key(call)
        ask = Ask("s3:PutObject", f"arn:aws:s3:::{bucket}/{key}", context)
        self._pass(way, ask, "s3", NOBODY)

    def _pass(self, way: Way, ask: Ask, service: str, who: Principal) -> None:
        try:
            passes = self._endpoints.lets_pass(way, ask)
        except UndecidableError as fault:
            self.record(who, ask, "Undecidable", None, str(fault))
            raise _RefusedError(service, "undecidable", str(fault)) from fault
        if not passes:
            self.record(who, ask, "NoEndpointPolicy", None, way.endpoint)
            message = refusals.denial(service, who.arn, ask, Verdict("NoEndpointPolicy"))
            raise _RefusedError(service, "denied", message)

    def _authorize(self, call: Call, signed: signature.Signature, principal: Principal, way: Way) -> list[Ask]:
        """Return what was asked for and allowed. Raises `_RefusedError` at the first thing that is not."""
        if not principal.limited:
            return []
        try:
            context = {**of_caller(principal, signed.region, self._cloud), **self._endpoints.context(way)}
            asks = asks_of(call, signed.service, context, self._names)
        except InvalidRequestError as fault:
            raise _RefusedError(signed.service, "invalid", str(fault)) from fault
        except (UndecidableError, KeyError, ValueError) as fault:
            unknown = Ask(action_of(call, signed.service), "*", {})
            self.record(principal, unknown, "Undecidable", None, str(fault))
            raise _RefusedError(signed.service, "undecidable", str(fault)) from fault
        for ask in asks:
            verdict = self._decide(principal, ask, signed.service)
            if not verdict.allowed:
                message = refusals.denial(signed.service, principal.arn, ask, verdict)
                raise _RefusedError(signed.service, "denied", message)
            if not ask.action.startswith("kms:"):  # asked by the service, which is not behind the endpoint
                self._pass(way, ask, signed.service, principal)
        return asks

    def _decide(self, principal: Principal, ask: Ask, service: str, why: str = "") -> Verdict:
        try:
            policies = self._principals.policies(principal)
            verdict = decide(policies.documents, policies.boundary, ask)
            if verdict.allowed and ask.action == assume_role.ACTION:
                trusted = assume_role.trusts(self._principals.role(ask.resource), principal, ask)
                verdict = verdict if trusted.allowed else trusted  # the caller's own statement is the one to tell
        except ClientError as fault:  # the role or user is gone, and so are its keys
            raise _RefusedError(service, "key", INVALID_TOKEN) from fault
        except UndecidableError as fault:
            self.record(principal, ask, "Undecidable", None, str(fault))
            raise _RefusedError(service, "undecidable", str(fault)) from fault
        self.record(principal, ask, verdict.outcome, verdict.by, why)
        return verdict

    def record(self, principal: Principal, ask: Ask, verdict: str, by: Match | None, detail: str) -> None:
        """Keep a decision."""
        now = datetime.datetime.now(datetime.UTC)
        who = (principal.arn, principal.role, principal.session)
        self.decisions.append(Decision(now, *who, ask.action, ask.resource, verdict, by, detail))
        name = principal.role or principal.user
        log.info("iam: %s %s on %s: %s %s", name, ask.action, ask.resource, verdict, detail)

    def _get_object(
        self, call: Call, principal: Principal, ask: Ask, environ: Environ, start_response: Any
    ) -> Iterable[bytes]:
        """Read an object; who may not list the bucket is not told that a key is absent, but denied."""
        answered: list[tuple[Any, ...]] = []
        body = list(self._app(environ, lambda *answer: answered.append(answer)))
        if answered[0][0].startswith("404"):
            listing = replace(ask, action="s3:ListBucket", resource=f"arn:aws:s3:::{bucket_and_key(call)[0]}")
            try:
                verdict = self._decide(principal, listing, "s3", ABSENT)
            except _RefusedError as refusal:
                return respond(start_response, *refusals.render("s3", refusal.kind, refusal.message))
            if not verdict.allowed:
                message = refusals.denial("s3", principal.arn, listing, verdict)
                return respond(start_response, *refusals.render("s3", "denied", message))
        start_response(*answered[0])
        return body

    def _assume_role(self, call: Call, principal: Principal, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Give out a session of a role, whose key may sign from now on."""
        asked = assume_role.wanted(call.form)
        role = self._principals.role(asked.role_arn) or {}
        try:
            assume_role.check_seconds(asked, principal, int(role.get("MaxSessionDuration", 3600)))
        except InvalidRequestError as fault:
            return respond(start_response, *refusals.render("sts", "invalid", str(fault)))
        answered: list[tuple[Any, ...]] = []
        body = b"".join(self._app(environ, lambda *answer: answered.append(answer)))
        if answered[0][0].startswith("200"):
            self._principals.add(*assume_role.issued(body.decode(), asked))
        start_response(*answered[0])
        return [body]


def service_of(host: str) -> str:
    """Return the service of a host name, for the shape of a refusal when nothing is signed."""
    labels = host.removesuffix(".amazonaws.com").split(".")
    return "s3" if "s3" in labels else labels[0]


def forward(environ: Environ, call: Call, signed: signature.Signature) -> Environ:
    """Return the environment for the services: a query-protocol GET as the POST that the emulator understands."""
    if signed.service == "s3":
        return environ
    scope = f"AWS4-HMAC-SHA256 Credential={signed.access_key}/{signed.scope}, SignedHeaders=host, Signature=0"
    if call.method != "GET" or "Action" not in call.parameters:
        return {**environ, "HTTP_AUTHORIZATION": scope}
    body = urllib.parse.urlencode([(k, v) for k, v in call.pairs if not k.startswith("X-Amz-")]).encode()
    return {
        **environ,
        "REQUEST_METHOD": "POST",
        "QUERY_STRING": "",
        "RAW_URI": call.path,
        "REQUEST_URI": call.path,
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "HTTP_AUTHORIZATION": scope,
    }

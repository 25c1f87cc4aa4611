"""A listener as a haproxy frontend. Pure.

A rule is chosen first, by number and in order of priority; only then its action runs. So the order of haproxy's own
rule kinds (all http-request rules run before any use_backend) never shows.
"""

import http
from collections.abc import Mapping
from pathlib import Path

from rehearsal.balancer.model import (
    Condition,
    FixedResponse,
    Forward,
    Listener,
    LoadBalancer,
    Redirect,
    Rule,
    TargetGroup,
)
from rehearsal.balancer.quoting import literal, quoted, wildcard
from rehearsal.balancer.tls_policies import POLICIES, bind_options

_DEFAULT_PORTS = {80, 443}
_CHOSEN = "{ var(txn.rule) -m found }"
_PLACEHOLDERS = {
    "#{host}": "%[req.hdr(host),field(1,:)]",
    "/#{path}": "%[path]",
    "#{path}": "%[path,regsub(^/,)]",
    "#{query}": "%[query]",
}


def frontend(balancer: LoadBalancer, listener: Listener, groups: Mapping[str, TargetGroup], pem: Path) -> list[str]:
    """Return the lines of one frontend; `groups` by ARN, `pem` the certificate of HTTPS listeners."""
    lines = [f"frontend port-{listener.port}", f"  bind :{listener.port}{_tls(listener, pem)}"]
    lines += _status(listener, groups)
    lines += ["  http-request set-var(txn.now) date"]
    for number, rule in enumerate(listener.rules):
        lines += _choice(number, rule)
    for number, rule in enumerate(listener.rules):
        lines += _answer(number, rule, listener)
    lines += _headers(balancer, listener)
    for number, rule in enumerate(listener.rules):
        if isinstance(rule.action, Forward):
            lines += _forward(number, groups[rule.action.target_group_arn])
    return lines


def _tls(listener: Listener, pem: Path) -> str:
    if listener.protocol != "HTTPS":
        return ""
    limits = bind_options(POLICIES[listener.tls_policy]) if listener.tls_policy else ""
    return f" ssl crt {quoted(str(pem))} alpn h2,http/1.1{limits}"


def _choice(number: int, rule: Rule) -> list[str]:
    names = [f"rule{number}.{place}" for place in range(len(rule.conditions))]
    acls = [_acl(name, condition) for name, condition in zip(names, rule.conditions, strict=True)]
    return [*acls, f"  http-request set-var(txn.rule) int({number}) if {' '.join([*names, '!' + _CHOSEN])}"]


def _acl(name: str, condition: Condition) -> str:
    """Host names are compared without case and port, paths with case; a client is who connects, whoever is forwarded.

    Source: ELB guide, "Listener rule condition types".
    """
    if condition.field == "source-ip":
        return f"  acl {name} src -- {' '.join(map(quoted, condition.values))}"
    values = " ".join(quoted(wildcard(value)) for value in condition.values)
    if condition.field == "host-header":
        return f"  acl {name} req.hdr(host),field(1,:) -m reg -i -- {values}"
    return f"  acl {name} path -m reg -- {values}"


def _is(number: int) -> str:
    return f"{{ var(txn.rule) -m int {number} }}"


def _answer(number: int, rule: Rule, listener: Listener) -> list[str]:
    if isinstance(rule.action, FixedResponse):
        return [f"  http-request return {_fixed(rule.action)} if {_is(number)}"]
    if isinstance(rule.action, Redirect):
        return _redirect(number, rule.action, listener)
    return []


def _fixed(action: FixedResponse) -> str:
    if not action.body or action.status == http.HTTPStatus.NO_CONTENT:
        return f"status {action.status}"
    return f"status {action.status} content-type {quoted(action.content_type)} string {quoted(action.body)}"


def _redirect(number: int, action: Redirect, listener: Listener) -> list[str]:
    """Send the client away; a query that would be empty is left out with its question mark."""
    protocol = action.protocol.replace("#{protocol}", listener.protocol).lower()
    port = action.port.replace("#{port}", str(listener.port))
    place = f"{protocol}://{_filled(action.host)}:{port}{_filled(action.path)}"
    asked = " { query,length gt 0 }" if action.query == "#{query}" else ""
    ways = [(f"{place}?{_filled(action.query)}", asked)] if action.query else []
    ways += [(place, "")] if asked or not ways else []
    head = f"  http-request redirect code {action.status} location"
    return [f"{head} {quoted(location)} if {_is(number)}{condition}" for location, condition in ways]


def _filled(text: str) -> str:
    filled = literal(text)
    for placeholder, expression in _PLACEHOLDERS.items():
        filled = filled.replace(placeholder, expression)
    return filled


def _headers(balancer: LoadBalancer, listener: Listener) -> list[str]:
    lines = [
        f"  http-request set-header X-Forwarded-Proto {listener.protocol.lower()}",
        f"  http-request set-header X-Forwarded-Port {listener.port}",
    ]
    if balancer.drop_invalid:  # only these characters count as valid (ELB guide, "Load balancer attributes")
        lines.insert(0, '  http-request del-header "[^-a-zA-Z0-9]" -m reg')
    return [*lines, *_forwarded_for(balancer.forwarded_for), *([] if balancer.keep_host else _host(listener.port))]


def _forwarded_for(mode: str) -> list[str]:
    if mode == "preserve":
        return []
    if mode == "remove":
        return ["  http-request del-header X-Forwarded-For"]
    there = "{ req.fhdr(X-Forwarded-For) -m found }"
    return [
        f'  http-request set-header X-Forwarded-For "%[req.fhdr(X-Forwarded-For)], %[src]" if {there}',
        f"  http-request set-header X-Forwarded-For %[src] unless {there}",
    ]


def _host(port: int) -> list[str]:
    """Without preserve_host_header the port is taken off on 80 and 443, and put on elsewhere."""
    ending = "" if port in _DEFAULT_PORTS else f":{port}"
    return [f'  http-request set-header Host "%[req.hdr(host),field(1,:)]{ending}" if {{ req.hdr(host) -m found }}']


def _forward(number: int, group: TargetGroup) -> list[str]:
    """Too few healthy targets: all of them are used, as if all were healthy (ELB guide, "Target group health")."""
    few = f"{{ nbsrv({group.name}) lt {group.fail_open_below} }}"
    return [
        f"  use_backend {group.name}.all if {_is(number)} {few}",
        f"  use_backend {group.name} if {_is(number)}",
    ]


def _status(listener: Listener, groups: Mapping[str, TargetGroup]) -> list[str]:
    """Correct haproxy, which says 503 for a target that it cannot connect to: 502, or 504 after the 10 seconds.

    Source: ELB guide, "Troubleshoot your Application Load Balancers". Without any target 503 stands.
    """
    used = {rule.action.target_group_arn for rule in listener.rules if isinstance(rule.action, Forward)}
    lines = []
    for arn in sorted(used):
        own = f"{{ status 503 }} !{{ var(txn.answered) -m found }} {{ nbsrv({groups[arn].name}.all) gt 0 }}"
        late = "{ date,sub(txn.now) ge 10 }"
        lines += [
            f"  http-after-response set-status 504 if {own} {late}",
            f"  http-after-response set-status 502 if {own}",
        ]
    return lines

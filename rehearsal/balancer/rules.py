"""Listeners and their rules, read from their descriptions. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_network
from typing import Any

from rehearsal.balancer.model import (
    BalancerError,
    Condition,
    FixedResponse,
    Forward,
    Listener,
    Redirect,
    Rule,
)
from rehearsal.balancer.tls_policies import tls_policy

_CONDITIONS = {"host-header": "HostHeaderConfig", "path-pattern": "PathPatternConfig", "source-ip": "SourceIpConfig"}


def listener(described: Mapping[str, Any], rules: Sequence[Mapping[str, Any]]) -> Listener:
    """Return the listener of one entry of DescribeListeners, with its rules from DescribeRules."""
    port, protocol = int(described["Port"]), str(described["Protocol"])
    where = f"listener on port {port}"
    if protocol not in {"HTTP", "HTTPS"}:
        raise BalancerError(f"{where}: protocol {protocol} is not rehearsed, only HTTP and HTTPS")
    policy = str(described["SslPolicy"]) if protocol == "HTTPS" and described.get("SslPolicy") else None
    if policy:
        tls_policy(policy, where)
    ordered = sorted(rules, key=_place)
    return Listener(port, protocol, tuple(_rule(entry, where) for entry in ordered), policy)


def used_groups(listeners: Iterable[Listener]) -> list[str]:
    """Return the ARNs of all target groups that some rule forwards to, sorted."""
    actions = [rule.action for entry in listeners for rule in entry.rules]
    return sorted({action.target_group_arn for action in actions if isinstance(action, Forward)})


def _place(described: Mapping[str, Any]) -> tuple[bool, int]:
    priority = str(described["Priority"])
    return (True, 0) if priority == "default" else (False, int(priority))


def _rule(described: Mapping[str, Any], where: str) -> Rule:
    where = f"{where}, rule {described['Priority']}"
    conditions = tuple(_condition(entry, where) for entry in described.get("Conditions", []))
    actions = described["Actions"]
    if len(actions) != 1:
        raise BalancerError(f"{where}: {' then '.join(str(entry['Type']) for entry in actions)} is not rehearsed")
    return Rule(conditions, _action(actions[0], where))


def _condition(described: Mapping[str, Any], where: str) -> Condition:
    field = str(described["Field"])
    if field not in _CONDITIONS:
        raise BalancerError(f"{where}: condition {field} is not rehearsed, only {', '.join(sorted(_CONDITIONS))}")
    config = described.get(_CONDITIONS[field]) or {}
    unknown = sorted(set(config) - {"Values"})
    if unknown:
        raise BalancerError(f"{where}: {_CONDITIONS[field]}.{unknown[0]} is not rehearsed")
    values = tuple(str(value) for value in config.get("Values") or described.get("Values", []))
    if field == "source-ip":
        _networks(values, where)
    return Condition(field, values)


def _networks(values: Iterable[str], where: str) -> None:
    """Refuse what is no network: haproxy would look a name up."""
    for value in values:
        try:
            ip_network(value)
        except ValueError:
            raise BalancerError(f"{where}: condition source-ip: {value} is no network such as 10.0.0.0/8") from None


def _action(described: Mapping[str, Any], where: str) -> Forward | Redirect | FixedResponse:
    kind = described["Type"]
    if kind == "forward":
        return Forward(_one_group(described, where))
    if kind == "redirect":
        return _redirect(described["RedirectConfig"])
    if kind == "fixed-response":
        config = described["FixedResponseConfig"]
        content_type = str(config.get("ContentType") or "text/plain")
        return FixedResponse(int(config["StatusCode"]), content_type, str(config.get("MessageBody") or ""))
    raise BalancerError(f"{where}: action {kind} is not rehearsed, only forward, redirect and fixed-response")


def _one_group(described: Mapping[str, Any], where: str) -> str:
    groups = (described.get("ForwardConfig") or {}).get("TargetGroups", [])
    if len(groups) > 1:
        raise BalancerError(f"{where}: weights over {len(groups)} target groups are not rehearsed")
    return str(described.get("TargetGroupArn") or groups[0]["TargetGroupArn"])


def _redirect(config: Mapping[str, Any]) -> Redirect:
    """Read a redirect, whose defaults keep each part of the request's URI (API reference: RedirectActionConfig)."""
    return Redirect(
        protocol=str(config.get("Protocol") or "#{protocol}"),
        host=str(config.get("Host") or "#{host}"),
        port=str(config.get("Port") or "#{port}"),
        path=str(config.get("Path") or "/#{path}"),
        query=str(config.get("Query") or "#{query}"),
        status=int(str(config["StatusCode"]).removeprefix("HTTP_")),
    )

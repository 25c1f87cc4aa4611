"""From the account's descriptions of a load balancer to the model. What the model cannot say is refused by name."""

from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.balancer.model import BalancerError, LoadBalancer, TargetGroup
from rehearsal.balancer.rules import listener, used_groups
from rehearsal.balancer.target_groups import target_group

AddressOf = Callable[[str], str | None]
"""From an instance's id to its address; None while it does not run."""


def describe(elbv2: Any, load_balancer: Mapping[str, Any], address_of: AddressOf) -> LoadBalancer:
    """Return the model of one entry of DescribeLoadBalancers, asking the `elbv2` client for the rest.

    Targets that are draining, or whose instance does not run, are left out: a load balancer sends them nothing new.
    Raises `BalancerError` for what is not rehearsed.
    """
    arn = str(load_balancer["LoadBalancerArn"])
    if load_balancer.get("Type", "application") != "application":
        raise BalancerError(f"load balancer {arn}: type {load_balancer['Type']} is not rehearsed, only application")
    listeners = tuple(listener(entry, _rules(elbv2, entry)) for entry in _listeners(elbv2, arn))
    attributes = _pairs(elbv2.describe_load_balancer_attributes(LoadBalancerArn=arn))
    return LoadBalancer(
        arn=arn,
        dns=str(load_balancer["DNSName"]),
        idle=int(attributes.get("idle_timeout.timeout_seconds", "60")),
        keep_host=attributes.get("routing.http.preserve_host_header.enabled") == "true",
        forwarded_for=attributes.get("routing.http.xff_header_processing.mode", "append"),
        listeners=tuple(sorted(listeners, key=lambda entry: entry.port)),
        target_groups=tuple(_group(elbv2, used, address_of) for used in used_groups(listeners)),
        drop_invalid=attributes.get("routing.http.drop_invalid_header_fields.enabled") == "true",
    )


def _listeners(elbv2: Any, arn: str) -> list[Mapping[str, Any]]:
    pages = elbv2.get_paginator("describe_listeners").paginate(LoadBalancerArn=arn)
    return list(pages.build_full_result()["Listeners"])


def _rules(elbv2: Any, entry: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    pages = elbv2.get_paginator("describe_rules").paginate(ListenerArn=entry["ListenerArn"])
    return list(pages.build_full_result()["Rules"])


def _group(elbv2: Any, arn: str, address_of: AddressOf) -> TargetGroup:
    described = elbv2.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"][0]
    attributes = _pairs(elbv2.describe_target_group_attributes(TargetGroupArn=arn))
    health = elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    return target_group(described, attributes, health, address_of)


def _pairs(answer: Mapping[str, Any]) -> dict[str, str]:
    return {str(entry["Key"]): str(entry["Value"]) for entry in answer["Attributes"]}

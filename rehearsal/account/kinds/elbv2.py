"""Application load balancers."""

from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.account.cloud import Cloud
from rehearsal.account.kinds import elbv2_logs
from rehearsal.account.kinds.base import Existing, Kind, Made, Request, refuse, retag


def _set_attributes(request: Request, of: str, arn: str) -> None:
    """Set the property `{of}Attributes` by the operation of that name, if the template gives any."""
    if given := request.properties.get(f"{of}Attributes"):
        attributes = [{"Key": entry["Key"], "Value": entry["Value"]} for entry in given]
        elbv2_logs.enable(request.cloud, {str(entry["Key"]): _text(entry["Value"]) for entry in given})
        request.call("elbv2", f"Modify{of}Attributes", **{f"{of}Arn": arn}, Attributes=attributes)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _retag(request: Request, old: Existing) -> None:
    retag(request, old, "elbv2", "RemoveTags", "AddTags", ResourceArns=[old.physical_id])


class LoadBalancer(Kind):
    """An application load balancer."""

    type = "AWS::ElasticLoadBalancingV2::LoadBalancer"
    mutable = frozenset({"LoadBalancerAttributes", "SecurityGroups", "Subnets", "Tags"})
    properties = mutable | {"IpAddressType", "Name", "Scheme", "Type"}
    custom_name = "Name"

    def create(self, request: Request) -> Made:
        """Create the balancer and set its attributes."""
        name = request.properties.get("Name") or request.generated_name(32)
        given = request.given("Subnets", "SecurityGroups", "Scheme", "Type", "IpAddressType")
        answer = request.call("elbv2", "CreateLoadBalancer", Name=name, Tags=request.own_tags(), **given)
        balancer = answer["LoadBalancers"][0]
        arn = balancer["LoadBalancerArn"]
        request.made(arn)
        _set_attributes(request, "LoadBalancer", arn)
        full = arn.split("loadbalancer/")[1]
        names = ("DNSName", "LoadBalancerArn", "LoadBalancerName", "SecurityGroups")
        zone = {"CanonicalHostedZoneID": balancer["CanonicalHostedZoneId"], "LoadBalancerFullName": full}
        return Made(arn, {**{name: balancer[name] for name in names}, **zone})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Change attributes, groups, subnets and tags."""
        changed, arn = request.changed(old), old.physical_id
        if "SecurityGroups" in changed:
            groups = request.properties["SecurityGroups"]
            request.call("elbv2", "SetSecurityGroups", LoadBalancerArn=arn, SecurityGroups=groups)
        if "Subnets" in changed:
            request.call("elbv2", "SetSubnets", LoadBalancerArn=arn, Subnets=request.properties["Subnets"])
        if "LoadBalancerAttributes" in changed:
            _set_attributes(request, "LoadBalancer", arn)
        _retag(request, old)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the balancer, unless it is protected."""
        answer = cloud.call("elbv2", "DescribeLoadBalancerAttributes", LoadBalancerArn=old.physical_id)
        if {"Key": "deletion_protection.enabled", "Value": "true"} in answer["Attributes"]:
            text = f"Load balancer '{old.physical_id}' cannot be deleted because deletion protection is enabled"
            raise refuse(text, "OperationNotPermitted")
        cloud.call("elbv2", "DeleteLoadBalancer", LoadBalancerArn=old.physical_id)


class TargetGroup(Kind):
    """A target group; an instance may be registered under several ports."""

    type = "AWS::ElasticLoadBalancingV2::TargetGroup"
    checked = frozenset(
        {"HealthCheckEnabled", "HealthCheckIntervalSeconds", "HealthCheckPath", "HealthCheckPort"}
        | {"HealthCheckProtocol", "HealthCheckTimeoutSeconds", "HealthyThresholdCount", "Matcher"}
        | {"UnhealthyThresholdCount"}
    )
    mutable = checked | {"Tags", "TargetGroupAttributes", "Targets"}
    properties = mutable | {"IpAddressType", "Name", "Port", "Protocol", "ProtocolVersion", "TargetType", "VpcId"}
    custom_name = "Name"

    def create(self, request: Request) -> Made:
        """Create the group, set its attributes, register its targets."""
        name = request.properties.get("Name") or request.generated_name(32)
        given = request.given(*self.properties - {"Name", "Tags", "TargetGroupAttributes", "Targets"})
        answer = request.call("elbv2", "CreateTargetGroup", Name=name, Tags=request.own_tags(), **given)
        arn = answer["TargetGroups"][0]["TargetGroupArn"]
        request.made(arn)
        _set_attributes(request, "TargetGroup", arn)
        if targets := request.properties.get("Targets"):
            request.call("elbv2", "RegisterTargets", TargetGroupArn=arn, Targets=targets)
        full = arn.split(":")[-1]
        return Made(arn, {"TargetGroupArn": arn, "TargetGroupName": full.split("/")[1], "TargetGroupFullName": full})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Change health checks, attributes, targets and tags."""
        changed, arn = request.changed(old), old.physical_id
        if changed & self.checked:
            request.call("elbv2", "ModifyTargetGroup", TargetGroupArn=arn, **request.given(*self.checked))
        if "TargetGroupAttributes" in changed:
            _set_attributes(request, "TargetGroup", arn)
        before, after = _targets(old.properties), _targets(request.properties)
        if gone := [target for place, target in before.items() if place not in after]:
            request.call("elbv2", "DeregisterTargets", TargetGroupArn=arn, Targets=gone)
        if new := [target for place, target in after.items() if place not in before]:
            request.call("elbv2", "RegisterTargets", TargetGroupArn=arn, Targets=new)
        _retag(request, old)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the group."""
        cloud.call("elbv2", "DeleteTargetGroup", TargetGroupArn=old.physical_id)


def _targets(properties: Mapping[str, Any]) -> dict[tuple[str, int], Mapping[str, Any]]:
    """Return the targets by id and port, which is the group's where none is given."""
    given = properties.get("Targets", ())
    return {(target["Id"], int(target.get("Port") or properties["Port"])): target for target in given}


def _refuse_a_second_balancer(request: Request, balancer: str, actions: Sequence[Mapping[str, Any]]) -> None:
    """Refuse to forward to a target group that another balancer forwards to (API reference, CreateListener: Errors)."""
    for group in _groups(actions):
        (described,) = request.call("elbv2", "DescribeTargetGroups", TargetGroupArns=[group])["TargetGroups"]
        if set(described.get("LoadBalancerArns", ())) - {balancer}:
            text = f"The following target groups cannot be associated with more than one load balancer: {group}"
            raise refuse(text, "TargetGroupAssociationLimit")


def _refuse_a_taken_port(request: Request, balancer: str, port: int) -> None:
    found = request.call("elbv2", "DescribeListeners", LoadBalancerArn=balancer)["Listeners"]
    if any(int(each["Port"]) == port for each in found):
        text = f"A listener already exists on this port for this load balancer '{balancer}'"
        raise refuse(text, "DuplicateListener")


def _groups(actions: Sequence[Mapping[str, Any]]) -> set[str]:
    several = [group for each in actions for group in each.get("ForwardConfig", {}).get("TargetGroups", ())]
    return {each["TargetGroupArn"] for each in (*actions, *several) if "TargetGroupArn" in each}


class Listener(Kind):
    """A listener."""

    type = "AWS::ElasticLoadBalancingV2::Listener"
    declared = frozenset({"Certificates", "DefaultActions", "Port", "Protocol", "SslPolicy"})
    mutable = declared | {"ListenerAttributes", "Tags"}
    properties = mutable | {"LoadBalancerArn"}

    def create(self, request: Request) -> Made:
        """Create the listener."""
        given = request.given("LoadBalancerArn", *self.declared)
        _refuse_a_second_balancer(request, given["LoadBalancerArn"], given["DefaultActions"])
        _refuse_a_taken_port(request, given["LoadBalancerArn"], int(given["Port"]))
        answer = request.call("elbv2", "CreateListener", Tags=request.own_tags(), **given)
        arn = answer["Listeners"][0]["ListenerArn"]
        request.made(arn)
        _set_attributes(request, "Listener", arn)
        return Made(arn, {"ListenerArn": arn})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Change the listener."""
        if request.changed(old) & self.declared:
            request.call("elbv2", "ModifyListener", ListenerArn=old.physical_id, **request.given(*self.declared))
        _set_attributes(request, "Listener", old.physical_id)
        _retag(request, old)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the listener."""
        cloud.call("elbv2", "DeleteListener", ListenerArn=old.physical_id)


class ListenerRule(Kind):
    """A rule of a listener."""

    type = "AWS::ElasticLoadBalancingV2::ListenerRule"
    mutable = frozenset({"Actions", "Conditions", "Priority", "Tags"})
    properties = mutable | {"ListenerArn"}

    def create(self, request: Request) -> Made:
        """Create the rule."""
        given = request.given("Actions", "Conditions", "Priority", "ListenerArn")
        arn = request.call("elbv2", "CreateRule", Tags=request.own_tags(), **given)["Rules"][0]["RuleArn"]
        return Made(arn, {"RuleArn": arn, "IsDefault": False})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Change the rule."""
        request.call("elbv2", "ModifyRule", RuleArn=old.physical_id, **request.given("Actions", "Conditions"))
        if "Priority" in request.changed(old):
            place = {"RuleArn": old.physical_id, "Priority": request.properties["Priority"]}
            request.call("elbv2", "SetRulePriorities", RulePriorities=[place])
        _retag(request, old)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the rule."""
        cloud.call("elbv2", "DeleteRule", RuleArn=old.physical_id)


KINDS: tuple[type[Kind], ...] = (LoadBalancer, TargetGroup, Listener, ListenerRule)

"""What AWS refuses of a load balancer because the new one is made before the old one is deleted."""

from collections.abc import Callable
from typing import Any

import pytest

from operations.review import Review, review
from tests.review_support import Template, properties, resource, stack
from tests.template_help import ref


def served(port: int = 80, **balancer: Any) -> Template:
    """Return the small stack with a listener that sends users to the target group."""
    template = stack()
    forward = [{"Type": "forward", "TargetGroupArn": ref("Targets")}]
    template["Resources"]["Http"] = listener(port, DefaultActions=forward)
    properties(template, "Balancer").update(balancer)
    return template


def listener(port: int, **also: Any) -> dict[str, Any]:
    kind = "ElasticLoadBalancingV2::Listener"
    return resource(kind, LoadBalancerArn=ref("Balancer"), Port=port, Protocol="HTTP", **also)


def changed(edit: Callable[[Template], Any], **balancer: Any) -> Review:
    new = served(**balancer)
    edit(new)
    return review(served(**balancer), new)


def other_scheme(new: Template) -> None:
    properties(new, "Balancer")["Scheme"] = "internet-facing"


def test_a_replaced_balancer_whose_target_group_stays_is_refused() -> None:
    (refusal,) = changed(other_scheme).refusals
    assert refusal.startswith(
        "Targets (AWS::ElasticLoadBalancingV2::TargetGroup) would belong to the new Balancer while the old Balancer"
    )


def test_so_is_one_under_another_logical_id() -> None:
    def edit(new: Template) -> None:
        new["Resources"]["Another"] = new["Resources"].pop("Balancer")
        new["Resources"]["AnotherHttp"] = new["Resources"].pop("Http")
        properties(new, "AnotherHttp")["LoadBalancerArn"] = ref("Another")

    assert "would belong to the new Another while the old Balancer" in changed(edit).refusals[0]


def test_so_is_one_whose_rule_alone_sends_to_a_target_group_that_stays() -> None:
    def with_rule(template: Template) -> Template:
        properties(template, "Http")["DefaultActions"] = [{"Type": "fixed-response"}]
        forward = [{"Type": "forward", "TargetGroupArn": ref("Targets")}]
        rule = resource("ElasticLoadBalancingV2::ListenerRule", ListenerArn=ref("Http"), Priority=1, Actions=forward)
        template["Resources"]["Rule"] = rule
        return template

    new = with_rule(served())
    other_scheme(new)
    assert "would belong to the new Balancer" in review(with_rule(served()), new).refusals[0]


def test_a_replaced_balancer_with_a_new_target_group_is_not_refused() -> None:
    def edit(new: Template) -> None:
        other_scheme(new)
        properties(new, "Targets")["Port"] = 8081

    found = changed(edit)
    assert {each.logical_id for each in found.others} == {"Balancer", "Targets"}
    assert not found.refused


@pytest.mark.parametrize(("value", "refused"), [("true", True), (True, True), ("false", False)])
def test_a_balancer_that_aws_does_not_delete_is_not_replaced(value: Any, refused: bool) -> None:
    def edit(new: Template) -> None:
        other_scheme(new)
        properties(new, "Targets")["Port"] = 8081

    attributes = [{"Key": "deletion_protection.enabled", "Value": value}]
    found = changed(edit, LoadBalancerAttributes=attributes)
    assert [each for each in found.refusals if "its deletion protection is on" in each] == list(found.refusals)
    assert found.refused == refused


def test_a_listener_made_on_a_port_that_another_leaves_is_refused() -> None:
    def edit(new: Template) -> None:
        new["Resources"]["Redirect"] = new["Resources"].pop("Http")

    (refusal,) = changed(edit).refusals
    assert refusal.startswith(
        "Redirect (AWS::ElasticLoadBalancingV2::Listener) would be made on port 80 while Http still has it"
    )


def test_two_listeners_that_change_their_ports_with_each_other_are_refused() -> None:
    old, new = served(), served(port=443)
    old["Resources"]["Https"], new["Resources"]["Https"] = listener(443), listener(80)
    assert [each.partition(" ")[0] for each in review(old, new).refusals] == ["Http", "Https"]


def test_a_listener_on_another_port_and_one_that_changes_in_place_are_not_refused() -> None:
    def edit(new: Template) -> None:
        new["Resources"]["Https"] = listener(443)
        properties(new, "Http")["DefaultActions"] = [{"Type": "redirect"}]

    assert not changed(edit).refused


def test_a_new_balancer_has_its_ports_free() -> None:
    def edit(new: Template) -> None:
        other_scheme(new)
        properties(new, "Targets")["Port"] = 8081
        new["Resources"]["Redirect"] = new["Resources"].pop("Http")

    assert not changed(edit).refused

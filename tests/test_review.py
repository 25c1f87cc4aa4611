"""What a change does to nodes and data, decided from two templates."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.review import Effect, review
from tests.conftest import Synthesize
from tests.review_support import DOCUMENT, Template, edited, effects, properties, resource, stack, with_setting
from tests.template_help import ref


def test_the_same_template_does_nothing() -> None:
    found = review(stack(), stack())
    assert found.nodes == review(stack(), stack()).nodes
    assert effects(found) == {"a": "nothing", "b": "nothing"}
    assert not any(node.reasons for node in found.nodes)
    assert (found.others, found.refusals) == ((), ())


def test_a_new_generation_alone_is_confirmed_and_nothing_more() -> None:
    found = with_setting("java", 17)
    assert effects(found) == {"a": "nothing", "b": "nothing"}
    assert found.nodes[0].reasons == ("confirms that the cluster is formed",)
    assert not found.refused


def test_a_changed_setting_is_a_rolling_reconfiguration_of_every_node() -> None:
    found = with_setting("ports.http", 8081)
    assert effects(found) == {"a": "rolling reconfiguration", "b": "rolling reconfiguration"}
    assert found.nodes[0].reasons == ("setting ports.http: 8080 to 8081",)
    assert not found.refused


def test_another_artifact_is_one_reason_for_all_its_fields() -> None:
    found = with_setting("artifact", {"bucket": "b", "key": "2.jar", "sha256": "2" * 64, "name": "a.jar"})
    assert found.nodes[1].reasons == ("setting the application's file (artifact)",)


def test_a_setting_that_comes_and_one_that_goes_are_told() -> None:
    new = copy.deepcopy(DOCUMENT)
    new["logs"] = {"node": "/muster/as400/node"}
    del new["java"]
    assert review(stack(), stack(new)).nodes[0].reasons == (
        "setting java: 17 to none",
        "setting logs.node: none to /muster/as400/node",
    )


@pytest.mark.parametrize(
    "path", ["ports.database", "ports.peer", "settings.home", "settings.database", "a.address", "b.zone"]
)
def test_what_the_nodes_refuse_is_refused(path: str) -> None:
    found = with_setting(path, 9999 if path.startswith("ports") else "other")
    assert len(found.refusals) == 1
    assert "the nodes of a running cluster refuse" in found.refusals[0]
    assert path in found.refusals[0]


def test_what_nodes_of_before_were_never_told_of_is_no_refused_change() -> None:
    """So a cluster that was made without a witness, a key of its members and backups gets all three."""
    found = with_setting("table", "muster-as400-witness")
    assert effects(found) == {"a": "rolling reconfiguration", "b": "rolling reconfiguration"}
    assert not found.refused
    document = copy.deepcopy(DOCUMENT)
    document["secrets"]["peer"] = "<Peer>"
    new = stack(document)
    new["Resources"] |= {"Peer": resource("SecretsManager::Secret"), "Witness": resource("DynamoDB::Table")}
    found = review(stack(), new)
    assert (found.refused, found.others) == (False, ())


def test_another_witness_is_refused_though_the_old_one_is_kept() -> None:
    kept = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    key = [{"AttributeName": "id", "KeyType": "HASH"}]
    old, new = stack(), stack()
    for template, name in ((old, "one"), (new, "other")):
        template["Resources"]["Witness"] = {**resource("DynamoDB::Table", TableName=name, KeySchema=key), **kept}
    found = review(old, new)
    assert "Witness (AWS::DynamoDB::Table) would be replaced by one without the witness of the pair" in found.refusals


def test_an_absent_member_is_no_refused_change() -> None:
    found = with_setting("b.present", False)
    assert effects(found)["a"] == "rolling reconfiguration"
    assert not found.refused


@pytest.mark.parametrize(
    ("name", "value"),
    [("InstanceType", "t4g.large"), ("UserData", {"Fn::Base64": "#!/bin/sh\n"}), ("EbsOptimized", True)],
)
def test_a_restart_of_one_node_is_not_refused(name: str, value: Any) -> None:
    found = edited(lambda new: properties(new, "NodeA").update({name: value}))
    assert effects(found) == {"a": "restart", "b": "nothing"}
    assert found.nodes[0].reasons[0].startswith(name)
    assert not found.refused


def test_a_restart_of_two_at_once_is_refused_with_the_safe_way() -> None:
    found = edited(lambda new: [properties(new, node).update(InstanceType="t4g.large") for node in ("NodeA", "NodeB")])
    assert effects(found) == {"a": "restart", "b": "restart"}
    assert found.nodes[0].reasons == ("InstanceType: t4g.medium to t4g.large",)
    (refusal,) = found.refusals
    assert refusal == (
        "nodes a, b would be interrupted at the same time, and users with them; "
        "change one node a deploy: ./muster roll FILE"
    )


def test_an_image_in_the_mapping_replaces_both_nodes() -> None:
    found = edited(lambda new: new["Mappings"]["Images"]["eu-west-1"].update(amazonlinux2023arm64="ami-2"))
    assert effects(found) == {"a": "REPLACEMENT", "b": "REPLACEMENT"}
    assert found.nodes[0].reasons == ("ImageId: ami-11111111111111111 to ami-2",)
    assert len(found.refusals) == 3
    assert "nodes.a.present: false" in found.refusals[0]


def test_another_region_s_image_is_the_mapping_s_change_too() -> None:
    """Without the region it cannot be known which row counts, so any does."""
    old = stack()
    old["Mappings"]["Images"]["eu-west-2"] = {"amazonlinux2023arm64": "ami-3"}
    new = copy.deepcopy(old)
    new["Mappings"]["Images"]["eu-west-2"]["amazonlinux2023arm64"] = "ami-4"
    assert effects(review(old, new)) == {"a": "REPLACEMENT", "b": "REPLACEMENT"}


def test_an_image_that_only_moves_into_the_mapping_does_nothing() -> None:
    found = edited(lambda new: properties(new, "NodeA").update(ImageId="ami-11111111111111111"))
    assert effects(found) == {"a": "nothing", "b": "nothing"}


def test_a_replaced_subnet_replaces_its_instance() -> None:
    found = edited(lambda new: properties(new, "SubnetB").update(CidrBlock="10.0.2.0/24"))
    assert effects(found) == {"a": "nothing", "b": "REPLACEMENT"}
    assert found.nodes[1].reasons == ("SubnetId: of a replaced resource",)


def test_a_replaced_vpc_replaces_what_is_in_it_and_what_is_in_that() -> None:
    found = edited(lambda new: properties(new, "Vpc").update(CidrBlock="10.9.0.0/20"))
    assert effects(found) == {"a": "REPLACEMENT", "b": "REPLACEMENT"}
    assert {each.logical_id for each in found.others} == {"Group", "Targets"}


def test_a_replaced_security_group_changes_a_node_in_place() -> None:
    found = edited(lambda new: properties(new, "Group").update(GroupDescription="other", GroupName="muster-other"))
    assert effects(found) == {"a": "nothing", "b": "nothing"}
    assert found.nodes[0].reasons == ("SecurityGroupIds changes in place",)
    assert [(each.logical_id, each.loss) for each in found.others] == [("Group", "replaced")]
    assert not found.refused


def test_a_replacement_under_the_same_name_is_refused() -> None:
    found = edited(lambda new: properties(new, "Group").update(GroupDescription="other"))
    (refusal,) = found.refusals
    assert refusal == (
        "Group (AWS::EC2::SecurityGroup) would be made under the name muster-as400 while the old one still has it, "
        "which AWS refuses"
    )


def test_a_resource_that_takes_another_s_name_is_refused() -> None:
    def edit(new: Template) -> None:
        new["Resources"]["Parameter"] = new["Resources"].pop("Settings")

    assert any("/muster/as400/settings" in each for each in edited(edit).refusals)


def test_an_instance_under_another_logical_id_is_a_replacement() -> None:
    def edit(new: Template) -> None:
        new["Resources"]["Other"] = new["Resources"].pop("NodeA")

    found = edited(edit)
    assert effects(found) == {"a": "REPLACEMENT", "b": "nothing"}


@pytest.mark.parametrize(("end", "effect"), [(False, "nothing"), (True, "REPLACEMENT")])
def test_of_the_block_devices_only_their_end_changes_without_replacement(end: bool, effect: str) -> None:
    devices = {"VolumeSize": 17 if end else 16, "DeleteOnTermination": False}
    found = edited(
        lambda new: properties(new, "NodeA").update(BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": devices}])
    )
    assert effects(found)["a"] == effect


def test_tags_change_in_place() -> None:
    found = edited(lambda new: properties(new, "NodeA")["Tags"].append({"Key": "cost", "Value": "1"}))
    assert effects(found) == {"a": "nothing", "b": "nothing"}
    assert found.nodes[0].reasons == ("Tags changes in place",)


def test_a_number_and_its_text_are_one_value() -> None:
    found = edited(lambda new: properties(new, "Targets").update(Port="8080"))
    assert found == review(stack(), stack())


def test_a_node_taken_out_for_a_swap_is_no_refused_change() -> None:
    found = edited(lambda new: new["Resources"].pop("NodeB"))
    assert effects(found) == {"a": "nothing", "b": "removed"}
    assert not found.refused


def test_a_protected_node_taken_out_is_told_to_be_unprotected_first() -> None:
    old, new = stack(), stack()
    properties(old, "NodeB")["DisableApiTermination"] = True
    del new["Resources"]["NodeB"]
    reasons = ("termination protection is on: ./muster unprotect FILE --node b first",)
    assert review(old, new).nodes[1].reasons == reasons


def test_a_node_that_comes_back_is_new() -> None:
    old = stack()
    del old["Resources"]["NodeB"]
    new = stack()
    properties(new, "NodeB")["ImageId"] = "ami-2"
    assert effects(review(old, new)) == {"a": "nothing", "b": "new"}
    assert not review(old, new).refused


def test_one_node_removed_while_the_other_restarts_is_refused() -> None:
    def edit(new: Template) -> None:
        del new["Resources"]["NodeB"]
        properties(new, "NodeA")["InstanceType"] = "t4g.large"

    assert "nodes a, b would be interrupted at the same time" in edited(edit).refusals[0]


def test_a_new_stack_has_new_nodes_and_refuses_nothing() -> None:
    found = review(None, stack())
    assert effects(found) == {"a": "new", "b": "new"}
    assert (found.others, found.refusals) == ((), ())


def test_a_type_without_a_schema_counts_as_replaced_by_any_change() -> None:
    def edit(value: str) -> Template:
        template = stack()
        template["Resources"]["Strange"] = resource("Nobody::Knows", Value=value)
        properties(template, "NodeA")["SubnetId"] = ref("Strange")
        return template

    assert effects(review(edit("1"), edit("2")))["a"] == "REPLACEMENT"
    assert effects(review(edit("1"), edit("1")))["a"] == "nothing"


def test_a_settings_parameter_that_is_no_json_is_said() -> None:
    broken = stack()
    properties(broken, "Settings")["Value"] = "no JSON"
    with pytest.raises(ValueError, match="Expecting value"):
        review(stack(), broken)


scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(stack()["Resources"])), st.sampled_from(["Tags2", "Value2", "Size2"]), values)
def test_any_value_is_the_same_as_itself_and_a_json_copy(name: str, key: str, value: Any) -> None:
    old = stack()
    properties(old, name)[key] = value
    found = review(old, json.loads(json.dumps(old)))
    assert {node.effect for node in found.nodes} == {Effect.NOTHING}
    assert (found.others, found.refusals) == ((), ())


def test_a_real_stack_is_read(synthesize: Synthesize) -> None:
    found = review(synthesize(), synthesize(as400gateway={"health": "/actuator/health/liveness"}))
    assert effects(found) == {"a": "rolling reconfiguration", "b": "rolling reconfiguration"}
    assert found.nodes[0].reasons[0] == ("setting settings.health: /actuator/health to /actuator/health/liveness")
    assert not found.refused


def test_a_real_stack_s_moved_node_is_a_replacement(synthesize: Synthesize) -> None:
    moved = {"a": {"zone": "eu-west-1a"}, "b": {"zone": "eu-west-1c"}}
    found = review(synthesize(), synthesize(nodes=moved))
    assert effects(found) == {"a": "rolling reconfiguration", "b": "REPLACEMENT"}
    assert any(each.startswith("node b would be replaced (AvailabilityZone: eu-west-1b") for each in found.refusals)

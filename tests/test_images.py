"""The stack's mapping of images: each member its own, and none moves with another's."""

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
import pytest

from muster.images import PLACEHOLDER, WARNING, Images
from muster.lock_warning import WARNING as UNLOCKED
from muster.lock_warning import warn_unlocked
from muster.spec import Cluster, Lock, locked, plan
from tests.lock_help import NEW, OLD, OWN, launched, pair


def made(cluster: Cluster, lock: Lock | None) -> tuple[Images, Mapping[str, Any], dict[str, Any], set[str]]:
    """Return the construct, the mapping, what each member's ImageId is, and the ids of the warnings."""
    app = cdk.App()
    stack = cdk.Stack(app, "stack")
    planned = plan(cluster, lock)
    images = Images(stack, "Images", cluster=cluster, plan=planned)
    warn_unlocked(stack, planned)
    for member in planned.members:
        image = images.image_of(member).get_image(stack).image_id
        cdk.CfnOutput(stack, member.name, value=image)
    made = app.synth().get_stack_by_name("stack")
    template: dict[str, Any] = made.template
    found = {str(message.entry.data) for message in made.messages}
    outputs = {name: output["Value"]["Fn::FindInMap"][2] for name, output in template["Outputs"].items()}
    known = {id_ for id_ in (WARNING, UNLOCKED) if any(id_ in text for text in found)}
    return images, template["Mappings"]["Images"]["eu-west-1"], outputs, known


def test_without_a_pin_a_marked_placeholder_stands_and_is_warned_about() -> None:
    images, mapping, keys, warned = made(pair(), None)
    assert mapping == {"amazonlinux2023arm64": PLACEHOLDER}
    assert set(keys.values()) == {"amazonlinux2023arm64"}
    assert images.placeholder
    assert warned == {WARNING, UNLOCKED}


def test_a_pinned_cluster_has_no_placeholder_and_no_warning() -> None:
    images, mapping, _, warned = made(pair(), launched(pair()))
    assert mapping == {OLD.replace("-", ""): OLD}
    assert not images.placeholder
    assert warned == set()


@pytest.mark.parametrize("absent", ["a", "b"])
def test_an_absent_member_needs_no_image(absent: str) -> None:
    lock = locked(launched(pair()), pair(present="ab".replace(absent, ""))).with_node(absent, image=None)
    app = cdk.App()
    cluster = pair(present="ab".replace(absent, ""))
    planned = plan(cluster, lock.changed(rolling=()).changed(images={}))
    images = Images(cdk.Stack(app, "stack"), "Images", cluster=cluster, plan=planned)
    assert not images.placeholder


def test_while_rolling_each_member_has_its_own_and_the_other_ones_key_does_not_move() -> None:
    before = launched(pair())
    rolled = before.with_node("a", image=NEW).changed(rolling=("b",))
    _, _, keys, _ = made(pair(), before)
    _, mapping, later, _ = made(pair(), rolled)
    assert mapping == {NEW.replace("-", ""): NEW, OLD.replace("-", ""): OLD}
    assert later == {"a": NEW.replace("-", ""), "b": keys["b"]}


def test_an_image_of_ones_own_needs_no_pin() -> None:
    images, mapping, _, _ = made(pair(instance={"ami": OWN}), None)
    assert mapping == {OWN.replace("-", ""): OWN}
    assert not images.placeholder

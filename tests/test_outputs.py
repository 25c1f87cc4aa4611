"""What a deployment prints at its end."""

from typing import Any

import pytest

from tests.conftest import Synthesize, Template
from tests.node_side import IMAGE
from tests.template_help import text, the

NODES = {"east-one": {"zone": "eu-west-1a"}, "b": {"zone": "eu-west-1b"}}


def outputs(template: Template) -> dict[str, str]:
    """Return the outputs, with `<logical id>` for what only a deployment knows."""
    return {name: text(each["Value"]) for name, each in template["Outputs"].items()}


def test_are_exactly_these(node_side: Synthesize) -> None:
    template = node_side(nodes=NODES)
    east, _ = the(template, "EC2::Instance", AvailabilityZone="eu-west-1a")
    b, _ = the(template, "EC2::Instance", AvailabilityZone="eu-west-1b")
    assert outputs(template) == {
        "Url": "http://users",
        "NodeB": "10.64.1.10",
        "NodeEastOne": "10.64.0.11",
        "SessionNodeB": f"aws ssm start-session --region eu-west-1 --target <{b}>",
        "SessionNodeEastOne": f"aws ssm start-session --region eu-west-1 --target <{east}>",
        "Status": "./muster status FILE  # FILE: the cluster file of as400",
        "DestroyKeeps": "everything: it is refused while protection is on (./muster unprotect FILE); once lifted, "
        "a snapshot of each data volume, the witness, backups, and the access logs in access-logs "
        "(./muster leftovers FILE)",
    }


def test_export_nothing(node_side: Synthesize) -> None:
    assert not [each for each in node_side()["Outputs"].values() if set(each) != {"Value"}]


def test_name_the_admin_address_where_there_is_one(node_side: Synthesize) -> None:
    assert outputs(node_side(groups=2))["AdminUrl"] == "http://admin"


def test_say_that_nothing_is_kept_without_protection(node_side: Synthesize) -> None:
    assert outputs(node_side(protection="off"))["DestroyKeeps"] == (
        "nothing, but for what a time with protection has left (./muster leftovers FILE)"
    )


def test_an_absent_node_has_an_address_and_no_shell(node_side: Synthesize) -> None:
    found = outputs(node_side(nodes={**NODES, "b": {"zone": "eu-west-1b", "present": False}}))
    assert found["NodeB"] == "10.64.1.10"
    assert "SessionNodeB" not in found


@pytest.mark.parametrize(
    ("instance", "wanted"),
    [
        ({"os": "debian-12"}, "# none: Debian's images have no SSM agent; set instance.ami to an image that has it"),
        (
            {"os": "debian-12", "ami": IMAGE, "architecture": "arm64"},
            "aws ssm start-session --region eu-west-1 --target <{}>  # needs the SSM agent in your own image",
        ),
    ],
    ids=["Debian's image", "an image of one's own"],
)
def test_say_where_a_shell_needs_an_image_with_the_agent(
    instance: dict[str, Any], wanted: str, node_side: Synthesize
) -> None:
    template = node_side(instance={"type": "t4g.medium", **instance})
    name, _ = the(template, "EC2::Instance", AvailabilityZone="eu-west-1a")
    assert outputs(template)["SessionNodeA"] == wanted.format(name)

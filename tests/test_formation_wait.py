"""What a deployment waits for."""

from typing import Any

import pytest

from tests.conftest import Synthesize, Template
from tests.template_help import depends_on, of_type, ref, the


def ids(template: Template) -> list[str]:
    """Return the logical ids of handle and condition."""
    return [
        *of_type(template, "CloudFormation::WaitConditionHandle"),
        *of_type(template, "CloudFormation::WaitCondition"),
    ]


def test_waits_for_every_node_as_long_as_the_cluster_file_says(synthesize: Synthesize) -> None:
    template = synthesize(formation={"timeout": 1200})
    handle, _ = the(template, "CloudFormation::WaitConditionHandle")
    _, condition = the(template, "CloudFormation::WaitCondition")
    assert condition == {"Count": 2, "Handle": ref(handle), "Timeout": "1200"}


def test_begins_once_nodes_settings_and_balancer_are_there(template: Template) -> None:
    name, _ = the(template, "CloudFormation::WaitCondition")
    wanted = [
        "EC2::Instance",
        "SSM::Parameter",
        "ElasticLoadBalancingV2::TargetGroup",
        "ElasticLoadBalancingV2::Listener",
    ]
    assert depends_on(template, name) == {each for type_ in wanted for each in of_type(template, type_)}


@pytest.mark.parametrize("edit", [{"database": {"port": 19092}}, {"balancer": {"stickiness": {"hours": 2}}}], ids=str)
def test_every_edit_renames_handle_and_condition(
    edit: dict[str, Any], template: Template, synthesize: Synthesize
) -> None:
    """CloudFormation waits again only for a condition and a handle that are both new."""
    assert len(set(ids(template)) | set(ids(synthesize(**edit)))) == 4


def test_without_an_edit_both_keep_their_names(template: Template, synthesize: Synthesize) -> None:
    assert ids(synthesize(nodes={"b": {"zone": "eu-west-1b"}, "a": {"zone": "eu-west-1a"}})) == ids(template)


def test_an_absent_node_is_not_waited_for(synthesize: Synthesize) -> None:
    template = synthesize(nodes={"a": {"zone": "eu-west-1a"}, "b": {"zone": "eu-west-1b", "present": False}})
    assert the(template, "CloudFormation::WaitCondition")[1]["Count"] == 1

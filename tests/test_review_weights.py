"""What is said of a node whose weight falls: the load balancer keeps users on a node and a port of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from operations.review import Review, review
from tests.axonivy_support import ivy, write_named_files
from tests.conftest import Synthesize
from tests.review_support import Template, effects, properties, stack
from tests.template_help import ref

Ports = Mapping[str, Sequence[int]]

LEFT = "users who came there are balanced anew, and lose their session if they come to another node"


def served(ports: Ports, sticky: str = "true") -> Template:
    """Return the small stack with the nodes on `ports` as the targets of its load balancer."""
    template = stack()
    targets = [{"Id": ref(f"Node{name}"), "Port": port} for name, each in ports.items() for port in each]
    attributes = [{"Key": "stickiness.enabled", "Value": sticky}]
    properties(template, "Targets").update(Targets=targets, TargetGroupAttributes=attributes)
    return template


def told(found: Review) -> dict[str, list[str]]:
    """Return by node what is said of its users."""
    return {node.name: [each for each in node.reasons if "users" in each] for node in found.nodes}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ({"A": [8080, 8090], "B": [8080]}, {"A": [8080], "B": [8080]}, {"a": "port 8090 goes", "b": None}),
        (
            {"A": [8080], "B": [8080, 8090, 8100]},
            {"A": [8080, 8090], "B": [8080]},
            {"a": None, "b": "ports 8090, 8100 go"},
        ),
        ({"A": [9990, 10000], "B": [1]}, {"A": [2], "B": [1]}, {"a": "ports 9990, 10000 go", "b": None}),
        ({"A": [8080], "B": [8080]}, {"A": [8080, 8090], "B": [8080]}, {"a": None, "b": None}),
        ({"A": [8090, 8080], "B": [8080]}, {"B": [8080], "A": [8080, 8090]}, {"a": None, "b": None}),
    ],
    ids=str,
)
def test_ports_that_go_are_told_of_their_node_alone(old: Ports, new: Ports, said: Mapping[str, str | None]) -> None:
    found = review(served(old), served(new))
    assert told(found) == {name: [f"{each} from the targets: {LEFT}"] if each else [] for name, each in said.items()}
    assert not found.refused


def other_group(new: Template) -> None:
    properties(new, "Targets")["Port"] = 8081


def other_node(new: Template) -> None:
    properties(new, "NodeA")["ImageId"] = "ami-22222222222222222"


def no_node(new: Template) -> None:
    del new["Resources"]["NodeA"]


@pytest.mark.parametrize("edit", [other_group, other_node, no_node])
def test_what_loses_all_users_in_any_case_is_not_told_twice(edit: Callable[[Template], Any]) -> None:
    new = served({"A": [8080], "B": [8080]})
    edit(new)
    assert told(review(served({"A": [8080, 8090], "B": [8080]}), new)) == {"a": [], "b": []}


def test_without_stickiness_nobody_was_kept() -> None:
    old, new = (served({"A": ports, "B": [8080]}, sticky="false") for ports in ([8080, 8090], [8080]))
    assert told(review(old, new)) == {"a": [], "b": []}


def test_a_real_stack_s_lowered_weight_is_told(synthesize: Synthesize, clusters: Any) -> None:
    write_named_files(clusters)
    found = review(synthesize(**ivy({"weights": {"a": 3}})), synthesize(**ivy({"weights": {"a": 1}})))
    assert told(found) == {"a": [f"ports 8090, 8100 go from the targets: {LEFT}"], "b": []}
    assert set(effects(found).values()) <= {"nothing", "rolling reconfiguration"}
    assert not found.refused

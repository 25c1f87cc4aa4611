"""When the balancer of a rehearsed cluster is content, and how long a deployment waits for it."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest import mock

import pytest

from muster.names import READY_TO_ADMINISTER
from muster.spec import Cluster, load
from rehearsal import deployment
from rehearsal.deployment import Deployment
from rehearsal.drive import Rehearsal
from rehearsal.healthy import Group, all_serve
from tests.conftest import WriteCluster
from tests.test_host_routes import TWO
from tests.wso2_as_support import loaded, server

WORKERS = {"b": "healthy", "c": "healthy"}
MANAGEMENT = {"a": "healthy", "d": "unhealthy"}


class Account:
    """As much of a rehearsal as waiting asks: target groups, each with the state of each node, and the hosts."""

    def __init__(self, *groups: Mapping[str, str]) -> None:
        self.groups = groups

    def client(self, _service: str) -> "Account":
        """Return what answers for a service."""
        return self

    def inventory(self) -> Any:
        """Return a host for each node, with instance `i-NODE`."""
        return SimpleNamespace(hosts=[SimpleNamespace(instance=f"i-{name}", node=name) for name in "abcd"])

    def describe_target_groups(self) -> Any:
        """Answer; the ARN is the group's place."""
        return {
            "TargetGroups": [
                {"TargetGroupArn": place, "HealthCheckPath": "/ready"} for place in range(len(self.groups))
            ]
        }

    def describe_target_health(self, *, TargetGroupArn: int) -> Any:  # noqa: N803 - AWS's name
        """Answer."""
        found = self.groups[TargetGroupArn].items()
        return {
            "TargetHealthDescriptions": [
                {"Target": {"Id": f"i-{name}", "Port": 9443}, "TargetHealth": {"State": state}} for name, state in found
            ]
        }


def content(cluster: Cluster, *groups: Mapping[str, str]) -> bool:
    """Return whether the wait ends; False if it times out at once."""
    waiting = Deployment(cast("Rehearsal", Account(*groups)), cluster, Path())
    with mock.patch.object(deployment, "HEALTHY_SECONDS", 0):
        try:
            waiting.wait_until_healthy()
        except TimeoutError:
            return False
    return True


def named(folder: Path, *, absent: str = "") -> Cluster:
    """Return a cluster of two management nodes and two workers, whose groups have host names."""
    nodes = {name: {**node, "present": name != absent} for name, node in TWO.items()}
    return loaded(server({"committer": "a"}, nodes=nodes), folder)


def test_each_host_name_is_counted_by_its_own_nodes(tmp_path: Path) -> None:
    assert content(named(tmp_path), WORKERS, MANAGEMENT)
    assert content(named(tmp_path), MANAGEMENT, WORKERS), "the account may list them in any order"


@pytest.mark.parametrize(
    "groups",
    [
        (),
        (WORKERS,),
        (MANAGEMENT,),
        ({"b": "healthy"}, MANAGEMENT),
        ({**WORKERS, "b": "unhealthy"}, MANAGEMENT),
        ({**WORKERS, "a": "healthy"}, MANAGEMENT),
        ({**WORKERS, "x": "healthy"}, MANAGEMENT),
        (WORKERS, {"a": "healthy"}),
        (WORKERS, dict.fromkeys("ad", "unhealthy")),
        (WORKERS, dict.fromkeys("ad", "healthy")),
        (WORKERS, WORKERS),
        (WORKERS, MANAGEMENT, MANAGEMENT),
    ],
)
def test_a_host_name_whose_nodes_are_others_or_sick_is_waited_for(
    groups: tuple[Mapping[str, str], ...], tmp_path: Path
) -> None:
    assert not content(named(tmp_path), *groups)


def test_absent_nodes_are_no_targets_of_their_host_name(tmp_path: Path) -> None:
    cluster = named(tmp_path, absent="c")
    assert content(cluster, {"b": "healthy"}, MANAGEMENT)
    assert not content(cluster, WORKERS, MANAGEMENT)


def test_the_only_management_node_is_healthy(tmp_path: Path) -> None:
    cluster = named(tmp_path, absent="d")
    assert content(cluster, WORKERS, {"a": "healthy"})
    assert not content(cluster, WORKERS, {"a": "initial"})


def test_while_the_only_management_node_is_absent_its_host_name_has_nobody(tmp_path: Path) -> None:
    nodes = {**{name: TWO[name] for name in "bc"}, "a": {**TWO["a"], "present": False}}
    cluster = loaded(server(nodes=nodes), tmp_path)
    assert content(cluster, WORKERS, {})
    assert not content(cluster, {**WORKERS, "b": "unhealthy"}, {})
    assert not content(cluster, WORKERS, {"a": "healthy"})


def test_where_all_nodes_are_alike_each_is_healthy_in_every_group(write_cluster: WriteCluster) -> None:
    cluster, both = load(write_cluster()), {"a": "healthy", "b": "healthy"}
    assert content(cluster, both)
    assert content(cluster, both, both)
    assert not content(cluster)
    assert not content(cluster, {"a": "healthy"})
    assert not content(cluster, both, {**both, "b": "unhealthy"})


def test_administration_that_is_led_to_one_is_served_by_one() -> None:
    states = [("a", "healthy"), ("b", "unhealthy")]
    assert all_serve([Group(READY_TO_ADMINISTER, states)], 2)
    assert not all_serve([Group("/ready", states)], 2)
    assert not all_serve([Group(READY_TO_ADMINISTER, [("a", "initial"), ("b", "initial")])], 2)


def test_what_is_waited_for_in_vain_is_said(tmp_path: Path) -> None:
    waiting = Deployment(cast("Rehearsal", Account(WORKERS, {"a": "initial"})), named(tmp_path), Path())
    with mock.patch.object(deployment, "HEALTHY_SECONDS", 0), pytest.raises(TimeoutError) as failure:
        waiting.wait_until_healthy()
    assert str(failure.value) == "not within 0 s; last seen: targets are healthy, healthy, initial"

"""What is said of settings that the nodes refuse: how each of them could be changed all the same."""

import copy
from typing import Any

import pytest

from operations.review import review
from tests.review_support import DOCUMENT, properties, stack
from tests.template_help import ref

PLACE = "a node's place can be changed while it is absent"
ALONE = (
    "settings.version can be changed while one node alone runs, the same before and after: in one deploy let all "
    "others be absent, in the next change it, in a third let them be present again"
)


def engines(version: str = "12.0.9", home: str = "/opt/ivy", address: str = "10.0.0.10") -> dict[str, Any]:
    """Return the settings document of two engines."""
    document = copy.deepcopy(DOCUMENT) | {"product": "axonivy", "settings": {"version": version, "home": home}}
    document["members"][0]["address"] = address
    for each in document["members"]:
        each["present"] = True
    return document


@pytest.mark.parametrize(
    ("changes", "ways"),
    [
        ({"version": "12.0.10"}, ALONE),
        ({"address": "10.0.0.99"}, PLACE),
        ({"home": "/opt/x"}, "that needs a new cluster"),
        ({"version": "12.0.10", "address": "10.0.0.99"}, f"{PLACE}; {ALONE}"),
        ({"home": "/opt/x", "version": "12.0.10"}, f"{ALONE}; the rest needs a new cluster"),
        ({"home": "/opt/x", "address": "10.0.0.99"}, f"{PLACE}; the rest needs a new cluster"),
    ],
    ids=str,
)
def test_a_refused_setting_is_told_with_its_way_and_no_other(changes: dict[str, Any], ways: str) -> None:
    (refusal,) = review(stack(engines()), stack(engines(**changes))).refusals
    assert refusal.endswith(f": the deployment would fail and roll back; {ways}")


def test_another_port_of_the_fronts_is_told_with_its_two_deploys() -> None:
    old, new = (engines() | {"ports": {"tls": port}} for port in (8443, 9443))
    (refusal,) = review(stack(old), stack(new)).refusals
    assert refusal.endswith("in two deploys, by balancer.to_nodes: http and then https with the other port")


def server(**changes: Any) -> dict[str, Any]:
    """Return the settings document of two servers of WSO2 AS, of which `b` commits."""
    own = {"committer": "b", "groups": {"a": "worker", "b": "mgt"}, "artifacts": {"url": "", "append": True}}
    document = copy.deepcopy(DOCUMENT) | {"product": "wso2-as", "settings": {**own, **changes}}
    for each in document["members"]:
        each["present"] = True
    return document


def test_another_database_is_told_with_who_must_commit_first() -> None:
    added = server(database={"url": "jdbc:mysql://db.example.org/wso2"})
    (refusal,) = review(stack(server()), stack(added)).refusals
    way = "settings.database.url can be changed while the node that commits is the first of all by its place"
    assert f"the deployment would fail and roll back; {way}" in refusal
    assert "new cluster" not in refusal


def test_a_database_that_is_left_out_is_refused_though_the_nodes_would_do_it() -> None:
    added = server(database={"url": "jdbc:mysql://db.example.org/wso2"})
    (refusal,) = review(stack(added), stack(server())).refusals
    assert refusal.startswith("settings.database.url: jdbc:mysql://db.example.org/wso2 to none: registry and users are")
    assert "the nodes of a running cluster refuse" not in refusal


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({}, True),
        ({"committer": "a", "groups": {"a": "mgt", "b": "mgt"}}, False),
        ({"artifacts": {"url": "svn://svn.example.org/as", "append": True}}, False),
    ],
    ids=["commits", "has a copy", "has none"],
)
def test_the_one_that_commits_does_not_come_back_with_another_volume(changes: dict[str, Any], refused: bool) -> None:
    old, new = stack(server(**changes)), stack(server(**changes))
    del old["Resources"]["NodeB"]
    new["Resources"]["DataB2"] = new["Resources"].pop("DataB")
    properties(new, "NodeB")["Volumes"] = [{"Device": "/dev/sdf", "VolumeId": ref("DataB2")}]
    said = "node b would commit artifacts, and get a volume without them in the place of DataB; "
    assert [each.startswith(said) for each in review(old, new).refusals] == [True] * refused

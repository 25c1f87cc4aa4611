"""What of the settings a running cluster refuses to change, product by product."""

import json
from typing import Any

import pytest

from musternode.appserver import changes as appserver_changes
from musternode.appserver import settings as appserver_settings
from musternode.axonivy import document as axonivy_document
from musternode.tls import front
from operations.review.settings import differences
from tests import appserver_support, node_axonivy

MEMBERS = {
    "a": {"name": "a", "ordinal": 0, "zone": "eu-west-1a", "address": "10.0.0.10", "present": True, "volume": "${A}"},
    "b": {"name": "b", "ordinal": 1, "zone": "eu-west-1b", "address": "10.0.1.11", "present": True, "volume": "${B}"},
    "c": {"name": "c", "ordinal": 2, "zone": "eu-west-1a", "address": "10.0.0.12", "present": True, "volume": "${C}"},
}
BASE: dict[str, Any] = {
    "ports": {"http": 9763, "member": 5701, "peer": 9181},
    "settings": {"domain": "carbon", "home": "/opt/wso2", "heartbeat": 60},
    "members": MEMBERS,
}


def document(product: str = "wso2-carbon", **changes: Any) -> dict[str, Any]:
    """Return a settings document with top-level parts changed; members stand in a list, as in a real one."""
    parts = {**BASE, **changes}
    return {"product": product, **parts, "members": list(parts["members"].values())}


def member(name: str, **changes: Any) -> dict[str, Any]:
    """Return all members, with fields of one changed."""
    return {**MEMBERS, name: {**MEMBERS[name], **changes}}


def alone(name: str) -> dict[str, Any]:
    """Return the members while `name` alone runs."""
    return {each: {**MEMBERS[each], "present": each == name} for each in MEMBERS}


def refused(old: dict[str, Any], new: dict[str, Any]) -> set[str]:
    """Return the paths of what is refused."""
    return {each.path for each in differences(old, new, set()) if each.refused}


@pytest.mark.parametrize(
    ("changes", "paths"),
    [
        ({"ports": {"http": 9763, "member": 5702, "peer": 9181}}, {"ports.member"}),
        ({"ports": {"http": 9763, "member": 5701, "peer": 9182}}, {"ports.peer"}),
        ({"ports": {"http": 9999, "member": 5701, "peer": 9181}}, set()),
        ({"settings": {"domain": "other", "home": "/opt/wso2", "heartbeat": 60}}, {"settings.domain"}),
        ({"settings": {"domain": "carbon", "home": "/opt/x", "heartbeat": 60}}, {"settings.home"}),
        ({"settings": {"domain": "carbon", "home": "/opt/wso2", "heartbeat": 30}}, set()),
        ({"members": member("b", address="10.0.1.99")}, {"members.b.address"}),
    ],
    ids=str,
)
def test_members_of_wso2_carbon_refuse_what_would_part_them(changes: dict[str, Any], paths: set[str]) -> None:
    assert refused(document(), document(**changes)) == paths


def test_members_of_wso2_carbon_come_and_go() -> None:
    two = {name: each for name, each in MEMBERS.items() if name != "c"}
    assert refused(document(), document(members=two)) == set()
    assert refused(document(members=two), document()) == set()
    assert differences(document(), document(members=two), set())


IVY: dict[str, Any] = {
    "home": "/opt/ivy",
    "version": "12.0.9",
    "database": {"url": "jdbc:postgresql://db.example.org/ivy"},
    "shared": "/mnt/axonivy",
    "file_system": "${Files}",
    "licence_file": {"sha256": "1"},
    "nodes": {"a": {"route": "a", "connectors": [8080]}},
}
BETWEEN = {"between": 9094}
GATEWAYS = {"home": "/opt/kaazing", "cluster": "gateway", "heartbeat": 60, "idle": 300}


@pytest.mark.parametrize(
    ("product", "own", "setting", "value", "paths"),
    [
        ("axonivy", IVY, "home", "/opt/x", {"settings.home"}),
        ("axonivy", IVY, "version", "12.0.10", {"settings.version"}),
        ("axonivy", IVY, "database", {"url": "jdbc:mariadb://db.example.org/ivy"}, {"settings.database.url"}),
        ("axonivy", IVY, "database", {**IVY["database"], "driver": "org.postgresql.Driver"}, set()),
        ("axonivy", IVY, "shared", "/srv/ivy", {"settings.shared"}),
        ("axonivy", IVY, "file_system", "fs-0123456789abcdef0", {"settings.file_system"}),
        ("axonivy", IVY, "licence_file", {"sha256": "2"}, set()),
        ("axonivy", IVY, "nodes", {"a": {"route": "a", "connectors": [8080, 8090]}}, set()),
        ("kaazing", GATEWAYS, "home", "/opt/x", {"settings.home"}),
        ("kaazing", GATEWAYS, "cluster", "other", {"settings.cluster"}),
        ("kaazing", GATEWAYS, "heartbeat", 30, set()),
    ],
    ids=str,
)
def test_engines_and_gateways_refuse_what_would_part_them(
    product: str, own: dict[str, Any], setting: str, value: Any, paths: set[str]
) -> None:
    new = document(product, settings={**own, setting: value})
    assert refused(document(product, settings=own), new) == paths


@pytest.mark.parametrize(("product", "port"), [("axonivy", "jgroups"), ("axonivy", "peer"), ("kaazing", "member")])
def test_ports_of_members_among_themselves_stay(product: str, port: str) -> None:
    ports = {"http": 1, "jgroups": 2, "member": 2, "peer": 3}
    new = document(product, ports={**ports, port: 9})
    assert refused(document(product, ports=ports), new) == {f"ports.{port}"}
    assert refused(document(product, ports=ports), document(product, ports={**ports, "http": 9})) == set()


@pytest.mark.parametrize(("before", "after"), [({}, {}), ({}, BETWEEN), (BETWEEN, {}), (BETWEEN, {"between": 9095})])
def test_tls_between_the_nodes_of_a_pair_neither_comes_nor_goes(before: dict[str, int], after: dict[str, int]) -> None:
    old, new = (document("as400gateway", ports={"http": 1, **more}) for more in (before, after))
    assert refused(old, new) == ({"ports.between"} if before != after else set())


@pytest.mark.parametrize(("before", "after"), [(0, 0), (0, 8443), (8443, 0), (8443, 8443), (8443, 9443)])
@pytest.mark.parametrize("product", ["as400gateway", "axonivy", "kaazing"])
def test_the_port_of_a_front_is_refused_exactly_where_the_nodes_refuse_it(
    product: str, before: int, after: int
) -> None:
    old, new = (document(product, ports={"http": 1, **({"tls": port} if port else {})}) for port in (before, after))
    assert bool(refused(old, new)) == (front.refusal(before, after) is not None)


def test_the_version_of_an_engine_that_runs_alone_may_change() -> None:
    old = document("axonivy", settings=IVY, members=alone("a"))
    newer = {**IVY, "version": "12.0.10"}
    assert refused(old, document("axonivy", settings=newer, members=alone("a"))) == set()
    assert refused(old, document("axonivy", settings=newer)) == {"settings.version"}


def test_the_version_stays_while_one_engine_that_runs_alone_gives_way_to_another() -> None:
    newer = document("axonivy", settings={**IVY, "version": "12.0.10"}, members=alone("b"))
    assert refused(document("axonivy", settings=IVY, members=alone("a")), newer) == {"settings.version"}


@pytest.mark.parametrize("before", ["", "c", "bc"])
@pytest.mark.parametrize("after", ["", "a", "c", "bc", "ac"])
def test_a_version_is_refused_exactly_where_the_nodes_refuse_it(before: str, after: str) -> None:
    old = node_axonivy.document(absent=before)
    new = node_axonivy.document(absent=after, product={"version": "12.0.10"})
    by_nodes = axonivy_document.refusal(axonivy_document.read(old), axonivy_document.read(new)) is not None
    assert bool(refused(json.loads(old), json.loads(new))) == by_nodes


def test_a_member_that_is_about_to_be_absent_may_move() -> None:
    assert refused(document(), document(members=member("b", address="10.0.1.99", present=False))) == set()
    absent = document(members=member("b", present=False))
    assert refused(absent, document(members=member("b", address="10.0.1.99"))) == set()


def test_the_members_of_a_pair_neither_come_nor_go() -> None:
    two = {name: each for name, each in MEMBERS.items() if name != "c"}
    old, new = document("as400gateway"), document("as400gateway", members=two)
    assert refused(old, new) == {"members.c.address", "members.c.ordinal", "members.c.volume", "members.c.zone"}


def test_of_an_unknown_product_nothing_is_known_to_be_refused() -> None:
    assert refused(document("other"), document("other", members=member("b", address="10.0.1.99"))) == set()


SERVERS: dict[str, Any] = {
    "home": "/opt/wso2",
    "domain": "as",
    "committer": "a",
    "groups": {"a": "mgt", "b": "mgt", "c": "worker"},
    "artifacts": {"url": "", "append": True},
}


def servers(members: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    """Return the document of servers of WSO2 AS, with some settings changed."""
    return document("wso2-as", settings={**SERVERS, **settings}, **({"members": members} if members else {}))


@pytest.mark.parametrize(
    ("settings", "paths"),
    [
        ({"committer": "b"}, set()),
        ({"groups": {**SERVERS["groups"], "b": "worker"}}, {"settings.groups.b"}),
        ({"artifacts": {"url": "svn://svn.example.org/as", "append": True}}, {"settings.artifacts.url"}),
        ({"artifacts": {"url": "", "append": False}}, {"settings.artifacts.append"}),
        ({"domain": "other"}, {"settings.domain"}),
    ],
    ids=str,
)
def test_servers_of_wso2_as_refuse_what_would_part_them_or_lose_artifacts(
    settings: dict[str, Any], paths: set[str]
) -> None:
    assert refused(servers(), servers(**settings)) == paths


def test_the_group_of_a_server_can_be_another_while_it_is_absent() -> None:
    groups = {**SERVERS["groups"], "b": "worker"}
    assert refused(servers(member("b", present=False)), servers(groups=groups)) == set()
    assert refused(servers(), servers(member("b", present=False), groups=groups)) == set()


def test_one_given_repository_may_become_another_one() -> None:
    one, other = ({"url": f"svn://{name}.example.org/as", "append": True} for name in ("one", "other"))
    assert refused(servers(artifacts=one), servers(artifacts=other)) == set()
    assert refused(servers(artifacts=one), servers()) == {"settings.artifacts.url"}


def place(committer: str = "a", *, svn: int = 3690, absent: str = "", **product: Any) -> str:
    """Return a real document of servers of WSO2 AS, with both management nodes before the workers."""
    ports = {**appserver_support.DOCUMENT["ports"], "svn": svn}
    secrets = {**appserver_support.DOCUMENT["secrets"], "database": "arn"}
    return appserver_support.document(
        absent=absent, ports=ports, secrets=secrets, product={"committer": committer, **product}
    )


def refused_by_nodes(old: str, new: str) -> bool:
    """Return whether the nodes refuse the change."""
    return appserver_changes.refusal(appserver_settings.read(old), appserver_settings.read(new)) is not None


DATABASE: dict[str, Any] = {"database": {"url": "jdbc:mysql://db.example.org/wso2"}}
ANOTHER: dict[str, Any] = {"database": {"url": "jdbc:mysql://other.example.org/wso2"}}
GIVEN: dict[str, Any] = {"artifacts": {"url": "svn://svn.example.org/as", "append": True}}
SECOND_GIVEN: dict[str, Any] = {"artifacts": {"url": "svn://svn2.example.org/as", "append": True}}


@pytest.mark.parametrize("before", ["a", "b"])
@pytest.mark.parametrize("after", ["a", "b"])
@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ({}, {"svn": 3700}, "ports.svn"),
        (GIVEN, {**GIVEN, "svn": 3700}, "ports.svn"),
        (GIVEN, SECOND_GIVEN, "settings.artifacts.url"),
        ({}, DATABASE, "settings.database.url"),
        (DATABASE, ANOTHER, "settings.database.url"),
    ],
    ids=["port", "port of none", "repository", "database", "other database"],
)
def test_where_artifacts_and_users_are_is_refused_exactly_where_the_nodes_refuse_it(
    before: str, after: str, old: dict[str, Any], new: dict[str, Any], path: str
) -> None:
    one, other = place(before, **old), place(after, **new)
    by_nodes = refused_by_nodes(one, other)
    assert refused(json.loads(one), json.loads(other)) == ({path} if by_nodes else set())


@pytest.mark.parametrize("absent", [("a", ""), ("", "a"), ("a", "a")], ids=str)
def test_a_node_that_goes_or_comes_is_not_the_first_one_to_change(absent: tuple[str, str]) -> None:
    one, other = place("b", svn=3690, absent=absent[0]), place("b", svn=3700, absent=absent[1])
    assert not refused_by_nodes(one, other)
    assert refused(json.loads(one), json.loads(other)) == set()


def test_a_database_is_never_left_out_which_nodes_would_do() -> None:
    one, other = place(**DATABASE), place()
    assert not refused_by_nodes(one, other)
    assert refused(json.loads(one), json.loads(other)) == {"settings.database.url"}

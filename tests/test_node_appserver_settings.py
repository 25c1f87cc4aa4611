"""The settings document of a cluster of WSO2 Application Servers as a node reads it, and which changes it refuses."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from muster.products.wso2_as import PRODUCT
from musternode.appserver import changes, settings
from musternode.appserver.pair import Pair, other
from musternode.appserver.settings import Backup, Database, ProxyPorts
from musternode.carbon import clustering
from musternode.failure import Failure
from musternode.subversion.words import Role
from tests.appserver_support import DOCUMENT, GIVEN, SECRET, chosen, document, with_settings
from tests.node_servers import address, members
from tests.subversion_support import CHECKOUT
from tests.test_node_state import JSON
from tests.wso2_as_support import GIVEN as GIVEN_IN_FILE
from tests.wso2_as_support import SECRET as SECRET_IN_FILE
from tests.wso2_as_support import loaded, server

SECRETS = {**DOCUMENT["secrets"], "database": f"{SECRET}database"}
SHARED = {"database": {"url": "jdbc:postgresql://db.example.org/wso2"}}


@pytest.mark.parametrize(
    "block",
    [
        {},
        {"artifacts": GIVEN_IN_FILE, "tenants": "single"},
        {"database": {"url": "jdbc:mysql://db.example.org/wso2", "secret": f"{SECRET_IN_FILE}:as-db-AbCdEf"}},
        {"http_port": 9764, "proxy_ports": {"http": 8280, "https": 8243}, "svn_port": 3691, "membership": "wka"},
    ],
)
def test_what_the_stack_writes_is_what_nodes_read(block: dict[str, Any], tmp_path: Path) -> None:
    cluster = loaded(server(block), tmp_path)
    told = {**PRODUCT.settings(cluster)}
    ports = {port.name: port.number for port in PRODUCT.ports(cluster)}
    secrets = {**DOCUMENT["secrets"], "discovery": f"{SECRET}key", "database": f"{SECRET}db"}
    base = {**DOCUMENT, "settings": told, "ports": ports, "secrets": secrets, "members": members("abc")}
    read = settings.read(json.dumps(base))
    found = (read.settings.host, read.settings.management, read.committer.name)
    assert found == (told["host"], told["management"], told["committer"])
    assert {each.node: each.group for each in read.settings.groups} == told["groups"]
    assert (read.ports.svn, read.settings.artifacts.url) == (ports["svn"], told["artifacts"]["url"])


def test_members_of_a_group_are_the_present_ones() -> None:
    read = chosen("abcde", absent="bd")
    assert [node.name for node in read.grouped("mgt")] == ["a"]
    assert read.workers == {address("c"), address("e")}


def test_while_no_management_node_is_present_nobody_commits_and_workers_find_nothing_changed() -> None:
    before, alone = chosen(mgt="a"), chosen(mgt="a", absent="a")
    assert (alone.committer.name, alone.grouped("mgt"), alone.repository) == ("a", (), before.repository)
    assert clustering.of(alone, "c").members == clustering.of(before, "c").members == ((address("a"), 4000),)
    assert changes.refusal(before, alone) is None
    assert changes.refusal(alone, before) is None


@pytest.mark.parametrize("name", "abcd")
def test_well_known_members_are_the_management_nodes_for_everybody(name: str) -> None:
    assert clustering.of(chosen(), name).members == ((address("a"), 4000), (address("b"), 4000))


def test_the_repository_is_the_given_one_or_that_of_the_committing_node() -> None:
    assert chosen(product={"committer": "b"}).repository == f"svn://{address('b')}:3690/artifacts"
    given_one = chosen(product={"artifacts": {"url": GIVEN, "append": True}})
    assert given_one.repository == GIVEN
    assert [given_one.keeps(name) for name in "abc"] == [False, False, False]
    assert [chosen().keeps(name) for name in "abcdx"] == [True, True, False, False, False]


def test_what_may_be_left_out_is_none_or_whole() -> None:
    plain = chosen().settings
    assert (plain.database, plain.artifacts.backup, plain.proxy_ports) == (None, None, ProxyPorts(80, 443))
    backup = {"bucket": "b", "prefix": "p", "hour": 2, "days": 30}
    more = {"database": {"url": "jdbc:x"}, "artifacts": {"url": "", "append": False, "backup": backup}}
    read = chosen(product=more, secrets=SECRETS).settings
    assert (read.database, read.artifacts.backup) == (Database("jdbc:x"), Backup("b", "p", 2, 30))


def test_one_offset_moves_the_products_ports() -> None:
    assert chosen(ports={**DOCUMENT["ports"], "http": 9766, "https": 9446}).offset == 3


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (
            document(product={"committer": "c"}),
            "settings.committer is 'c', no management node; there are: a, b",
        ),
        (document(absent="ab", product={"committer": "c"}), "settings.committer is 'c', no management node"),
        (document(absent="ab", product={"committer": "x"}), "settings.committer is 'x', no management node"),
        (document(mgt=""), "settings.committer is 'a', no management node; there are: none"),
        (document(product={"groups": {"a": "mgt", "b": "mgt", "c": "worker"}}), "node d has no group"),
        (document(product={"groups": dict.fromkeys("abcd", "x")}), "node a is in 'x'; it is mgt or worker"),
        (document(product={"groups": []}), "settings.groups is not an object"),
        (document(product={"groups": {"a": 1}}), "settings.groups[0].group is 1"),
        (document(product={"groups": None}), "key settings.groups is missing"),
        (document(product={"host": None}), "key settings.host is missing"),
        (document(product={"proxy_ports": {"http": 80}}), "key settings.proxy_ports.https is missing"),
        (document(product={"artifacts": {"url": ""}}), "key settings.artifacts.append is missing"),
        (document(product={"heartbeat": 1}), "settings.heartbeat is 1"),
        (document(secrets={"commit": "x"}), "secrets.checkout is missing"),
        (document(secrets={"checkout": "x"}), "secrets.commit is missing"),
        (document(product=SHARED), "secrets.database is missing"),
        (document(product={"database": {"url": "http://x"}}, secrets=SECRETS), "settings.database.url is no address"),
        (document(product={"database": {"url": "jdbc:\n"}}, secrets=SECRETS), "settings.database.url is no address"),
        (document(ports={**DOCUMENT["ports"], "https": 9444}), "ports.https is 9444; one offset moves it"),
        (document(ports=dict.fromkeys(DOCUMENT["ports"], 80)), "ports.https is 80; one offset moves it"),
        (document(product={"membership": "x"}), "settings.membership is 'x'"),
        (
            document(product={"artifacts": {"append": True, "backup": {"bucket": "b", "prefix": "p", "hour": 24}}}),
            "settings.artifacts.backup.hour is 24",
        ),
    ],
)
def test_a_document_with_a_fault_is_refused_by_its_place(text: str, named: str) -> None:
    with pytest.raises(Failure) as refused:
        settings.read(text)
    assert named in str(refused.value)


@given(JSON, JSON)
def test_no_document_brings_anything_but_a_failure(one: Any, other: Any) -> None:
    texts = [json.dumps(one), document(members=one, secrets=other), json.dumps({**DOCUMENT, "settings": one})]
    for text in (*texts, with_settings(document(), groups=one, artifacts=other)):
        with contextlib.suppress(Failure):
            settings.read(text)


# changes


def refused(new: dict[str, Any], old: dict[str, Any] | None = None) -> str:
    """Return why `new` is refused to members with `old`, empty if it is not."""
    return changes.refusal(chosen(**(old or {})), chosen(**new)) or ""


def given_at(url: str, **more: Any) -> dict[str, Any]:
    """Return changes of a document with a given repository."""
    return {"product": {"artifacts": {"url": url, "append": True}, **more}}


@pytest.mark.parametrize(
    "new",
    [
        {},
        {"product": {"committer": "b"}},
        {"names": "abcde"},
        {"names": "abc"},
        {"absent": "a", "product": {"committer": "b"}},
        {"absent": "a"},
        {"absent": "c"},
        {"product": {"host": "other.example.org", "proxy_ports": {"http": 8280, "https": 8243}}},
        {"ports": {**DOCUMENT["ports"], "http": 9764, "https": 9444}},
        {"ports": {**DOCUMENT["ports"], "svn": 3691}},
        {"product": SHARED, "secrets": SECRETS},
    ],
)
def test_what_can_be_changed_in_turn_is_not_refused(new: dict[str, Any]) -> None:
    assert refused(new) == ""


@pytest.mark.parametrize(
    ("new", "why"),
    [
        ({"mgt": "a"}, "the group of node b can be changed only while it is absent"),
        (given_at(GIVEN), "whether the repository of artifacts is a given one or made"),
        ({"product": {"artifacts": {"url": "", "append": False}}}, "where tenants have their folders"),
        ({"product": {"domain": "other"}}, "the domain of running members cannot be changed"),
        (
            {"ports": {**DOCUMENT["ports"], "svn": 3691}, "product": {"committer": "b"}},
            "the place of the repository of artifacts can be changed only by a committing node that changes before all",
        ),
    ],
)
def test_what_cannot_be_changed_in_turn_is_refused_by_name(new: dict[str, Any], why: str) -> None:
    assert why in refused(new)


@pytest.mark.parametrize("before", [{}, {"product": SHARED, "secrets": SECRETS}])
def test_another_database_is_taken_only_where_the_committing_node_changes_first(before: dict[str, Any]) -> None:
    other = {"database": {"url": "jdbc:mysql://h/x"}}
    assert refused({"product": other, "secrets": SECRETS}, before) == ""
    late = {"product": {**other, "committer": "b"}, "secrets": SECRETS}
    assert "makes the tables; node a does; let that one commit, by a deployment" in refused(late, before)
    worker = {"product": {**other, "committer": "b"}, "secrets": SECRETS, "mgt": "b"}
    assert "node a does; take out those before it" in refused(worker, {**before, "mgt": "b"} | _by_b(before))
    assert refused({**late, "absent": "a"}, before) == ""


def _by_b(before: dict[str, Any]) -> dict[str, Any]:
    return {"product": {**before.get("product", {}), "committer": "b"}}


def test_by_whomever_a_database_is_used_its_driver_and_all_else_may_change() -> None:
    by_b = {"product": {**SHARED, "committer": "b"}, "secrets": SECRETS}
    driver = {"database": {**SHARED["database"], "driver": "org.other.Driver"}, "committer": "b"}
    assert refused({"product": driver, "secrets": SECRETS}, by_b) == ""


def test_from_a_deployment_that_added_a_database_and_failed_there_is_a_way_back() -> None:
    assert refused({}, {"product": SHARED, "secrets": SECRETS}) == ""


def test_while_the_committing_one_of_two_is_absent_the_other_stays_a_copy() -> None:
    before, alone = chosen(), chosen(absent="a")
    assert (alone.committer.name, alone.repository) == ("a", before.repository)
    there = other(alone, "b", began=True)
    assert there is not None
    pair = Pair(alone, "b", there, dict, lambda: CHECKOUT, lambda: 0.0)
    assert (pair.wanted, pair.role(), pair.may_commit(False)) == (False, Role.PASSIVE, False)
    assert changes.refusal(before, alone) is changes.refusal(alone, before) is None


def test_a_node_that_comes_again_may_be_in_another_group() -> None:
    assert refused({"mgt": "a", "names": "abcd"}, {"absent": "b"}) == ""


def test_another_given_repository_is_taken_where_the_committing_node_changes_first() -> None:
    other = "https://other.example.org/artifacts"
    assert refused(given_at(other), given_at(GIVEN)) == ""
    by_b = given_at(GIVEN, committer="b")
    assert "which is a; let it commit first" in refused(given_at(other, committer="b"), by_b)
    assert refused({**given_at(other, committer="b"), "names": "bcd"}, {**by_b, "names": "bcd"}) == ""

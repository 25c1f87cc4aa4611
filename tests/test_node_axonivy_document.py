"""The settings document of a cluster of Axon.ivy engines, and what of it running members do not change."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.axonivy import document as axonivy_document
from musternode.failure import Failure
from tests.node_axonivy import DOCUMENT, chosen, document, nodes


def test_each_node_is_told_what_all_have_in_common_and_what_is_its_own() -> None:
    told = chosen(product={"nodes": nodes("abc", {"a": 2})})
    a, b = told.engine("a"), told.engine("b")
    assert (a.route, a.connectors, b.route, b.connectors) == ("a", (8080, 8090), "b", (8080,))
    assert (a.home, a.version, a.shared, a.database) == (b.home, b.version, b.shared, b.database)
    ports = told.ports
    assert (told.settings.home, ports.member, ports.peer, ports.readiness) == ("/opt/ivy", 7800, 9181, 9180)


def test_what_may_be_left_out_is_empty() -> None:
    told = chosen(product={"file_system": None, "address": None, "shared": "/srv/ivy"}).settings
    assert (told.file_system, told.address, told.database.driver) == ("", "", "")


def test_a_node_that_is_absent_need_not_be_told_anything() -> None:
    told = chosen("abc", absent="c", product={"nodes": nodes("ab")})
    with pytest.raises(Failure, match=r"settings\.nodes\.c is missing"):
        told.engine("c")


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"nodes": None}, "settings.nodes is not an object"),
    ({"nodes": []}, "settings.nodes is not an object"),
    ({"nodes": nodes("ab")}, "settings.nodes.c is missing"),
    ({"nodes": {**nodes("ab"), "c": []}}, "settings.nodes.c. is not an object"),
    ({"nodes": {**nodes("ab"), "c": {"route": "c"}}}, "settings.nodes.c.connectors is missing"),
    ({"nodes": {**nodes("ab"), "c": {**nodes("c")["c"], "weight": 2}}}, "unknown key settings.nodes.c.weight"),
    ({"nodes": {**nodes("ab"), "c": {"route": "a", "connectors": [8080]}}}, "the routes a, b, a do not differ"),
    ({"nodes": {**nodes("ab"), "c": {"route": "c", "connectors": [8090]}}}, "connectors begins with 8090, not 8080"),
    ({"nodes": {**nodes("ab"), "c": {"route": "c", "connectors": []}}}, "settings.connectors has 0 ports"),
    ({"nodes": {**nodes("ab"), "c": {"route": "c", "connectors": [8080, 9180]}}}, "a port that is taken on the node"),
    ({"jgroups": 7801}, "settings.jgroups is 7801, and ports.jgroups 7800"),
    ({"version": "7.4"}, "version 7.4: an engine before 8.0"),
    ({"pool": 1}, "unknown key settings.pool"),
    ({"route": "a"}, "unknown key settings.route"),
    ({"licence_file": {"bucket": "b", "key": "k"}}, "key settings.licence_file.sha256 is missing"),
    ({"licence_file": None}, "key settings.licence_file is missing"),
    ({"file_system": "nfs.example.org"}, "settings.file_system is 'nfs.example.org'"),
    ({"file_system": "fs-01234567\nType=ext4"}, "settings.file_system is"),
    ({"shared": "/srv/ivy"}, "an EFS at settings.shared /mnt/axonivy is needed"),
    ({"home": "/opt/ivy\nUser=root"}, "a path from the root is needed"),
    ({"home": "/opt/%h"}, "a path of letters, digits"),
    ({"shared": "/srv/ivy data", "file_system": None}, "a path of letters, digits"),
    ({"address": "ivy.example.org"}, "settings.address is 'ivy.example.org'"),
    ({"address": "https://ivy.example.org/ivy"}, "https://HOST or http://HOST is needed"),
]


@pytest.mark.parametrize(("product", "sentence"), REFUSED)
def test_what_no_engine_works_with_is_refused_by_one_sentence(product: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Failure) as refused:
        chosen(product=product)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"secrets": {}}, "key secrets.database is missing"),
        ({"ports": {**DOCUMENT["ports"], "https": 8443}}, "unknown key ports.https"),
        ({"nodes": {"a": {}}}, "nodes is"),
        ({"settings": []}, "settings. is not an object"),
    ],
)
def test_the_rest_of_the_document_is_read_as_strictly(changes: dict[str, Any], sentence: str) -> None:
    value = {**json.loads(document()), **changes}
    with pytest.raises(Failure) as refused:
        axonivy_document.read(json.dumps(value))
    assert sentence in str(refused.value)


@given(
    st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda x: st.lists(x) | st.dictionaries(st.text(), x))
)
def test_whatever_stands_for_the_nodes_is_read_or_refused(value: Any) -> None:
    told = copy.deepcopy(json.loads(document()))
    told["settings"]["nodes"] = value
    with pytest.raises(Failure):
        axonivy_document.read(json.dumps(told))


def refusal(product: dict[str, Any], names: str = "abc", absent: str = "", **changes: Any) -> str | None:
    """Return why another document is refused."""
    old = chosen(names, absent)
    return axonivy_document.refusal(old, chosen(names, absent, product, **changes))


@pytest.mark.parametrize(
    ("product", "named"),
    [
        ({"version": "12.0.10"}, "from 12.0.9 to 12.0.10 one after the other"),
        ({"database": {"url": "jdbc:postgresql://other.example.org/ivy"}}, "the system database of running members"),
        ({"file_system": "fs-99999999"}, "the shared folder of running members"),
        ({"file_system": None, "shared": "/srv/ivy"}, "the shared folder of running members"),
        ({"home": "/opt/axonivy"}, "the product's home of running members"),
    ],
)
def test_what_all_nodes_must_have_in_common_at_once_is_not_changed_one_by_one(
    product: dict[str, Any], named: str
) -> None:
    found = refusal(product)
    assert found is not None
    assert named in found


@pytest.mark.parametrize(
    ("url", "without"),
    [
        ("jdbc:postgresql://db:5432/ivy?user=me", "jdbc:postgresql://db:5432/ivy"),
        ("jdbc:mysql://db/ivy?user=me&useSSL=true", "jdbc:mysql://db/ivy?useSSL=true"),
        ("jdbc:mysql://db/ivy?useSSL=true&user=me", "jdbc:mysql://db/ivy?useSSL=true"),
        ("jdbc:mysql://(host=db,user=me)/ivy", "jdbc:mysql://(host=db)/ivy"),
        ("jdbc:mysql://(user=me,host=db)/ivy", "jdbc:mysql://(host=db)/ivy"),
        ("jdbc:sqlserver://db;userName=me;databaseName=ivy", "jdbc:sqlserver://db;databaseName=ivy"),
    ],
)
def test_a_user_goes_from_the_address_of_a_running_cluster_and_nothing_else_does(url: str, without: str) -> None:
    """An address could have one once, and a cluster file is refused with it: the cluster must get rid of it."""

    def moves(old: str, new: str) -> str | None:
        before, after = (chosen(product={"database": {"url": each}}) for each in (old, new))
        return axonivy_document.refusal(before, after)

    assert moves(url, without) is None
    assert "the system database of running members" in str(moves(url, without.replace("ivy", "ivy2")))


def test_neither_are_the_ports_and_addresses_by_which_they_know_each_other() -> None:
    ports = DOCUMENT["ports"]
    assert "the members' port" in str(refusal({"jgroups": 7801}, ports={**ports, "jgroups": 7801}))
    assert "the peer port" in str(refusal({}, ports={**ports, "peer": 9999}))
    moved = json.loads(document())
    moved["members"][0]["address"] = "10.0.1.99"
    found = axonivy_document.refusal(chosen(), axonivy_document.read(json.dumps(moved)))
    assert "can be changed only while it is absent" in str(found)


@pytest.mark.parametrize(
    "product",
    [
        {"nodes": nodes("abc", {"a": 3})},
        {"database": {**DOCUMENT["settings"]["database"], "driver": "org.postgresql.Driver"}},
        {"address": None},
        {"licence_file": {"bucket": "b", "key": "k", "sha256": "9" * 64}},
    ],
)
def test_all_else_is_changed_one_after_the_other(product: dict[str, Any]) -> None:
    assert refusal(product) is None


def test_a_node_that_is_alone_may_take_another_version() -> None:
    """Nobody else is in the database then."""
    assert refusal({"version": "12.0.10"}, "abc", absent="bc") is None
    old, back = chosen("abc", "bc"), chosen("abc", "", {"version": "12.0.10"})
    assert "let all nodes but one be absent" in str(axonivy_document.refusal(old, back))
    other = chosen("abc", "ac", {"version": "12.0.10"})
    assert "let all nodes but one be absent" in str(axonivy_document.refusal(old, other))

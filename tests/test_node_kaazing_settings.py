"""The settings document of a cluster of Kaazing Gateways as a node reads it."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given

from musternode.failure import Failure
from musternode.kaazing import settings
from musternode.kaazing.upgrade import Service
from musternode.kaazing.wanted import Wanted
from tests.node_kaazing import DOCUMENT, chosen, document
from tests.node_servers import address, members
from tests.test_node_state import JSON

PORTS = DOCUMENT["ports"]


def at(place: str, names: str = "a") -> list[dict[str, Any]]:
    """Return members that all have one address."""
    return [{**one, "address": place} for one in members(names)]


def test_each_gateway_is_told_its_own_address_and_the_same_list_of_those_that_are_present() -> None:
    read = chosen("dbca", absent="c")
    for name in "abd":
        assert read.wanted(name) == Wanted(
            cluster="shop",
            address=address(name),
            members=(address("d"), address("b"), address("a")),
            member_port=5942,
            host="gw.example.org",
            public_port=80,
            http_port=8000,
            idle=300,
        )


def test_the_service_that_tells_readiness_is_the_nodes_own() -> None:
    assert chosen().service("b", "/x") == Service(address("b"), 8000, "gw.example.org", "/x")


def test_a_path_is_none_or_text() -> None:
    none: list[dict[str, Any]] = [{}, {"path": {}}]
    assert [chosen(product=one).settings.path for one in none] == [None, None]
    assert chosen(product={"path": "/e"}).settings.path == "/e"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (document(table="x"), "unknown key table"),
        (document(product={"colour": "x"}), "unknown key settings.colour"),
        (document(secrets={"key": "arn"}), "unknown key secrets.key"),
        (document(ports={"http": 1}), "key ports.member is missing"),
        (document(product={"heartbeat": "60"}), "settings.heartbeat is '60'; a whole number is needed"),
        (document(product={"heartbeat": 4}), "settings.heartbeat is 4; seconds are needed, 5 or more"),
        (document(product={"cluster": "a<b"}), "a gateway cannot read <"),
        (document(product={"host": "10.0.0.1"}), "the balancer's name is '10.0.0.1', which is no DNS name"),
        (document(product={"public_port": 8080}), "the balancer's port is 8080"),
        (document(product={"idle": 9}), "the idle time is 9 s"),
        (document(product={"path": "x y"}), "'x y' cannot be the path of a service"),
        (document(ports={**PORTS, "member": 8000}), "both have port 8000"),
        (document(members=at("224.0.0.1")), "a multicast group"),
        (document(members=at("10.0.0.9", "ab")), "two members have"),
        (document(format=2), "format 2; this musternode reads format 1"),
        (document(members=[]), "members: none given"),
        ("[]", "not"),
    ],
)
def test_a_document_with_a_fault_is_refused_by_its_place(text: str, named: str) -> None:
    with pytest.raises(Failure) as refused:
        settings.read(text)
    assert named in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"product": {"cluster": "other"}}, "the name of the gateways' cluster of running members"),
        ({"ports": {**PORTS, "member": 5943}}, "the members' port of running members"),
        ({"ports": {**PORTS, "peer": 9999}}, "the peer port of running members"),
        ({"product": {"home": "/opt/other"}}, "the product's home of running members"),
    ],
)
def test_what_all_members_must_have_in_common_is_not_changed_one_after_the_other(
    changes: dict[str, Any], what: str
) -> None:
    reason = settings.refusal(chosen(), chosen(**changes))
    assert reason == f"{what} cannot be changed one after the other; deploy a new cluster for it"


@pytest.mark.parametrize(
    "changes",
    [
        {"product": {"heartbeat": 10, "idle": 60, "host": "ws.example.org", "public_port": 443, "path": "/x"}},
        {"ports": {**PORTS, "http": 8001, "readiness": 9990}},
        {"names": "abcd"},
        {"names": "abc", "absent": "c"},
    ],
)
def test_all_else_may_roll(changes: dict[str, Any]) -> None:
    assert settings.refusal(chosen(), chosen(**changes)) is None


@given(JSON, JSON)
def test_no_document_brings_anything_but_a_failure(one: Any, other: Any) -> None:
    for text in (json.dumps(one), document(members=one), document(secrets=other), document(product={"path": other})):
        with contextlib.suppress(Failure):
            settings.read(text)

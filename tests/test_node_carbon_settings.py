"""The settings document of a cluster of WSO2 Carbon as a node reads it."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given

from musternode import settings as any_settings
from musternode.carbon import settings
from musternode.carbon.settings import PRODUCT, Proxy, Trust
from musternode.failure import Failure
from tests.node_carbon import PROXY, ROLE, SECRET, TRUST, chosen, document
from tests.test_node_state import JSON


def test_members_stand_by_ordinal() -> None:
    assert [member.name for member in chosen("dbca").members] == ["d", "b", "c", "a"]


def test_others_are_the_present_members_beside_this_one() -> None:
    read = chosen("abcd", absent="c")
    assert [member.name for member in read.present] == ["a", "b", "d"]
    assert [member.name for member in read.others("b")] == ["a", "d"]


def test_one_that_is_absent_or_not_named_leaves() -> None:
    read = chosen("abcd", absent="c")
    assert [name for name in "abcdx" if read.leaves(name)] == ["c", "x"]


def test_a_node_that_is_not_in_the_document_is_named_with_those_that_are() -> None:
    with pytest.raises(Failure, match="carbon has no node x; it has a, b, c"):
        chosen().member("x")


def test_proxy_and_trust_are_none_or_whole() -> None:
    nothing: dict[str, Any] = {"proxy": {}, "trust": {}}
    for product in ({}, nothing):
        read = chosen(product=product).settings
        assert (read.proxy, read.trust) == (None, None)
    both = chosen(product={"proxy": PROXY, "trust": TRUST}).settings
    assert (both.proxy, both.trust) == (Proxy("proxy.example.org", 3128), Trust("assets", "ca.pem", "3" * 64))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (document(table="x"), "unknown key table"),
        (document(product={"colour": "x"}), "unknown key settings.colour"),
        (document(product={"proxy": {"host": "p"}}), "key settings.proxy.port is missing"),
        (document(ports={"http": 1}), "key ports.https is missing"),
        (document(product={"heartbeat": "60"}), "settings.heartbeat is '60'; a whole number is needed"),
        (document(product={"heartbeat": True}), "settings.heartbeat is True"),
        (document(product={"domain": ""}), "settings.domain is ''; a text that is not empty is needed"),
        (document(format=2), "format 2; this musternode reads format 1"),
        (document(members=[]), "members: none given"),
        (document("aab"), "members: b, a, a given; names must differ"),
        (document("ab", absent="ab"), "members: b, a given; names must differ, and one at least be present"),
        ("{", "not JSON"),
        ("[]", "not"),
    ],
)
def test_a_document_with_a_fault_is_refused_by_its_place(text: str, named: str) -> None:
    with pytest.raises(Failure) as refused:
        settings.read(text)
    assert named in str(refused.value)


@pytest.mark.parametrize("name", ["spelling", "membership", "credentials", "config"])
def test_a_word_that_this_program_does_not_know_is_refused_with_those_it_knows(name: str) -> None:
    with pytest.raises(Failure, match=rf"settings\.{name} is 'strange'; it is one of \w+"):
        chosen(product={name: "strange"})


def test_a_bridge_without_a_role_and_keys_without_a_secret_are_refused() -> None:
    with pytest.raises(Failure, match=r"settings\.discovery_role is missing"):
        chosen(product={"credentials": "bridge"})
    with pytest.raises(Failure, match=r"secrets\.discovery is missing"):
        chosen(product={"credentials": "keys"})
    assert chosen(product={"credentials": "bridge", "discovery_role": ROLE}).settings.discovery_role == ROLE
    assert chosen(product={"credentials": "keys"}, secrets={"discovery": SECRET}).secrets.discovery == SECRET


def test_a_heartbeat_shorter_than_the_engines_own_words_is_refused() -> None:
    with pytest.raises(Failure, match=r"settings\.heartbeat is 4; seconds are needed, 5 or more"):
        chosen(product={"heartbeat": 4})
    assert chosen(product={"heartbeat": 5}).settings.heartbeat == 5


def test_which_product_a_document_is_for_is_told_whatever_else_it_holds() -> None:
    assert any_settings.product(document(format=9, strange={})) == PRODUCT
    assert [any_settings.product(text) for text in ("{", "[]", "{}", "3")] == [""] * 4


@given(JSON, JSON)
def test_no_document_brings_anything_but_a_failure(one: Any, other: Any) -> None:
    for text in (json.dumps(one), document(members=one, secrets=other)):
        with contextlib.suppress(Failure):
            settings.read(text)

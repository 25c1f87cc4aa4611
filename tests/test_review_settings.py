"""What of the settings a running cluster refuses to change, product by product."""

from typing import Any

import pytest

from operations.review.settings import differences

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

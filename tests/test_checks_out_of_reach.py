"""The judge of what a product's user gets: a token, a file, or nothing."""

from dataclasses import replace

from rehearsal.checks.out_of_reach import USERS, Tried, judge
from tests.unit_texts import FORMS

ROOT = Tried("a", "root", "200", ["/etc/muster/settings.json"])
IVY = Tried("a", "ivy", "000", [])
WSO2 = Tried("a", "wso2", "200", [], needs=True)


def test_a_user_who_gets_nothing_where_root_gets_both_is_valid() -> None:
    found = judge([ROOT, IVY])
    assert (found.verdict, found.detail) == ("valid", "ivy get no token; no user reads a file of another's on 1 nodes")


def test_a_token_without_need_is_invalid() -> None:
    found = judge([ROOT, replace(IVY, answer="200")])
    assert (found.verdict, found.detail) == (
        "invalid",
        "ivy of node a gets a token for the instance's own credentials",
    )


def test_an_engine_that_needs_the_role_may_have_a_token_and_it_is_said() -> None:
    found = judge([ROOT, WSO2])
    assert found.verdict == "valid"
    assert "wso2 finds members by the instance's role" in found.detail


def test_a_file_of_another_user_is_invalid_also_for_who_needs_a_token() -> None:
    found = judge([ROOT, replace(WSO2, files=["/etc/muster/credentials.json"])])
    assert found.verdict == "invalid"
    assert "wso2 of node a reads /etc/muster/credentials.json" in found.detail


GATEWAY = Tried("a", "as400gateway", "000", [], server="shut")
OWN = Tried("a", "muster-h2", "000", [], server="open", serves=True)


def test_a_server_that_none_but_root_and_its_own_user_reaches_is_valid() -> None:
    found = judge([replace(ROOT, server="open"), GATEWAY, OWN])
    assert found.verdict == "valid"
    assert "the server behind the gate is shut" in found.detail


def test_a_product_that_comes_to_the_server_past_its_gate_is_invalid() -> None:
    found = judge([replace(ROOT, server="open"), replace(GATEWAY, server="open"), OWN])
    assert (found.verdict, found.detail) == (
        "invalid",
        "as400gateway of node a comes to the database's server past its gate",
    )


def test_a_shut_server_proves_nothing_where_root_does_not_reach_it_either() -> None:
    assert judge([replace(ROOT, server="shut"), GATEWAY, OWN]).verdict == "unknown"


def test_silence_proves_nothing_where_root_gets_no_token_either() -> None:
    assert judge([replace(ROOT, answer="000"), IVY]).verdict == "unknown"


def test_no_file_proves_nothing_where_root_finds_none_either() -> None:
    assert judge([replace(ROOT, files=[]), IVY]).verdict == "unknown"


def test_a_node_on_which_no_user_tried_proves_nothing() -> None:
    assert judge([ROOT, IVY, replace(ROOT, node="b")]).verdict == "unknown"


def test_a_user_who_cannot_even_try_proves_nothing() -> None:
    """Where no program can be run as that user, nothing is asked: curl says 000 of a service that is silent."""
    assert judge([ROOT, replace(IVY, answer="")]).verdict == "unknown"


def test_an_empty_record_proves_nothing() -> None:
    assert judge([]).verdict == "unknown"


def test_every_user_of_every_product_is_tried() -> None:
    """Those that systemd makes up are Muster's own programs."""
    for form, texts in FORMS.items():
        lines = [line for text in texts().values() for line in text.splitlines()]
        assert {line.partition("=")[2] for line in lines if line.startswith("User=")} <= set(USERS[form])

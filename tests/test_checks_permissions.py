"""What nodes may do is what they do: every verdict from decisions as the account tells them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from rehearsal.checks import permissions
from rehearsal.checks.permissions import ALLOW, UNSEEN, Asked, asked, judge
from rehearsal.checks.result import unknown, valid

POLICY = "arn:aws:iam::123456789012:policy/muster-as400-NodeRolePolicy-1"
READ = Asked("a", "ssm:GetParameter", "arn:of:settings", ALLOW, "Settings", times=3)
WHOLE = [READ, replace(READ, who="b", times=2), replace(READ, action="s3:GetObject", statement="Files")]
LISTED = "to know whether to tell that the object is not there"


def decision(**changes: Any) -> Mapping[str, Any]:
    """Return a decision as the account tells it."""
    return {
        "principal": "arn:aws:sts::123456789012:assumed-role/node/i-a",
        "role": "node",
        "session": "i-a",
        "action": "ssm:GetParameter",
        "resource": "arn:of:settings",
        "verdict": "Allow",
        "statement": {"policy": POLICY, "index": 0, "sid": "Settings"},
        "detail": "",
        **changes,
    }


def test_what_was_allowed_is_valid_and_counted_by_action_and_statement() -> None:
    told = "ssm:GetParameter by Settings 5"
    assert judge(WHOLE) == valid(f"8 requests, none refused: s3:GetObject by Files 3, {told}")


@pytest.mark.parametrize("verdict", ["ImplicitDeny", "ExplicitDeny", "NoBoundary", "NoTrust", "NoEndpointPolicy"])
def test_a_refusal_is_invalid_and_names_who_asked_for_what(verdict: str) -> None:
    found = judge([*WHOLE, replace(READ, verdict=verdict, statement="")])
    assert (found.verdict, found.detail) == ("invalid", f"a ssm:GetParameter on arn:of:settings: {verdict}")


def test_what_could_not_be_decided_is_invalid_and_says_what_is_not_known() -> None:
    found = judge([*WHOLE, Asked("anonymous", "sts:GetSessionToken", "*", "Undecidable", detail="not supported")])
    assert (found.verdict, found.detail) == ("invalid", "anonymous sts:GetSessionToken: not supported")


def test_that_s3_asks_itself_for_leave_to_list_is_no_refusal_of_anything_asked() -> None:
    listing = Asked("a", "s3:ListBucket", "arn:aws:s3:::bucket", "ImplicitDeny", detail=LISTED)
    assert judge([*WHOLE, listing]).verdict == "valid"
    assert judge([*WHOLE, replace(listing, detail="")]).verdict == "invalid"


def test_a_member_that_asked_for_nothing_leaves_it_unknown() -> None:
    assert judge([*WHOLE, Asked("c", "", "", UNSEEN, times=0)]) == unknown("nothing was asked by c")


def test_an_empty_record_is_unknown() -> None:
    assert judge([]).verdict == "unknown"
    assert permissions.CHECK.result([]).verdict == "unknown"


def test_a_refusal_weighs_more_than_a_member_of_which_nothing_was_seen() -> None:
    found = judge([replace(READ, verdict="ImplicitDeny"), Asked("c", "", "", UNSEEN, times=0)])
    assert found.verdict == "invalid"


def test_equal_decisions_are_counted_and_members_have_their_names() -> None:
    other = decision(session="i-b", principal="arn:aws:sts::123456789012:assumed-role/node/i-b")
    found = asked([decision(), decision(resource="arn:of:another"), other], {"i-a": "a", "i-b": "b"})
    assert found == [replace(READ, times=2), replace(READ, who="b", times=1)]


def test_who_is_no_member_has_the_name_of_role_or_user() -> None:
    by_user = decision(principal="arn:aws:iam::123456789012:user/finder", role="", session="")
    by_role = decision(role="finding", session="bridge")
    assert [each.who for each in asked([by_user, by_role], {"i-a": "a"})] == ["finder", "finding"]


def test_a_statement_without_sid_is_known_by_its_policy_and_place() -> None:
    (found,) = asked([decision(statement={"policy": POLICY, "index": 1, "sid": ""})], {})
    assert found.statement == "muster-as400-NodeRolePolicy-1[1]"


def test_a_refusal_by_nothing_has_no_statement() -> None:
    (found,) = asked([decision(statement=None, verdict="ImplicitDeny")], {})
    assert found.statement == ""

"""`poll`, the one way to wait."""

import pytest

from rehearsal.poll import NotYet, poll


def test_returns_the_first_true_value() -> None:
    values = iter([0, "", "ready", "later"])
    assert poll(lambda: next(values), within=5, every=0) == "ready"


def test_fails_with_the_last_value_seen() -> None:
    with pytest.raises(TimeoutError, match=r"not within 0 s; last seen: \[\]"):
        poll(list, within=0)


def test_fails_with_the_last_reason_for_which_it_did_not_hold() -> None:
    def never() -> bool:
        raise NotYet("two of three members")

    with pytest.raises(TimeoutError, match="two of three members"):
        poll(never, within=0)


def test_passes_on_what_a_condition_raises() -> None:
    def broken() -> bool:
        raise LookupError("no such host")

    with pytest.raises(LookupError):
        poll(broken, within=5)

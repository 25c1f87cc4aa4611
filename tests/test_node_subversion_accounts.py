"""The accounts as text for svnserve, and how one takes another's place."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.aws import Credentials
from musternode.failure import Failure
from musternode.subversion import accounts, conf
from musternode.subversion.accounts import CHECKOUT, COMMIT, Account, admitted, authz, passwd, retired, wanted
from tests.subversion_support import place_in

READER = Credentials("checkout", "r")
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_.-]{0,31}", fullmatch=True).filter(
    lambda name: name.lower() != "muster-mirror"
)
PASSWORDS = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=128).filter(
    lambda text: text == text.strip() and "%(" not in text
)


def commit(name: str, password: str = "p") -> accounts.Accounts:  # noqa: S107 - of a test
    """Return accounts whose committer is called `name`."""
    return wanted(Credentials(name, password), READER)


def users(those: accounts.Accounts) -> list[str]:
    """Return their names."""
    return [one.user.username for one in those]


def test_the_files_say_who_may_what() -> None:
    assert passwd(commit("commit", "a b")) == "[users]\ncommit = a b\ncheckout = r\n"
    assert authz(commit("commit")) == "[/]\ncommit = rw\ncheckout = r\n* =\n"


def test_where_nobody_commits_nobody_writes() -> None:
    assert authz(commit("commit"), writable=False) == "[/]\ncommit = r\ncheckout = r\n* =\n"


@given(name=NAMES, password=PASSWORDS)
def test_what_is_accepted_is_read_back_from_the_file_as_it_was_given(name: str, password: str) -> None:
    """By a plain reading of such files: a section, then a name, an equals sign and a value without blanks around it."""
    first, *lines = passwd((Account(COMMIT, Credentials(name, password)),)).split("\n")
    assert first == "[users]"
    key, value = lines[0].split("=", 1)
    assert (key.strip(), value.strip(), lines[1:]) == (name, password, [""])


@pytest.mark.parametrize(
    "name", ["", "1a", "a b", "a=b", "[a]", "#a", "a:b", "ä", "a\n", "a" * 33, "@a", "muster-mirror"]
)
def test_a_name_that_would_be_read_otherwise_is_refused(name: str) -> None:
    with pytest.raises(Failure, match=r"the commit account's user name .* cannot be used"):
        commit(name)


@pytest.mark.parametrize("password", ["", " a", "a ", "a\nb = c", "a\r", "%(x)s", "ä", "a\tb", "a\0", "x" * 129])
def test_a_password_that_would_be_read_otherwise_is_refused_and_not_told(password: str) -> None:
    with pytest.raises(Failure, match="the commit account's password cannot be used") as refused:
        commit("commit", password)
    assert not password.strip() or f"{password!r}" not in str(refused.value)


def test_two_accounts_of_one_name_are_refused() -> None:
    with pytest.raises(Failure, match="both called Checkout"):
        commit("Checkout")


def test_another_user_leaves_the_former_one_in_and_the_one_before_that_out() -> None:
    second = admitted(commit("one"), commit("two"))
    assert users(second) == ["two", "checkout", "one"]
    assert users(admitted(second, commit("three"))) == ["three", "checkout", "two"]
    assert admitted(second, commit("two")) == second


def test_two_users_can_take_turns() -> None:
    back = admitted(admitted(commit("one", "old"), commit("two")), commit("one", "new"))
    assert [(one.user.username, one.user.password) for one in back] == [("one", "new"), ("checkout", "r"), ("two", "p")]


def test_a_name_that_changes_its_part_has_only_the_new_one() -> None:
    swapped = admitted(commit("one"), wanted(Credentials("checkout", "x"), Credentials("one", "y")))
    assert [(one.part, one.user.username) for one in swapped] == [(COMMIT, "checkout"), (CHECKOUT, "one")]


def test_who_is_retired_has_no_password_any_more() -> None:
    assert users(retired(admitted(commit("one"), commit("two")))) == ["two", "checkout"]


@given(turns=st.lists(st.tuples(NAMES, PASSWORDS), min_size=1, max_size=6))
def test_names_are_unique_and_those_in_force_come_first_after_any_changes(turns: list[tuple[str, str]]) -> None:
    held: accounts.Accounts = ()
    for name, password in turns:
        if name.lower() == "checkout":
            continue
        new = commit(name, password)
        held = admitted(held, new)
        names = [each.lower() for each in users(held)]
        assert held[:2] == new
        assert len(set(names)) == len(names) <= 4
        assert retired(held) == new


def test_they_are_kept_for_root_alone_and_a_broken_file_holds_none(tmp_path: Path) -> None:
    place = place_in(tmp_path)
    assert conf.admit(place, commit("one"))
    kept = place.etc / "accounts.json"
    assert (accounts.load(kept), kept.stat().st_mode & 0o777) == (commit("one"), 0o600)
    kept.write_text("[1]")
    assert accounts.load(kept) == ()
    assert not conf.retire(place)


def test_a_password_is_not_shown_in_a_text_about_an_account() -> None:
    assert "hidden" not in repr(commit("commit", "hidden"))

"""Which of two management nodes commits: never both, whichever is told first."""

from itertools import permutations
from pathlib import Path

import pytest

from musternode.appserver import commits, pair
from musternode.appserver.pair import Pair
from musternode.appserver.settings import Settings
from musternode.appserver.words import Word
from musternode.failure import Failure
from musternode.paths import Paths
from musternode.subversion.words import SILENT, Role
from tests.appserver_support import chosen, held
from tests.node_servers import address
from tests.subversion_support import CHECKOUT


class Node:
    """A management node among words that the test gives."""

    def __init__(self, name: str, settings: Settings, *, began: bool = False) -> None:
        self.now, self.heard = 0.0, dict[str, Word]()
        other = pair.other(settings, name, began=began)
        self.pair = Pair(settings, name, other, lambda: self.heard, lambda: CHECKOUT, lambda: self.now)

    def hears(self, name: str, **changes: object) -> None:
        self.heard[address(name)] = Word(f"id-{name}", {}, **changes)  # type: ignore[arg-type]


def test_one_commits_that_is_wanted_and_alone_or_did_before() -> None:
    assert commits.may(wanted=True, before=None, other=None, pair=False)
    assert commits.may(wanted=True, before=False, other=None, pair=False)
    assert commits.may(wanted=True, before=True, other=None, pair=True)


def test_one_that_is_not_wanted_never_commits() -> None:
    options = [
        (before, other, both) for before in (None, True, False) for other in (None, True, False) for both in (0, 1)
    ]
    assert not any(commits.may(wanted=False, before=b, other=o, pair=bool(p)) for b, o, p in options)


@pytest.mark.parametrize("before", [None, False])
def test_one_waits_while_the_other_says_that_it_commits(before: bool | None) -> None:
    assert not commits.may(wanted=True, before=before, other=True, pair=True)
    assert commits.may(wanted=True, before=before, other=False, pair=True)


def test_one_that_checked_out_waits_for_the_word_of_the_other_and_a_new_one_does_not() -> None:
    assert not commits.may(wanted=True, before=False, other=None, pair=True)
    assert commits.may(wanted=True, before=None, other=None, pair=True)


@pytest.mark.parametrize("order", [*permutations("ab")])
@pytest.mark.parametrize("deaf", [False, True])
def test_a_change_of_the_committing_node_never_has_two(order: tuple[str, ...], *, deaf: bool) -> None:
    """Each is told in its turn, and hears the other one all the time, or not before both have been told."""
    old, new = chosen(product={"committer": "a"}), chosen(product={"committer": "b"})
    now = {"a": True, "b": False}
    knows = {"a": old, "b": old}

    def look(*, hear: bool) -> None:
        for name, other in permutations("ab"):
            node = Node(name, knows[name])
            if hear:
                node.hears(other, commits=now[other])
            now[name] = node.pair.may_commit(now[name])
            assert not (now["a"] and now["b"])

    for name in order:
        knows[name] = new
        look(hear=not deaf)
    look(hear=True)
    look(hear=True)
    assert now == {"a": False, "b": True}


def test_the_other_is_the_present_management_node() -> None:
    assert pair.other(chosen(), "a", began=False) == chosen().member("b")
    assert pair.other(chosen("acd"), "a", began=True) is None


def test_one_that_is_wanted_no_more_is_the_other_for_a_node_that_began_beside_it() -> None:
    new = chosen(absent="a", product={"committer": "b"})
    assert pair.other(new, "b", began=False) is None
    assert pair.other(new, "b", began=True) == new.member("a")


def test_one_that_leaves_hands_over_once_it_is_told() -> None:
    leaver = Node("a", chosen())
    assert leaver.pair.role() is Role.COMMITTING
    leaver.hears("b", leaving=(address("a"),))
    assert leaver.pair.role() is Role.PASSIVE
    assert not leaver.pair.may_commit(True)
    leaver.hears("b")
    assert leaver.pair.may_commit(True)


def test_one_that_stays_waits_for_the_leaver_as_long_as_it_is_heard() -> None:
    stayer = Node("b", chosen(absent="a", product={"committer": "b"}), began=True)
    stayer.hears("a", commits=True)
    stayer.now += 10 * SILENT
    assert not stayer.pair.may_commit(False)
    stayer.heard.clear()
    stayer.now += SILENT - 1
    assert not stayer.pair.may_commit(False)
    stayer.now += 1
    assert stayer.pair.may_commit(False)


def test_a_silent_one_that_is_to_stay_is_waited_for_without_end() -> None:
    node = Node("b", chosen(product={"committer": "b"}))
    node.now += 100 * SILENT
    assert not node.pair.may_commit(False)


def test_the_others_repository_is_read_where_it_serves_it() -> None:
    node = Node("b", chosen())
    assert node.pair.word() is None
    node.hears("a", held=held("a", Role.COMMITTING))
    assert node.pair.word() == held("a", Role.COMMITTING)
    assert node.pair.source().url == f"svn://{address('a')}:3690/artifacts"
    with pytest.raises(Failure, match="no other management node"):
        Node("a", chosen("acd")).pair.source()


def test_who_committed_is_kept_for_root(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    assert commits.kept(paths) is None
    for value in (True, False):
        commits.keep(paths, commits=value)
        assert commits.kept(paths) is value
    assert (paths.etc / "commits").stat().st_mode & 0o777 == 0o600

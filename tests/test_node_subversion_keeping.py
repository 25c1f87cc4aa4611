"""The keeper of a management node's repository, with real Subversion and two nodes on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from musternode.aws import sha256_of
from musternode.failure import Failure
from musternode.subversion import backup, repository, restoring, roles
from musternode.subversion.keeping import Keeper
from musternode.subversion.svnsync import Source
from musternode.subversion.words import SILENT, Role, Step, Word
from tests.subversion_support import Node, names, needs_svn, node_in, put

pytestmark = needs_svn


class Manager:
    """A management node: its repository, its keeper, and what it hears of the other one."""

    def __init__(self, name: str, node: Node) -> None:
        self.name, self.node, self.wanted, self.now = name, node, Role.PASSIVE, 0.0
        self.other: Manager | None = None
        self.hears = True
        self.begin()

    def begin(self) -> None:
        """Begin anew, as its process does."""
        self.keeper = Keeper(
            self.name, self.node.place, self.node, lambda: self.wanted, self, folders=["-1234"], clock=lambda: self.now
        )

    def word(self) -> Word | None:
        assert self.other is not None
        return self.other.keeper.word if self.hears else None

    def source(self) -> Source:
        assert self.other is not None
        return self.other.node.source

    def commits(self, name: str) -> bool:
        """Return whether a commit here is taken."""
        try:
            put(self.node, name)
        except Failure:
            return False
        return True


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Manager, Manager]]:
    """Return two management nodes of which the first one is to commit."""
    with node_in(tmp_path / "a") as first, node_in(tmp_path / "b") as second:
        one, other = Manager("a", first), Manager("b", second)
        one.other, other.other, one.wanted = other, one, Role.COMMITTING
        yield one, other


def looks(*managers: Manager) -> list[Step]:
    """Let each look once."""
    return [one.keeper.look() for one in managers]


def test_two_nodes_form_one_repository_and_its_mirror(pair: tuple[Manager, Manager]) -> None:
    one, other = pair
    assert looks(one, other) == [Step.MAKE, Step.MIRROR]
    assert one.commits("x")
    assert not other.commits("y")
    looks(one, other)
    assert names(one.node) == names(other.node) == ["-1234/", "x/"]
    assert (one.keeper.settled, other.keeper.settled) == (True, True)
    assert one.keeper.word.uuid == other.keeper.word.uuid


def test_a_planned_change_of_who_commits_loses_nothing(pair: tuple[Manager, Manager]) -> None:
    one, other = pair
    looks(one, other)
    assert one.commits("last")  # after the mirror's last round
    other.wanted = Role.COMMITTING
    assert looks(other) == [Step.MIRROR]
    assert one.commits("very-last")
    one.wanted = Role.PASSIVE
    assert looks(one, other, other) == [Step.DEMOTE, Step.MIRROR, Step.PROMOTE]
    assert not one.commits("no")
    assert other.commits("next")
    looks(one, other)
    assert names(one.node) == names(other.node) == ["-1234/", "last/", "next/", "very-last/"]


def test_a_step_down_ends_the_connections_that_could_write(pair: tuple[Manager, Manager]) -> None:
    one, other = pair
    looks(one, other)
    before = one.node.server
    one.wanted = Role.PASSIVE
    looks(one)
    assert one.node.server is not None
    assert one.node.server is not before


def test_a_node_takes_over_from_one_that_is_silent_and_not_before(pair: tuple[Manager, Manager]) -> None:
    one, other = pair
    looks(one, other)
    one.node.stop()
    other.hears, other.wanted = False, Role.COMMITTING
    assert looks(other) == [Step.WAIT]
    other.now = SILENT + 1
    assert looks(other) == [Step.PROMOTE]
    assert other.commits("x")


def test_one_that_comes_back_with_settings_of_before_gives_way_and_follows(pair: tuple[Manager, Manager]) -> None:
    one, other = pair
    looks(one, other)
    other.hears, other.wanted, other.now = False, Role.COMMITTING, SILENT + 1
    assert looks(other) == [Step.PROMOTE]
    assert one.commits("of-the-time-apart")
    assert other.commits("x")
    other.hears = True
    looks(other)
    one.begin()
    assert looks(one, other, one) == [Step.DEMOTE, Step.NOTHING, Step.MIRROR]
    assert names(one.node) == names(other.node) == ["-1234/", "x/"]
    assert len(list(one.node.place.data.glob("*.aside-*"))) == 1


def test_a_committing_node_with_a_new_volume_gets_everything_back_from_the_mirror(
    pair: tuple[Manager, Manager], tmp_path: Path
) -> None:
    one, other = pair
    looks(one, other)
    assert one.commits("x")
    looks(other)
    one.node.stop()
    one.node.place.data.rename(tmp_path / "lost")
    one.begin()
    other.keeper.look()
    assert looks(one, one) == [Step.MIRROR, Step.PROMOTE]
    assert names(one.node) == ["-1234/", "x/"]
    assert one.commits("y")


def test_without_any_word_of_the_mirror_no_empty_repository_is_made(pair: tuple[Manager, Manager]) -> None:
    one, _ = pair
    one.hears, one.now = False, 10 * SILENT
    assert looks(one) == [Step.WAIT]
    assert not repository.there(one.node.place)
    assert not one.keeper.settled


def test_the_only_management_node_makes_its_repository(tmp_path: Path) -> None:
    with node_in(tmp_path) as node:
        keeper = Keeper("a", node.place, node, lambda: Role.COMMITTING, None)
        assert (keeper.look(), keeper.look()) == (Step.MAKE, Step.NOTHING)
        put(node, "x")
        keeper.look()
        assert keeper.word == Word("a", Role.COMMITTING, 1, repository.uuid(node.place.repository, ""), 1)


def restored(manager: Manager, folder: Path) -> None:
    """Make a backup, commit once more, and order the way back; the keeper has not looked yet."""
    dump = folder / "kept.svndump.gz"
    backup.take(manager.node.place).file.rename(dump)
    assert manager.commits("later")
    restoring.prepare(manager.node.place, lambda to: to.write_bytes(dump.read_bytes()), sha256_of(dump), "order-1")


def test_a_mirror_follows_a_restored_repository(pair: tuple[Manager, Manager], tmp_path: Path) -> None:
    one, other = pair
    looks(one, other)
    restored(one, tmp_path)
    looks(other)
    assert names(other.node) == ["-1234/", "later/"]
    assert looks(one, other) == [Step.NOTHING, Step.MIRROR]
    assert names(one.node) == names(other.node) == ["-1234/"]
    assert (one.keeper.word.uuid, one.keeper.word.term) == (other.keeper.word.uuid, 2)
    assert other.keeper.word.term == 2
    assert one.commits("new")
    assert not other.commits("no")


def test_a_node_that_is_to_commit_next_takes_the_restored_repository_first(
    pair: tuple[Manager, Manager], tmp_path: Path
) -> None:
    one, other = pair
    looks(one, other)
    restored(one, tmp_path)
    looks(other)  # has what is to be no more
    one.keeper.look()
    one.wanted, other.wanted = Role.PASSIVE, Role.COMMITTING
    assert looks(one, other, other) == [Step.DEMOTE, Step.MIRROR, Step.PROMOTE]
    assert names(other.node) == ["-1234/"]
    looks(one)
    assert names(one.node) == ["-1234/"]


def test_a_node_that_gives_way_before_it_looked_at_the_order_restores_nothing(
    pair: tuple[Manager, Manager], tmp_path: Path
) -> None:
    one, other = pair
    looks(one, other)
    restored(one, tmp_path)
    roles.demote(one.node.place)
    one.wanted, other.wanted = Role.PASSIVE, Role.COMMITTING
    assert looks(one, other, other) == [Step.WAIT, Step.MIRROR, Step.PROMOTE]
    looks(one)
    assert names(one.node) == names(other.node) == ["-1234/", "later/"]


def test_on_another_instance_hooks_and_rights_come_back_before_the_server(pair: tuple[Manager, Manager]) -> None:
    one, other = pair
    looks(one, other)
    other.node.stop()
    other.node.place.program.unlink()
    (other.node.place.etc / "authz").write_text("[/]\n* = rw\n")
    other.begin()
    other.hears = False
    assert looks(other) == [Step.WAIT]
    assert other.node.place.program.is_file()
    assert not other.commits("x")


def test_a_round_that_fails_leaves_the_mirror_served_with_what_it_has(pair: tuple[Manager, Manager]) -> None:
    one, other = pair
    looks(one, other)
    one.node.stop()
    other.node.stop()  # it begins anew as well
    other.begin()
    with pytest.raises(Failure, match="does not answer"):
        looks(other)
    assert names(other.node) == ["-1234/"]
    one.node.start()
    assert looks(other) == [Step.MIRROR]

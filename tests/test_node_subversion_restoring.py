"""The way back from a backup of the repository, with real Subversion: whole or not at all, whenever a node ends."""

import gzip
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from musternode.aws import sha256_of
from musternode.failure import Failure
from musternode.subversion import backup, loading, marks, mirror, place, repository, restoring, roles, standing
from musternode.subversion.keeping import Keeper
from musternode.subversion.standing import Standing
from musternode.subversion.words import Role, Step
from tests.subversion_support import COMMIT, Node, committing, local, names, needs_svn, node_in, put, svn

pytestmark = needs_svn


class Power(BaseException):
    """The loss of it, which no line of code hears of."""


@dataclass
class Old:
    """A committing node with three revisions, and a backup of the first two."""

    node: Node
    dump: Path
    work: Path

    def fetch(self, to: Path) -> None:
        shutil.copyfile(self.dump, to)

    def prepare(self, id_: str = "order-1") -> None:
        restoring.prepare(self.node.place, self.fetch, sha256_of(self.dump), id_)

    def keeper(self) -> Keeper:
        """Return a keeper that has just begun, as of a process that has."""
        return Keeper("a", self.node.place, self.node, lambda: Role.COMMITTING, None, folders=["-1234"])

    def restore(self) -> None:
        self.prepare()
        assert self.keeper().look() is Step.NOTHING


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Old]:
    with committing(tmp_path / "node") as node:
        put(node, "webapps")
        svn(COMMIT, "checkout", node.url, str(tmp_path / "work"))
        (tmp_path / "work/webapps/käse.war").write_bytes(os.urandom(200_000))
        local("add", str(tmp_path / "work/webapps/käse.war"))
        svn(COMMIT, "commit", "--message", "a product's", str(tmp_path / "work"))
        dump = tmp_path / "kept.svndump.gz"
        backup.take(node.place).file.rename(dump)
        shutil.rmtree(loading.work(node.place))
        put(node, "later")
        yield Old(node, dump, tmp_path / "work")


def contents(folder: Path) -> list[str]:
    """Return a dump of a repository but for its identity."""
    text = subprocess.run(["svnadmin", "dump", "--quiet", str(folder)], capture_output=True, check=True).stdout
    return [line for line in text.decode("latin-1").splitlines() if not line.startswith("UUID: ")]


def test_a_restored_repository_is_equal_but_for_its_identity(old: Old) -> None:
    before, uuid = contents(old.node.place.repository), repository.uuid(old.node.place.repository, "")
    backup.take(old.node.place).file.rename(old.dump)
    old.restore()
    assert contents(old.node.place.repository) == before
    assert repository.uuid(old.node.place.repository, "") != uuid


def test_a_restored_repository_is_that_of_the_backup_takes_commits_and_the_old_one_is_kept(old: Old) -> None:
    old.restore()
    assert names(old.node) == ["webapps/"]
    put(old.node, "new")
    (aside,) = old.node.place.data.glob("artifacts.aside-*")
    assert "later/" in local("list", repository.uri(aside))
    assert standing.load(old.node.place) == Standing(Role.COMMITTING, 2)
    assert marks.ended(old.node.place) == ("order-1", "")


def test_nothing_of_the_work_stays(old: Old) -> None:
    before = {each.name for each in old.node.place.data.iterdir()}
    old.restore()
    left = {each.name for each in old.node.place.data.iterdir()} - before
    assert sorted(each.partition(".aside-")[0] for each in left) == ["artifacts", "restored.json"]


def test_the_repository_in_use_goes_on_until_the_keeper_looks(old: Old) -> None:
    old.prepare()
    put(old.node, "meanwhile")
    assert names(old.node) == ["later/", "meanwhile/", "webapps/"]


@pytest.mark.parametrize("command", ["update", "commit"])
def test_a_working_copy_of_revisions_that_are_no_more_is_refused(old: Old, command: str) -> None:
    svn(COMMIT, "update", str(old.work))
    (old.work / "webapps/käse.war").write_bytes(b"another one")
    old.restore()
    more = ["--message", "x"] if command == "commit" else []
    with pytest.raises(Failure, match="UUID"):
        svn(COMMIT, command, *more, str(old.work))


def test_a_mirror_begins_anew_and_has_the_restored_repository(old: Old, tmp_path: Path) -> None:
    with node_in(tmp_path / "copy") as copy:
        mirror.bring(copy.place, old.node.source)
        old.restore()
        mirror.bring(copy.place, old.node.source)
        copy.start()
        assert names(copy) == ["webapps/"]
        assert repository.uuid(copy.place.repository, "") == repository.uuid(old.node.place.repository, "")
        assert len(list(copy.place.data.glob("artifacts.aside-*"))) == 1


def test_a_restore_can_be_repeated(old: Old) -> None:
    for _ in range(2):
        old.restore()
    assert names(old.node) == ["webapps/"]
    assert standing.load(old.node.place).term == 3


def test_an_empty_repository_that_was_begun_on_a_new_volume_becomes_that_of_the_backup(
    old: Old, tmp_path: Path
) -> None:
    with node_in(tmp_path / "new") as node:
        other = Old(node, old.dump, old.work)
        assert other.keeper().look() is Step.MAKE
        other.restore()
        assert names(node) == ["webapps/"]


# the power fails


ENDS = {
    "before the server stops": (Node, "stop"),
    "before the old one is put aside": (repository, "put_aside"),
    "before the new one is in its place": (restoring, "sync_folder"),
    "before the folders are looked at": (restoring, "ready"),
    "before the standing": (standing, "keep"),
    "before hooks and rights": (roles, "enforce"),
    "before the order is ended": (marks, "note"),
    "before the mark goes": (marks, "sync_folder"),
}


def fails(_: object, *__: object) -> None:
    raise Power


@pytest.mark.parametrize("after", [False, True], ids=["", "just after"])
@pytest.mark.parametrize("end", ENDS)
def test_a_node_that_loses_its_power_at_any_moment_goes_on_with_the_backups_repository(
    old: Old, monkeypatch: pytest.MonkeyPatch, end: str, *, after: bool
) -> None:
    old.prepare()
    module, name = ENDS[end]
    whole = getattr(module, name)

    def ends(*arguments: object) -> None:
        if after:
            whole(*arguments)
        raise Power

    with monkeypatch.context() as patch:
        patch.setattr(module, name, ends)
        with pytest.raises(Power):
            restoring.finish(old.node.place, old.node)
    old.node.stop()
    assert old.keeper().look() is Step.NOTHING
    assert names(old.node) == ["webapps/"]
    assert standing.load(old.node.place) == Standing(Role.COMMITTING, 2)
    assert len(list(old.node.place.data.glob("artifacts.aside-*"))) == 1
    assert marks.marked(old.node.place) is None
    put(old.node, "new")


def aside_and_gone(old: Old, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose power when the old repository is put aside, and the new one is not in its place yet."""
    whole = repository.put_aside

    def ends(place: place.Place) -> None:
        whole(place)
        raise Power

    with monkeypatch.context() as patch:
        patch.setattr(repository, "put_aside", ends)
        with pytest.raises(Power):
            restoring.finish(old.node.place, old.node)
    assert not repository.there(old.node.place)


def test_without_the_mark_an_empty_repository_would_be_begun_there(old: Old, monkeypatch: pytest.MonkeyPatch) -> None:
    old.prepare()
    aside_and_gone(old, monkeypatch)
    marks.mark(old.node.place).unlink()
    assert old.keeper().look() is Step.MAKE


def test_a_prepared_repository_that_is_gone_makes_no_empty_one(old: Old, monkeypatch: pytest.MonkeyPatch) -> None:
    old.prepare()
    aside_and_gone(old, monkeypatch)
    shutil.rmtree(restoring.beside(old.node.place))
    keeper = old.keeper()
    for _ in range(2):
        with pytest.raises(Failure, match=r"move one to .*artifacts, such as the newest artifacts\.aside-\*"):
            keeper.look()
    assert not repository.there(old.node.place)


def test_a_mark_that_cannot_be_read_makes_no_empty_repository(old: Old, monkeypatch: pytest.MonkeyPatch) -> None:
    old.prepare()
    aside_and_gone(old, monkeypatch)
    marks.mark(old.node.place).write_text("{")
    with pytest.raises(Failure, match="cannot be read"):
        old.keeper().look()
    assert not repository.there(old.node.place)


def test_a_living_keeper_goes_on_after_a_fault_in_the_middle(old: Old, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = old.keeper()
    keeper.look()
    old.prepare()

    def full(*_: object) -> None:
        raise OSError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(restoring, "sync_folder", full)
        with pytest.raises(OSError, match="no room"):
            keeper.look()
    assert keeper.look() is Step.NOTHING
    assert names(old.node) == ["webapps/"]


def test_what_a_process_left_that_ended_before_the_mark_is_dropped(old: Old, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(marks, "put", fails)
        with pytest.raises(Power):
            old.prepare()
    assert restoring.beside(old.node.place).exists()
    assert old.keeper().look() is Step.NOTHING
    assert not restoring.beside(old.node.place).exists()
    assert names(old.node) == ["later/", "webapps/"]


# what changes nothing


def cut(whole: bytes) -> bytes:
    """Return a dump that ends in its midst."""
    return gzip.compress(gzip.decompress(whole)[:-5000])


def flipped(whole: bytes) -> bytes:
    """Return a dump one byte of whose last file is another."""
    plain = bytearray(gzip.decompress(whole))
    plain[-5000] ^= 1
    return gzip.compress(bytes(plain))


def nothing_changed(old: Old) -> None:
    assert old.keeper().look() is Step.NOTHING
    assert names(old.node) == ["later/", "webapps/"]
    assert standing.load(old.node.place).term == 1
    assert {each.name for each in old.node.place.data.iterdir()} <= {"artifacts", "standing.json", "restored.json"}


@pytest.mark.parametrize("spoil", [cut, flipped, lambda whole: whole[:-5000], lambda _: b"", lambda _: b"no gzip"])
def test_a_dump_that_is_not_whole_changes_nothing(old: Old, spoil: Callable[[bytes], bytes]) -> None:
    old.dump.write_bytes(spoil(old.dump.read_bytes()))
    with pytest.raises(Failure, match=r"the dump .* cannot be used"):
        old.prepare()
    nothing_changed(old)


def test_a_backup_of_another_hash_changes_nothing(old: Old) -> None:
    with pytest.raises(Failure, match="another hash"):
        restoring.prepare(old.node.place, old.fetch, "f" * 64, "order-1")
    nothing_changed(old)


def test_a_volume_without_room_changes_nothing(old: Old, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restoring, "ROOM", 1 << 50)
    with pytest.raises(Failure, match=r"has not .* MiB free"):
        old.prepare()
    nothing_changed(old)


def test_nothing_is_restored_into_a_mirror(old: Old, tmp_path: Path) -> None:
    with node_in(tmp_path / "copy") as copy:
        mirror.bring(copy.place, old.node.source)
        with pytest.raises(Failure, match="is a mirror"):
            restoring.prepare(copy.place, old.fetch, sha256_of(old.dump), "order-1")
        assert copy.youngest() == 3


def test_a_node_that_gave_way_meanwhile_restores_nothing(old: Old) -> None:
    old.prepare()
    roles.demote(old.node.place)
    assert not restoring.finish(old.node.place, old.node)
    assert old.node.youngest() == 3
    assert marks.ended(old.node.place)[1].startswith("this node has given way")
    assert not restoring.beside(old.node.place).exists()


def test_a_second_order_waits_for_the_end_of_the_first(old: Old) -> None:
    old.prepare()
    with pytest.raises(Failure, match="another restore is about to end"):
        old.prepare("order-2")
    assert marks.marked(old.node.place) == marks.Mark("order-1", 2)

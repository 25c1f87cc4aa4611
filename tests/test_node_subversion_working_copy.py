"""The product's working copy, which would go on with the repository that it was checked out of."""

from pathlib import Path

from musternode.subversion.working_copy import bind
from tests.subversion_support import CHECKOUT, COMMIT, committing, needs_svn, put, svn

ONE, OTHER = "svn://10.0.1.11:3690/artifacts 1", "svn://10.0.1.12:3690/artifacts 1"


def copy_in(folder: Path) -> Path:
    """Return a folder like a working copy of an old client, with a file of its own."""
    for each in (folder, folder / "webapps"):
        (each / ".svn").mkdir(parents=True)
    (folder / "webapps/own.war").write_bytes(b"own")
    return folder


def test_one_of_another_repository_is_plain_files_again_and_loses_none(tmp_path: Path) -> None:
    folder, mark = copy_in(tmp_path / "server"), tmp_path / "mark"
    assert bind(folder, mark, ONE)
    assert [each.name for each in folder.rglob("*")] == ["webapps", "own.war"]
    copy_in(tmp_path / "again").rename(tmp_path / "server/inner")
    assert bind(folder, mark, OTHER)
    assert list(folder.rglob(".svn")) == []


def test_one_of_the_same_repository_stays(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    assert not bind(tmp_path / "server", mark, ONE)
    folder = copy_in(tmp_path / "server")
    assert not bind(folder, mark, ONE)
    assert len(list(folder.rglob(".svn"))) == 2


def test_without_a_folder_there_is_nothing_to_do(tmp_path: Path) -> None:
    assert not bind(tmp_path / "none", tmp_path / "mark", ONE)


@needs_svn
def test_a_working_copy_asks_its_own_repository_until_it_is_bound_to_another(tmp_path: Path) -> None:
    folder, mark = tmp_path / "server", tmp_path / "mark"
    with committing(tmp_path / "a") as one, committing(tmp_path / "b") as other:
        bind(folder, mark, one.url)
        svn(CHECKOUT, "checkout", one.url, str(folder))
        put(other, "there", COMMIT)
        svn(CHECKOUT, "update", str(folder))
        assert not (folder / "there").exists()
        assert bind(folder, mark, other.url)
        svn(CHECKOUT, "checkout", "--force", other.url, str(folder))
        assert (folder / "there").is_dir()

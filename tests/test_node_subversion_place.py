"""The folders of a repository, and whose they are on an instance that knows its user by another number."""

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from musternode.subversion import conf
from musternode.subversion.keeping import Keeper
from musternode.subversion.place import Place, give_all, ready
from musternode.subversion.words import Role, Step
from tests.subversion_support import ACCOUNTS, needs_svn

ONE, OTHER = "games", "news"
"""Users that each system has, for the same user before and after its number became another one."""
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root gives files to another user")


class Services:
    """A service manager that runs nothing."""

    def start(self, _: str) -> None:
        """Do nothing."""

    def stop(self, _: str) -> None:
        """Do nothing."""

    def running(self, _: str) -> bool:
        """Say that it does not run."""
        return False


@pytest.fixture
def folder() -> Iterator[Path]:
    """Yield a folder that every user of this machine gets into."""
    made = Path(tempfile.mkdtemp(dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def keeper(folder: Path, owner: str) -> Keeper:
    """Return the keeper of an instance on which the repository's user is `owner`."""
    place = Place(folder / "data", folder / f"etc-{owner}", folder / f"refuse-{owner}", owner)
    ready(place)
    conf.admit(place, ACCOUNTS)
    return Keeper("a", place, Services(), lambda: Role.COMMITTING, None)


@needs_root
@needs_svn
def test_on_an_instance_that_knows_the_user_by_another_number_the_repository_goes_on(folder: Path) -> None:
    before, after = keeper(folder, ONE), None
    assert before.look() is Step.MAKE
    before.look()
    after = keeper(folder, OTHER)
    assert after.look() is Step.NOTHING
    assert after.word == before.word
    made = folder / "data/artifacts"
    owners = {each.lstat().st_uid for each in (made, *made.rglob("*"))}
    assert owners == {pwd.getpwnam(OTHER).pw_uid}


@needs_root
def test_what_a_link_leads_to_keeps_its_owner(folder: Path) -> None:
    outside, made = folder / "outside", folder / "artifacts"
    outside.write_text("x")
    made.mkdir()
    os.chown(made, pwd.getpwnam(ONE).pw_uid, -1)
    (made / "link").symlink_to(outside)
    give_all(made, OTHER)
    assert (outside.stat().st_uid, (made / "link").lstat().st_uid) == (0, pwd.getpwnam(OTHER).pw_uid)


def test_the_folder_itself_is_given_last_so_that_a_broken_one_is_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Path] = []
    monkeypatch.setattr(os, "chown", lambda path, *_, **__: given.append(Path(path)))
    (tmp_path / "artifacts/db").mkdir(parents=True)
    (tmp_path / "artifacts/db/current").write_text("0")
    other = next(one.pw_name for one in pwd.getpwall() if one.pw_uid != os.getuid())
    give_all(tmp_path / "artifacts", other)
    assert [each.name for each in given] == ["current", "db", "artifacts"]
    given.clear()
    give_all(tmp_path / "artifacts", pwd.getpwuid(os.getuid()).pw_name)
    assert given == []

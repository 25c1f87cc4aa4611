"""The made repository behind real svnserve: who may do what, what a password's change and a loss of power leave."""

import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from musternode.aws import Credentials
from musternode.failure import Failure
from musternode.subversion import accounts, client, conf, repository
from musternode.subversion.connection import Connection
from musternode.waiting import poll
from tests.subversion_support import (
    CHECKOUT,
    COMMIT,
    HERE,
    NOBODY,
    Node,
    committing,
    local,
    names,
    needs_svn,
    node_in,
    put,
    svn,
)

pytestmark = needs_svn
SECOND = Credentials("commit_2", "another one")


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    """Return a committing node whose server runs."""
    with committing(tmp_path) as made:
        yield made


def test_the_commit_account_commits_and_the_other_one_checks_out(node: Node, tmp_path: Path) -> None:
    put(node, "webapps")
    svn(CHECKOUT, "checkout", node.url, str(tmp_path / "copy"))
    assert (tmp_path / "copy/webapps").is_dir()
    assert "<author>commit</author>" in node.log()


def test_the_checkout_account_cannot_commit(node: Node, tmp_path: Path) -> None:
    put(node, "webapps")
    svn(CHECKOUT, "checkout", node.url, str(tmp_path / "copy"))
    (tmp_path / "copy/webapps/own.war").write_bytes(b"a worker's")
    local("add", str(tmp_path / "copy/webapps/own.war"))
    with pytest.raises(Failure, match=r"E170001: Authorization failed|E220004: Access denied"):
        svn(CHECKOUT, "commit", "--message", "no", str(tmp_path / "copy"))
    assert node.youngest() == 1


@pytest.mark.parametrize(
    "user", [NOBODY, Credentials("commit", "wrong"), Credentials("checkout", "wrong"), Credentials("muster-mirror", "")]
)
def test_nobody_else_reads_anything(node: Node, user: Credentials) -> None:
    with pytest.raises(Failure, match="E170001"):
        names(node, user)


def test_without_an_account_nothing_is_read(node: Node) -> None:
    done = subprocess.run(["svn", "list", "--non-interactive", node.url], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "E170001" in done.stderr


def test_no_other_way_in_is_offered_than_by_a_password_that_does_not_cross_the_network(node: Node) -> None:
    connection = Connection(HERE, node.port, 20)
    assert connection.greet()[0] == ["CRAM-MD5"]
    connection.close()


@pytest.mark.parametrize("password", ["p#w;d", "a = b : c", "[x]", "'\"<&>\\$`", "%s%%", "x" * 128, "#", "a  b"])
def test_a_password_of_any_allowed_characters_gets_in(node: Node, password: str) -> None:
    user = Credentials("commit", password)
    conf.admit(node.place, accounts.wanted(user, CHECKOUT))
    put(node, "x", user)
    assert client.look(HERE, node.port, user).youngest == 1


def test_a_changed_password_is_in_force_at_once_and_the_former_one_is_not(node: Node) -> None:
    fresh = Credentials("commit", "fresh")
    assert conf.admit(node.place, accounts.wanted(fresh, CHECKOUT))
    assert not conf.admit(node.place, accounts.wanted(fresh, CHECKOUT))
    put(node, "a", fresh)
    with pytest.raises(Failure, match="E170001"):
        put(node, "b")


def test_during_a_change_to_another_user_nobody_is_refused_and_the_former_one_is_once_it_is_retired(node: Node) -> None:
    refused, going, done = list[str](), threading.Event(), dict.fromkeys((COMMIT, SECOND), 0)

    def commits(user: Credentials) -> None:
        while not going.is_set():
            try:
                put(node, f"{user.username}-{done[user]}", user)
                done[user] += 1
            except Failure as fault:
                if "E160028" not in str(fault) and "E160024" not in str(fault):  # out of date: two at once
                    refused.append(str(fault))

    threads = [threading.Thread(target=commits, args=(COMMIT,))]
    threads[0].start()
    assert poll(lambda: done[COMMIT] > 3, within=30, every=0.01)
    for turn in range(20):  # whatever moment a connection meets the files in, its user has password and rights
        conf.admit(node.place, accounts.wanted(SECOND if turn % 2 == 0 else COMMIT, CHECKOUT))
    conf.admit(node.place, accounts.wanted(SECOND, CHECKOUT))
    threads.append(threading.Thread(target=commits, args=(SECOND,)))
    threads[1].start()
    assert poll(lambda: done[SECOND] > 3, within=30, every=0.01)
    going.set()
    for thread in threads:
        thread.join()
    assert refused == []
    assert conf.retire(node.place)
    with pytest.raises(Failure, match="E170001"):
        names(node, COMMIT)
    assert names(node, SECOND) == names(node)


def test_one_that_has_got_in_goes_on_while_its_password_changes(node: Node) -> None:
    connection = Connection(HERE, node.port, 20)
    connection.enter(COMMIT)
    conf.admit(node.place, accounts.wanted(Credentials("commit", "fresh"), CHECKOUT))
    assert connection.asked("get-latest-rev") == [0]
    connection.close()
    with pytest.raises(Failure, match="Password incorrect"):
        client.look(HERE, node.port, COMMIT)


def big_commit(node: Node, folder: Path) -> "subprocess.Popen[bytes]":
    """Begin a commit of a file that takes a while, and return its client once the server is in the midst of it."""
    svn(COMMIT, "checkout", node.url, str(folder))
    (folder / "big").write_bytes(os.urandom(48 << 20))
    local("add", str(folder / "big"))
    argv = ["svn", "commit", "--message", "big", "--no-auth-cache", "--non-interactive", "--username", "commit"]
    pipe = subprocess.PIPE
    begun = subprocess.Popen([*argv, "--password-from-stdin", str(folder)], stdin=pipe, stdout=pipe, stderr=pipe)
    assert begun.stdin is not None
    begun.stdin.write(COMMIT.password.encode())
    begun.stdin.close()
    unfinished = node.place.repository / "db/txn-protorevs"
    assert poll(lambda: any(each.stat().st_size > 1 << 20 for each in unfinished.glob("*.rev")), within=30, every=0.005)
    return begun


def test_a_loss_of_power_in_the_midst_of_a_commit_leaves_a_whole_repository(node: Node, tmp_path: Path) -> None:
    put(node, "before")
    begun = big_commit(node, tmp_path / "copy")
    node.stop()
    assert begun.wait(30) != 0
    repository.verify(node.place.repository, "")
    assert node.youngest() == 1
    assert repository.sweep(node.place) == 1
    assert repository.sweep(node.place) == 0
    node.start()
    put(node, "after")
    assert names(node) == ["after/", "before/"]


def test_the_same_commit_arrives_where_the_power_stays(node: Node, tmp_path: Path) -> None:
    """The control: what is broken off above is a commit that would have been made."""
    put(node, "before")
    begun = big_commit(node, tmp_path / "copy")
    assert begun.wait(60) == 0
    assert names(node) == ["before/", "big"]


def test_a_repository_that_is_not_whole_is_found_out(node: Node) -> None:
    """The control of what is verified above."""
    put(node, "before")
    revision = node.place.repository / "db/revs/0/1"
    revision.chmod(0o600)
    revision.write_bytes(revision.read_bytes()[:-20])
    with pytest.raises(Failure, match="svnadmin verify"):
        repository.verify(node.place.repository, "")


def test_everything_is_for_the_owner_alone(node: Node) -> None:
    put(node, "x")
    place = node.place
    secrets = [place.etc / "passwd", place.etc / "authz", place.etc / "accounts.json", place.conf]
    assert {file.stat().st_mode & 0o777 for file in secrets} == {0o600}
    assert {folder.stat().st_mode & 0o777 for folder in (place.data, place.cache)} == {0o700}


def test_nothing_in_a_repository_that_was_made_is_for_others(tmp_path: Path) -> None:
    with node_in(tmp_path) as node:
        repository.make(node.place, folders=["-1234"])
        assert {each.stat().st_mode & 0o077 for each in node.place.repository.rglob("*")} == {0}


def test_the_first_folders_are_there_from_the_beginning(tmp_path: Path) -> None:
    with node_in(tmp_path) as node:
        repository.make(node.place, folders=["-1234"])
        node.start()
        assert names(node) == ["-1234/"]


def test_a_repository_is_made_once(node: Node) -> None:
    put(node, "x")
    before = repository.uuid(node.place.repository, "")
    repository.make(node.place, folders=["y"])
    assert (repository.uuid(node.place.repository, ""), names(node)) == (before, ["x/"])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")
def test_all_files_of_the_repository_are_the_servers_users_though_root_makes_it() -> None:
    import pwd
    import shutil
    import tempfile

    from musternode.subversion.place import Place, ready

    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        folder.chmod(0o755)
        place = Place(folder / "data", folder / "etc", folder / "opt/refuse", "games")
        ready(place)
        repository.make(place, folders=["-1234"])
        conf.admit(place, accounts.wanted(COMMIT, CHECKOUT))
        repository.verify(place.repository, place.owner)
        theirs = [*place.data.rglob("*"), place.etc / "passwd", place.conf]
        assert {each.lstat().st_uid for each in theirs} == {pwd.getpwnam("games").pw_uid}
    finally:
        shutil.rmtree(folder)

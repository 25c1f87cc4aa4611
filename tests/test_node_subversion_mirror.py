"""The second management node's repository, by real svnsync: it follows, refuses writes, and takes over."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from musternode.aws import Credentials
from musternode.failure import Failure
from musternode.subversion import accounts, conf, hooks, mirror, repository, roles, standing, svnsync
from musternode.subversion.standing import Standing
from musternode.subversion.words import Role
from musternode.waiting import poll
from tests.subversion_support import (
    ACCOUNTS,
    CHECKOUT,
    COMMIT,
    HERE,
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


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Node]:
    """Return a committing node with three revisions."""
    with committing(tmp_path / "source") as made:
        for name in ("a", "b", "c"):
            put(made, name)
        yield made


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Node]:
    """Return a node that has no repository yet."""
    with node_in(tmp_path / "copy") as made:
        yield made


@pytest.fixture
def mirrored(source: Node, copy: Node) -> Node:
    """Return a mirror of all revisions, which is served."""
    mirror.bring(copy.place, source.source)
    copy.start()
    return copy


def same(one: Node, other: Node) -> bool:
    """Return whether both repositories have identity, revisions, authors, dates and contents in common."""
    alike = [(repository.uuid(each.place.repository, ""), each.log(), contents(each)) for each in (one, other)]
    return alike[0] == alike[1]


def contents(node: Node) -> bytes:
    """Return all revisions; svnsync's marks are no content."""
    argv = ["svnadmin", "dump", "--quiet", "--revision", "1:HEAD", str(node.place.repository)]
    return subprocess.run(argv, capture_output=True, check=True).stdout


def test_a_mirror_is_equal_and_follows(source: Node, copy: Node) -> None:
    seen = mirror.bring(copy.place, source.source)
    assert (seen.youngest, copy.youngest()) == (3, 3)
    assert same(source, copy)
    put(source, "d")
    assert not same(source, copy)
    mirror.bring(copy.place, source.source)
    assert same(source, copy)


def test_files_of_any_name_and_content_are_mirrored(source: Node, copy: Node, tmp_path: Path) -> None:
    work = tmp_path / "work"
    svn(COMMIT, "checkout", source.url, str(work))
    (work / "a" / "käse & brot.war").write_bytes(os.urandom(300_000))
    local("add", str(work / "a" / "käse & brot.war"))
    svn(COMMIT, "commit", "--message", "Käse", str(work))
    mirror.bring(copy.place, source.source)
    assert same(source, copy)


def test_a_mirror_takes_no_writes_but_is_read(mirrored: Node) -> None:
    with pytest.raises(Failure, match="E170001: Authorization failed"):
        put(mirrored, "own")
    assert names(mirrored) == ["a/", "b/", "c/"]
    assert mirrored.youngest() == 3


def let_write(node: Node) -> None:
    """Let a mirror's connections write as those of before do, which began while it was none."""
    (node.place.etc / "authz").write_text(accounts.authz(ACCOUNTS))


def test_its_hooks_refuse_writes_that_svnserve_lets_through(mirrored: Node) -> None:
    """A connection of before has the right to write: only the hooks are between it and the repository."""
    let_write(mirrored)
    with pytest.raises(Failure, match="this repository is a mirror: commit into that of the committing"):
        put(mirrored, "own")
    with pytest.raises(Failure, match="this repository is a mirror"):
        svn(COMMIT, "propset", "svn:log", "x", "--revprop", "--revision", "1", mirrored.url)


def test_without_hooks_such_a_write_gets_in(mirrored: Node) -> None:
    """The control: nothing but the hooks holds it off."""
    let_write(mirrored)
    hooks.permit(mirrored.place)
    put(mirrored, "own")
    assert mirrored.youngest() == 4


def test_a_hook_whose_program_is_gone_refuses_as_well(mirrored: Node) -> None:
    """The data volume on a new instance, whose root volume has no such program yet."""
    let_write(mirrored)
    mirrored.place.program.unlink()
    with pytest.raises(Failure, match="broken symlink"):
        put(mirrored, "own")


def test_no_account_of_the_network_can_be_the_mirroring_itself() -> None:
    with pytest.raises(Failure, match="cannot be used"):
        accounts.wanted(Credentials("Muster-Mirror", "x"), CHECKOUT)


def test_a_commit_that_began_before_the_step_down_does_not_end_after_it(source: Node, tmp_path: Path) -> None:
    begun = slow_commit(source, tmp_path / "work")
    roles.demote(source.place)
    _, said = begun.communicate(timeout=60)
    assert b"this repository is a mirror" in said
    assert source.youngest() == 3


def slow_commit(node: Node, folder: Path) -> "subprocess.Popen[bytes]":
    """Begin a commit that takes a while, and return its client once it has passed the beginning."""
    svn(COMMIT, "checkout", node.url, str(folder))
    (folder / "big").write_bytes(os.urandom(48 << 20))
    local("add", str(folder / "big"))
    argv = ["svn", "commit", "--message", "x", "--no-auth-cache", "--non-interactive", "--username", COMMIT.username]
    pipe = subprocess.PIPE
    begun = subprocess.Popen([*argv, "--password-from-stdin", str(folder)], stdin=pipe, stdout=pipe, stderr=pipe)
    assert begun.stdin is not None
    begun.stdin.write(COMMIT.password.encode())
    begun.stdin.close()
    begun.stdin = None
    assert poll(lambda: is_writing(node, 1 << 20), within=30, every=0.005)
    return begun


def is_writing(node: Node, size: int) -> bool:
    """Tell whether a revision of the node is being written that has `size` bytes already."""
    for each in (node.place.repository / "db/txn-protorevs").glob("*.rev"):
        with suppress(FileNotFoundError):  # a revision that became whole meanwhile
            if each.stat().st_size > size:
                return True
    return False


def test_a_promoted_mirror_takes_commits_and_working_copies_go_on_with_it(
    source: Node, mirrored: Node, tmp_path: Path
) -> None:
    svn(CHECKOUT, "checkout", source.url, str(tmp_path / "work"))
    source.stop()
    roles.promote(mirrored.place, 2)
    put(mirrored, "d")
    assert names(mirrored) == ["a/", "b/", "c/", "d/"]
    svn(CHECKOUT, "relocate", source.url, mirrored.url, str(tmp_path / "work"))
    svn(CHECKOUT, "update", str(tmp_path / "work"))
    assert (tmp_path / "work/d").is_dir()


def test_the_former_one_follows_the_promoted_one_without_beginning_anew(source: Node, mirrored: Node) -> None:
    roles.demote(source.place)
    roles.promote(mirrored.place, 2)
    put(mirrored, "d")
    mirror.bring(source.place, mirrored.source)
    assert same(source, mirrored)
    assert list(source.place.data.glob("*.aside-*")) == []
    with pytest.raises(Failure, match="E170001"):
        put(source, "e")


def test_there_and_back_again(source: Node, mirrored: Node) -> None:
    roles.demote(source.place)
    roles.promote(mirrored.place, 2)
    put(mirrored, "d")
    mirror.bring(source.place, mirrored.source)
    roles.demote(mirrored.place)
    roles.promote(source.place, 3)
    put(source, "e")
    mirror.bring(mirrored.place, source.source)
    assert same(source, mirrored)
    assert names(mirrored) == ["a/", "b/", "c/", "d/", "e/"]


def test_a_history_that_went_another_way_is_put_aside_and_the_mirror_begun_anew(source: Node, mirrored: Node) -> None:
    roles.promote(mirrored.place, 2)
    put(mirrored, "d")
    put(source, "only-here")  # it was cut off, and took a commit that nobody has
    roles.demote(source.place)
    mirror.bring(source.place, mirrored.source)
    assert same(source, mirrored)
    (aside,) = source.place.data.glob("artifacts.aside-*")
    assert "only-here/" in local("list", repository.uri(aside))


def test_one_with_more_revisions_than_the_source_begins_anew(source: Node, mirrored: Node) -> None:
    roles.promote(mirrored.place, 2)
    for name in ("d", "e"):
        put(mirrored, name)
    roles.demote(mirrored.place)
    mirror.bring(mirrored.place, source.source)
    assert same(source, mirrored)


def test_no_more_than_two_are_kept_aside(source: Node, copy: Node) -> None:
    for number in range(4):
        repository.put_aside(copy.place)
        roles.promote(copy.place, 1) if repository.there(copy.place) else repository.make(copy.place)
        local("mkdir", "--message", "x", repository.uri(copy.place.repository, f"x{number}"))
        roles.take(copy.place, Standing(Role.PASSIVE, 1))
        hooks.permit(copy.place)
    mirror.bring(copy.place, source.source)
    assert len(list(copy.place.data.glob("artifacts.aside-*"))) == 2


def test_what_commits_is_never_mirrored_into(source: Node, mirrored: Node) -> None:
    roles.promote(mirrored.place, 2)
    with pytest.raises(Failure, match="takes commits"):
        mirror.bring(mirrored.place, source.source)


def test_a_mirroring_that_was_killed_goes_on(source: Node, copy: Node, tmp_path: Path) -> None:
    """It leaves its lock, and a revision that is not whole yet."""
    begun = slow_commit(source, tmp_path / "work")
    begun.communicate(timeout=60)
    svnsync.remember(copy.place, source.source)
    repository.make(copy.place, uuid=repository.uuid(source.place.repository, ""))
    roles.enforce(copy.place)
    common = ["--quiet", "--non-interactive", "--config-dir", str(copy.place.cache)]
    common += ["--source-username", "checkout", "--sync-username", accounts.MIRROR]
    there = repository.uri(copy.place.repository)
    subprocess.run(["svnsync", "initialize", *common, there, source.url], check=True)
    killed = subprocess.Popen(["svnsync", "synchronize", *common, there, source.url])
    assert poll(lambda: is_writing(copy, 1 << 18), within=30, every=0.002)
    killed.kill()
    killed.wait()
    left = local("proplist", "--revprop", "--revision", "0", there)
    assert "svn:sync-lock" in left
    assert copy.youngest() == 3
    mirror.bring(copy.place, source.source)
    assert same(source, copy)


@pytest.mark.parametrize("fault", ["gone", "password"])
def test_a_source_that_cannot_be_read_is_one_sentence_and_changes_nothing(
    source: Node, mirrored: Node, fault: str
) -> None:
    if fault == "gone":
        source.stop()
    else:
        conf.admit(source.place, accounts.wanted(COMMIT, Credentials("checkout", "fresh")))
    with pytest.raises(Failure, match=rf"the repository svn://{HERE}:{source.port}/artifacts does not answer: "):
        mirror.bring(mirrored.place, source.source)
    assert names(mirrored) == ["a/", "b/", "c/"]


def test_the_password_for_the_mirroring_is_the_owners_alone_and_in_no_argument(source: Node, copy: Node) -> None:
    mirror.bring(copy.place, source.source)
    holding = [file for file in copy.place.cache.rglob("*") if file.is_file() and CHECKOUT.password in file.read_text()]
    assert [file.stat().st_mode & 0o777 for file in holding] == [0o600]


MOUNTED = """
set -e
mkdir -p "$1"
mount -t tmpfs -o nodev,nosuid,noexec none "$1"
cp -a "$2/." "$1"
exec svn mkdir --message x "file://$1/artifacts/own"
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
def test_hooks_run_on_a_volume_from_which_nothing_is_executed(mirrored: Node, tmp_path: Path) -> None:
    argv = ["unshare", "--mount", "sh", "-c", MOUNTED, "sh", str(tmp_path / "mounted"), str(mirrored.place.data)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert "this repository is a mirror" in done.stderr
    program = mirrored.place.repository / "hooks/start-commit"
    program.unlink()
    program.write_text(hooks.TEXT)  # the control: a hook on the volume itself does not run
    program.chmod(0o755)
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert "this repository is a mirror" not in done.stderr


def test_a_standing_that_cannot_be_read_is_a_mirrors(mirrored: Node) -> None:
    roles.promote(mirrored.place, 2)
    assert standing.load(mirrored.place) == Standing(Role.COMMITTING, 2)
    mirrored.place.standing.write_text("{")
    roles.enforce(mirrored.place)
    with pytest.raises(Failure, match="E170001"):
        put(mirrored, "x")

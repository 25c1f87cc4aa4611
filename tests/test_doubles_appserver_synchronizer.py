"""When the double of WSO2 AS synchronizes at all, and what a first checkout leaves of a folder, as in the product."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rehearsal.poll import poll
from tests.double_appserver_support import Node, World, subversion

NOT_ENGAGED = "A repository synchronizer has not been engaged for the file path: "
UPDATE = f"Deployment synchronization update for tenant -1234 failed: {NOT_ENGAGED}"
COMMIT = f"Deployment synchronization commit for tenant -1234 failed: {NOT_ENGAGED}"

SERVICE = "org.wso2.carbon.deployment.synchronizer.internal.DeploymentSynchronizerServiceImpl"

Maker = Callable[[str], World]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Maker]:
    """Return what makes members of a version and a repository for one test."""
    made: list[World] = []

    def world(version: str) -> World:
        made.append(World(tmp_path / f"world{len(made)}", version=version))
        return made[-1]

    yield world
    for each in made:
        each.end()


def began_without(world: World, group: str) -> Node:
    """Return a node that began while the repository did not answer, as it does now; a worker's has an artifact."""
    if group == "worker":
        world.repository.put("-1234/webapps/shop.war", "shop")
    world.repository.stop()
    node = world.node(group)
    node.put("webapps/own.txt", "own")
    node.put("carbonapps/own.car", "own")
    node.member.start()
    node.member.wait_until_started()
    assert f"Error while attempting to create the directory: {world.repository.url}/-1234" in node.member.log
    assert "Error while initializing a deployment synchronizer for the super tenant" in node.member.log
    assert (node.says("/own/"), engaged(node)) == ("own", False)
    world.repository.serve()
    return node


def engaged(node: Node) -> bool:
    """Return whether its synchronizer is engaged."""
    return bool(node.member.json("/double")["synchronizer"]["engaged"])


def says_again(node: Node, words: str, times: int = 3) -> None:
    """Wait until its log has `words` some times more."""
    before = node.member.log.count(words)
    poll(lambda: node.member.log.count(words) >= before + times, within=30)


def committed(world: World, path: str) -> None:
    """Wait until the repository has the file."""
    poll(lambda: path in world.repository.files(), within=40)


@pytest.mark.full
@subversion
def test_the_older_worker_that_began_without_its_repository_has_nothing_until_it_begins_anew(make: Maker) -> None:
    worker = began_without(make("5.2.0"), "worker")
    says_again(worker, UPDATE)
    assert (worker.says("/shop/"), worker.says("/own/"), engaged(worker)) == (None, "own", False)
    worker.member.kill()
    worker.member.start()
    worker.serves("/shop/", "shop")
    assert engaged(worker)


@pytest.mark.full
@subversion
def test_the_older_management_that_began_without_its_repository_never_commits(make: Maker) -> None:
    world = make("5.2.0")
    mgt = began_without(world, "mgt")
    says_again(mgt, UPDATE)
    says_again(mgt, COMMIT)
    assert world.repository.files("") == {}


@subversion
def test_the_newer_worker_looks_again_and_has_what_came_meanwhile(make: Maker) -> None:
    worker = began_without(make("5.3.0"), "worker")
    worker.serves("/shop/", "shop")
    assert engaged(worker)
    assert f" WARN {{{SERVICE}}} - {NOT_ENGAGED}{worker.file('')}/" in worker.member.log
    assert UPDATE not in worker.member.log


@subversion
@pytest.mark.full
def test_the_newer_management_that_looked_again_commits_and_tells_nobody(make: Maker) -> None:
    """As in the product, whose first synchronization forgets whether it committed; the next commit is told again."""
    world = make("5.3.0")
    world.repository.put("-1234/note.txt", "of all")
    worker = world.started("worker")
    mgt = began_without(world, "mgt")
    committed(world, "webapps/own.txt")
    assert "Sent [" not in mgt.member.log
    with pytest.raises(TimeoutError):
        worker.serves("/own/", "own", within=4)
    mgt.put("webapps/next.txt", "next")
    worker.serves("/own/", "own")


@subversion
@pytest.mark.full
def test_a_reader_that_comes_before_the_tenants_folder_is_not_engaged(make: Maker) -> None:
    world = make("5.2.0")
    worker = world.started("worker")
    assert f"Error while attempting to create the directory: {world.repository.url}/-1234" in worker.member.log
    world.repository.put("-1234/webapps/shop.war", "shop")
    says_again(worker, UPDATE)
    assert worker.says("/shop/") is None


@pytest.mark.full
@subversion
@pytest.mark.parametrize("version", ["5.2.0", "5.3.0"])
def test_a_worker_whose_repository_goes_away_later_is_engaged_all_the_same(version: str, make: Maker) -> None:
    world = make(version)
    mgt, worker = world.started("mgt"), world.started("worker")
    world.repository.stop()
    mgt.put("webapps/shop.war", "shop")
    mgt.member.wait_for("Deployment synchronization commit for tenant -1234 failed: svn commit: ")
    world.repository.serve()
    worker.serves("/shop/", "shop")
    assert NOT_ENGAGED not in mgt.member.log + worker.member.log


@subversion
@pytest.mark.parametrize("group", ["mgt", "worker"])
def test_a_first_checkout_deletes_what_has_a_name_that_the_repository_has_on_top(group: str, make: Maker) -> None:
    world = make("5.3.0")
    world.repository.put("-1234/webapps/shop.war", "shop")
    world.repository.put("-1234/note.txt", "of all")
    node = world.node(group)
    for path in ("webapps/own.txt", "webapps/inner/own.txt", "webapps/shop.war", "note.txt", "carbonapps/own.car"):
        node.put(path, "own")
    node.member.start()
    node.serves("/shop/", "shop")
    kept = {path: node.file(path).exists() for path in ("webapps/own.txt", "webapps/inner", "carbonapps/own.car")}
    assert kept == {"webapps/own.txt": False, "webapps/inner": False, "carbonapps/own.car": True}
    assert node.file("note.txt").read_text() == "of all"
    assert f"Unversioned directory: {node.file('webapps')} will be deleted" in node.member.log
    assert f"Unversioned file: {node.file('note.txt')} will be deleted" in node.member.log


@pytest.mark.full
@subversion
def test_management_that_forgot_its_working_copy_loses_what_it_had_not_committed(make: Maker) -> None:
    """And commits what lies beside the repository's names. Whoever keeps its working copy loses nothing."""
    world = make("5.3.0")
    mgt = world.started("mgt")
    mgt.put("webapps/shop.war", "shop")
    committed(world, "webapps/shop.war")
    for lost, name in ((False, "kept.war"), (True, "lost.war")):
        mgt.member.kill()
        mgt.put(f"webapps/{name}", "late")
        if lost:
            shutil.rmtree(mgt.file(".svn"))
            mgt.put("own/beside.txt", "beside")
        mgt.member.start()
        committed(world, "own/beside.txt" if lost else f"webapps/{name}")
    assert sorted(world.repository.files()) == ["own/beside.txt", "webapps/kept.war", "webapps/shop.war"]
    assert not mgt.file("webapps/lost.war").exists()

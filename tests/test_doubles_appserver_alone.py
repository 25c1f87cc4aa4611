"""Doubles of WSO2 AS without workers, without a repository, and in other unusual places."""

import json
import os
import shutil
import sqlite3
import subprocess
import time
import urllib.error
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from rehearsal.poll import poll
from tests.double_appserver_support import ACCOUNTS, World, behind, subversion
from tests.double_carbon_support import code_of


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Make members and a repository for one test."""
    made = World(tmp_path / "world")
    try:
        yield made
    finally:
        made.end()


@subversion
def test_without_a_worker_management_says_so_and_keeps_what_is_deployed(world: World) -> None:
    mgt = world.started("mgt")
    with pytest.raises(urllib.error.HTTPError) as refused:
        mgt.deploy("shop.war", "early")
    told = json.loads(refused.value.read())
    assert (refused.value.code, told["deployed"]) == (503, "webapps/shop.war")
    assert "No member of the sub-domain worker is in the cluster yet" in told["error"]
    mgt.member.wait_for("ERROR {org.wso2.carbon.core.deployment.CarbonDeploymentSchedulerTask} - No member of the sub-")
    worker = world.started("worker")
    assert worker.says("/shop/") == "early"
    with mgt.deploy("next.war", "next") as answer:
        assert answer.status == 200


@pytest.mark.full
@subversion
def test_sessions_outlive_a_member_without_a_wait_and_are_with_one_that_comes_later(world: World) -> None:
    """The engine's own maps would wait until it has noticed a member's death, and sessions with them."""
    mgt, worker = world.started("mgt"), world.started("worker")
    users = [CookieJar() for _ in range(20)]
    for jar in users:
        assert [each.member.json("/api/session", jar)["count"] for each in (mgt, worker)] == [1, 2]
    mgt.member.kill()
    began = time.monotonic()
    assert [worker.member.json("/api/session", jar)["count"] for jar in users] == [3] * len(users)
    assert time.monotonic() - began < len(users) * 0.2
    later = world.started("worker")
    assert [later.member.json("/api/session", jar)["count"] for jar in users] == [4] * len(users)


@pytest.mark.full
@subversion
def test_a_worker_outlives_the_repository_and_takes_what_came_meanwhile(world: World) -> None:
    mgt, worker = world.started("mgt"), world.started("worker")
    mgt.put("webapps/shop.war", "first")
    worker.serves("/shop/", "first")
    world.repository.stop()
    mgt.put("webapps/shop.war", "second")
    mgt.member.wait_for("Deployment synchronization commit for tenant -1234 failed: svn commit: ")
    assert worker.says("/shop/") == "first"
    world.repository.serve()
    worker.serves("/shop/", "second")


@subversion
@pytest.mark.full
def test_a_working_copy_that_was_locked_by_a_client_that_was_killed_goes_on(world: World) -> None:
    mgt, worker = world.started("mgt"), world.started("worker")
    mgt.put("webapps/shop.war", "first")
    worker.serves("/shop/", "first")
    worker.member.kill()
    lock(worker.file(""))
    mgt.put("webapps/shop.war", "second")
    worker.member.start()
    worker.serves("/shop/", "second", within=60)


def lock(folder: Path) -> None:
    """Leave a working copy as a client does that was killed."""
    with sqlite3.connect(folder / ".svn/wc.db") as database:
        database.execute("insert into wc_lock (wc_id, local_dir_relpath, locked_levels) values (1, '', -1)")
    database.close()
    assert subprocess.run(("svn", "update", "-q", str(folder)), capture_output=True, check=False).returncode != 0


@subversion
@pytest.mark.full
def test_a_passive_management_node_has_a_console_and_commits_nothing(world: World) -> None:
    active, passive = world.started("mgt"), world.started("mgt", commits=False)
    world.started("worker")
    with passive.deploy("local.war", "local") as answer:
        assert json.loads(answer.read())["commits"] is False
    active.put("webapps/shop.war", "shop")
    passive.serves("/shop/", "shop")
    assert set(world.repository.files()) == {"webapps/shop.war"}
    assert passive.says("/local/") == "local"


@subversion
@pytest.mark.full
def test_a_commit_on_top_of_anothers_is_made_after_an_update(world: World) -> None:
    mgt = world.started("mgt")
    for name in ("changed", "deleted"):
        mgt.put(f"webapps/{name}.war", "first")
    poll(lambda: "webapps/deleted.war" in world.repository.files(), within=30)
    for name in ("changed", "deleted", "foreign"):
        world.repository.put(f"-1234/webapps/{name}.war", "of another")
    mgt.put("webapps/changed.war", "second")
    mgt.file("webapps/deleted.war").unlink()
    mgt.member.wait_for("Working copy is out of date. Forcing a svn update.")
    wanted = {"webapps/changed.war": "second", "webapps/foreign.war": "of another"}
    poll(lambda: world.repository.files() == wanted, within=30)
    assert mgt.says("/foreign/") == "of another"


@subversion
@pytest.mark.full
def test_without_the_tenants_number_the_repository_itself_is_the_folder(tmp_path: Path) -> None:
    world = World(tmp_path / "world", append=False)
    try:
        world.started("mgt").put("webapps/shop.war", "shop")
        poll(lambda: world.repository.files("webapps") == {"shop.war": "shop"}, within=30)
    finally:
        world.end()


@subversion
@pytest.mark.full
def test_the_older_version_does_the_same(tmp_path: Path) -> None:
    world = World(tmp_path / "world", version="5.2.0")
    try:
        mgt, worker = world.started("mgt"), world.started("worker")
        mgt.put("webapps/shop.war", "shop")
        worker.serves("/shop/", "shop")
        assert mgt.member.json("/double")["kernel"] == "4.2.0"
        assert code_of(lambda: worker.member.get("/carbon/", tls=True)) == 404
    finally:
        world.end()


@subversion
def test_no_password_stands_on_a_command_line(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another svn comes first, which notes what it was called with; the real one then does the work."""
    notes = tmp_path / "notes"
    watched = tmp_path / "bin/svn"
    watched.parent.mkdir()
    watched.write_text(f'#!/bin/sh\necho "$@" >>{notes}\nenv >>{notes}\nexec {shutil.which("svn")} "$@"\n')
    watched.chmod(0o755)
    monkeypatch.setenv("PATH", f"{watched.parent}:{os.environ['PATH']}")
    world.started("mgt").put("webapps/shop.war", "shop")
    poll(lambda: "webapps/shop.war" in world.repository.files(), within=30)
    noted = notes.read_text()
    assert "--username committer --password-from-stdin" in noted
    assert ACCOUNTS["committer"] not in noted


@subversion
@pytest.mark.full
def test_the_client_keeps_neither_account_nor_password(world: World) -> None:
    mgt = world.started("mgt")
    mgt.put("webapps/shop.war", "shop")
    poll(lambda: "webapps/shop.war" in world.repository.files(), within=30)
    files = [file for file in mgt.member.home.rglob("*") if file.is_file() and ".svn" not in file.parts]
    assert [file.name for file in files if ACCOUNTS["committer"] in read(file)] == ["carbon.xml"]
    assert [file for file in (mgt.member.home / "tmp/subversion/auth").rglob("*") if file.is_file()] == []


def read(file: Path) -> str:
    """Return what a file has, as text."""
    return file.read_text(errors="replace")


@subversion
def test_a_port_in_front_that_is_not_the_schemes_own_stands_in_redirects(world: World) -> None:
    mgt = world.node("mgt", values={"Enabled": "false"})
    behind(mgt.member.home, 8280, 8243)
    mgt.put("webapps/shop.war", "shop")
    mgt.member.start()
    mgt.member.wait_until_started()
    assert mgt.redirected("/carbon/", "mgt.x.org") == (302, "https://mgt.x.org:8243/carbon/admin/login.jsp")
    assert mgt.redirected("/shop", "as.x.org", tls=False) == (302, "http://as.x.org:8280/shop/")

"""AS400Gateway whole: an existing database begins the pair, is backed up, restored, and gets another password.

One story of one cluster, in this order. What an operator does is done by the commands' own code.
"""

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from musternode import properties
from operations import rotate
from operations.h2 import backups, change
from operations.h2.pair import pair_of
from operations.h2.status import status
from rehearsal.checks import copies
from rehearsal.drive import Rehearsal
from rehearsal.poll import poll
from tests.node_support import h2_jar
from tests.scenario_support import Bench, connect, contents, derived, item, not_valid, story

pytestmark = [pytest.mark.host, pytest.mark.scenario, pytest.mark.full]

OWN = (
    'CREATE TABLE CONFIGURATION("KEY" VARCHAR(200) PRIMARY KEY, "VALUE" VARCHAR(4000)); '
    "INSERT INTO CONFIGURATION VALUES('of before', 'kept'); "
    "CREATE TABLE LOGGED(ID IDENTITY, LINE VARCHAR); INSERT INTO LOGGED(LINE) VALUES('one')"
)
CONFIGURATION = "/admin/configuration"


rehearsal = story()


@pytest.fixture(scope="module")
def bench(rehearsal: Rehearsal, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Deploy a cluster that begins with the file of a product on its own, whose administrator is the guide's."""
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "data").mkdir()
    argv = ["java", "-cp", str(h2_jar()), "org.h2.tools.Shell", "-url", f"jdbc:h2:file:{folder / 'data/connections'}"]
    subprocess.run([*argv, "-user", "sa", "-password", "password", "-sql", OWN], check=True, capture_output=True)
    seed = "database:\n  takeover_interval: 0\n  seed: {file: data/connections.mv.db}\n  backup: {days: 1, hour: 0}\n"
    made = derived(folder, "whole", ("protection: off ", "protection: lifted "), ("balancer:\n", f"{seed}balancer:\n"))
    one = Bench(rehearsal, made, folder)
    run = one.deploy()
    assert run.code == 0, run.failure
    one.wait_until_healthy()
    return one


def entries(bench: Bench, node: str) -> dict[str, str]:
    """Return the configuration as one node serves it."""
    with bench.scene.direct(bench.member(node)) as client:
        found: dict[str, str] = client.request("GET", CONFIGURATION).json()
        return found


def write(bench: Bench, key: str) -> None:
    with bench.scene.visitor() as user:
        assert user.request("PUT", f"{CONFIGURATION}/{key}", b"x").code == 200


def journal(bench: Bench, node: str) -> str:
    member = bench.member(node)
    return bench.scene.run_in(member, ["journalctl", "--unit", "muster-*", "--output", "cat"], within=30)


def whole(bench: Bench, above: int = 0) -> bool:
    """Return whether both nodes are members, by an epoch above the one given, and nothing is ordered."""
    found = item(bench)
    return found.members == set(bench.cluster.present_nodes) and found.epoch > above and found.ordered is None


def test_the_pair_begins_with_the_products_own_file_in_both_copies(bench: Bench) -> None:
    assert {node: entries(bench, node).get("of before") for node in "ab"} == {"a": "kept", "b": "kept"}
    results = bench.checks()
    assert not_valid(results) == {}
    assert any("PUBLIC.LOGGED.ID" in journal(bench, node) for node in "ab")
    assert status(bench.file, connect(bench)) == 0


def test_a_paused_pair_serves_and_says_so_and_goes_on(bench: Bench) -> None:
    assert change.pause(bench.file, paused=True, connect=connect(bench)) == 0
    assert item(bench).paused
    write(bench, "paused")
    assert status(bench.file, connect(bench)) == 1
    assert change.pause(bench.file, paused=False, connect=connect(bench)) == 0
    assert not item(bench).paused


def test_a_backup_is_made_and_restored_and_what_came_after_it_is_gone(bench: Bench) -> None:
    poll(lambda: backups.backups(bench.file, connect(bench)) == 0, within=120, every=1.0)
    write(bench, "later")
    assert "later" in entries(bench, "b")
    before = item(bench).epoch
    ordered = backups.restore(bench.file, None, None, yes=True, ask=lambda _: False, connect=connect(bench))
    assert ordered == 0
    poll(lambda: whole(bench, before + 1), within=180, every=0.5)
    bench.wait_until_healthy()
    for node in "ab":
        assert entries(bench, node).get("of before") == "kept"
        assert "later" not in entries(bench, node)
    assert bench.check(copies.CHECK).verdict == "valid"
    kept = bench.scene.run_in(bench.member("a"), ["sh", "-c", "ls -d /var/lib/muster/h2/.stale-*"], within=10)
    assert ".stale-" in kept


@contextmanager
def users(bench: Bench) -> Iterator[list[str]]:
    """Let a user without a session read through the balancer all the time; yields what was not answered rightly."""
    wrong: list[str] = []
    going = threading.Event()
    going.set()

    def ask() -> None:
        while going.is_set():
            try:
                with bench.scene.visitor() as user:
                    code = user.request("GET", "/api/session").code
                    if code != 200:
                        wrong.append(str(code))
            except OSError as fault:
                wrong.append(str(fault))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield wrong
    finally:
        going.clear()
        thread.join()


def database_user(bench: Bench, node: str) -> str:
    """Return the user in the application's own file."""
    file = "/opt/as400gateway/config/application.properties"
    text = bench.scene.run_in(bench.member(node), ["cat", file], within=10)
    return properties.load(text.encode())["spring.datasource.username"]


def test_a_rotation_reaches_both_applications_and_no_user_notices(bench: Bench) -> None:
    assert {database_user(bench, node) for node in "ab"} == {"as400gateway"}
    with users(bench) as wrong:
        ended = rotate.rotate_file(bench.file, yes=True, wait=True, ask=lambda _: False, connect=connect(bench))
    assert ended == 0
    assert {database_user(bench, node) for node in "ab"} == {"as400gateway_2"}
    assert wrong == []
    write(bench, "after-the-rotation")
    assert {node: "after-the-rotation" in entries(bench, node) for node in "ab"} == {"a": True, "b": True}


def test_an_operator_makes_one_node_the_member_and_the_other_copies_it(bench: Bench) -> None:
    before = item(bench).epoch
    assert change.force(bench.file, "b", yes=True, ask=lambda _: False, connect=connect(bench)) == 0
    poll(lambda: whole(bench, before + 1), within=120, every=0.5)
    bench.wait_until_healthy()
    assert bench.check(copies.CHECK).verdict == "valid"


def test_a_witness_item_that_is_gone_is_adopted_and_the_pair_is_whole_again(bench: Bench) -> None:
    table = pair_of(bench.file, connect(bench)).witness.table
    before = item(bench).epoch
    bench.rehearsal.client("dynamodb").delete_item(TableName=table, Key={"id": {"S": "witness"}})
    assert status(bench.file, connect(bench)) == 1
    assert change.adopt(bench.file, "a", yes=True, ask=lambda _: False, connect=connect(bench)) == 0
    poll(lambda: whole(bench, before + 1), within=120, every=0.5)
    bench.wait_until_healthy()
    assert bench.check(copies.CHECK).verdict == "valid"


def test_nothing_secret_is_in_any_journal_of_a_node(bench: Bench) -> None:
    client = bench.rehearsal.client("secretsmanager")
    held = bench.scene.settings_document["secrets"]
    values = [client.get_secret_value(SecretId=arn)["SecretString"] for arn in held.values()]
    passwords = [json.loads(value)["password"] if value.startswith("{") else value for value in values]
    assert len(passwords) == 3
    for node in "ab":
        text = journal(bench, node)
        assert [word for word in passwords if word in text] == []


def test_destroy_keeps_the_backups_and_leaves_nothing_that_runs(bench: Bench) -> None:
    run = bench.cdk("destroy", "--force")
    assert run.code == 0, run.failure
    left = contents(bench.rehearsal)
    assert not [each for each in left if each.startswith("instance ")]
    buckets: list[str] = [each["Name"] for each in bench.rehearsal.client("s3").list_buckets()["Buckets"]]
    assert any("backup" in name for name in buckets)

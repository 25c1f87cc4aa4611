"""Passwords change under users who notice nothing; the former ones get nobody in, and the new ones are seen nowhere.

That the discovery key of WSO2 Carbon changes so is the story of test_scenario_wso2_key.py.
"""

import json
import secrets as random
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from operations import rotate
from operations.lock import lock_file
from rehearsal.canaries.executions import Watcher
from rehearsal.canaries.search import Search
from rehearsal.canaries.values import canaries
from rehearsal.checks import copies, secrets
from rehearsal.netns import connect_in, socket_in
from rehearsal.network.names import ENDPOINTS
from rehearsal.places import NAMESPACE_PREFIX
from rehearsal.poll import poll
from tests.artifact_support import EXAMPLE as SERVERS
from tests.artifact_support import account, cluster_file, deployed, refused, whole
from tests.canary_support import MISSED
from tests.carbon_support import say
from tests.ivy_support import EXAMPLE as ENGINES
from tests.ivy_support import cluster_file as ivy_file
from tests.ivy_support import prepared
from tests.key_support import configured, found_by, key_in_the_secret
from tests.key_support import rotate as rotate_key
from tests.load_support import under_load
from tests.login_database import LoginDatabase, log_in, serving
from tests.pair_users import readers, users
from tests.scenario_support import EXAMPLE as PAIR
from tests.scenario_support import Bench, connect, for_faults, service

pytestmark = [pytest.mark.host, pytest.mark.scenario, pytest.mark.full]

WRONG_PASSWORD = "28000"
"""H2's code (api/ErrorCode.java, WRONG_USER_OR_PASSWORD)."""
GROUPS = {
    "a": {"zone": "eu-west-1a", "group": "mgt"},
    "b": {"zone": "eu-west-1b", "group": "worker"},
    "c": {"zone": "eu-west-1a", "group": "worker"},
}

ENTER = """
import json, sys
sys.path.insert(0, "/opt/muster/current")
from musternode import host
from musternode.aws import Credentials
from musternode.h2.faults import H2Error
from musternode.h2.session import Session
from musternode.h2.tools import Tools
from musternode.paths import Paths
this, user = host.load(Paths()), json.load(sys.stdin)
try:
    with Session(Tools(this.paths.h2_jar, this.paths.run), this.pair.url, Credentials(**user)):
        print("entered")
except H2Error as fault:
    print(fault)
"""
"""Gets into the database through both gates, as the application does, with the user on standard input."""

User = dict[str, str]


def in_secret(bench: Bench, name: str) -> User:
    """Return the user that a secret of the cluster holds now."""
    arn = bench.scene.settings_document["secrets"][name]
    value = bench.rehearsal.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    found: User = json.loads(value)
    return found


def enters(bench: Bench, node: str, user: User) -> str:
    """Return `entered`, or by what words the database keeps a user out who comes from a node."""
    return bench.scene.run_in(bench.member(node), ["python3", "-c", ENTER], text=json.dumps(user), within=60).strip()


def unseen(bench: Bench, watcher: Watcher) -> None:
    """See that no password, neither of before nor of now, lies anywhere or was in a program's arguments."""
    result = bench.check(secrets.CHECK)
    assert result.verdict == "valid", result.detail
    told = watcher.asked(Search(canaries(bench.scene)))
    say(f"{result.detail}; {told.seen} programs were started, {told.missed} more were not seen")
    assert told.found == ()
    assert told.missed <= MISSED * told.seen


def test_after_two_rotations_a_leaked_password_gets_nobody_in_and_no_user_has_noticed(tmp_path: Path) -> None:
    """The control of the refusal is the same password after one rotation, and the one in force after two."""
    with Watcher() as watcher, service(PAIR) as rehearsal:
        bench = Bench(rehearsal, for_faults(tmp_path, "rotated"), tmp_path)
        run = bench.deploy()
        assert run.code == 0, run.failure
        bench.wait_until_healthy()
        leaked = in_secret(bench, "database_application")
        for _ in range(2):
            assert enters(bench, "a", leaked) == "entered"
            rotated(bench)
        last = in_secret(bench, "database_application")
        assert last["username"] == leaked["username"]
        for node in "ab":
            assert WRONG_PASSWORD in enters(bench, node, leaked)
            assert enters(bench, node, last) == "entered"
        assert bench.check(copies.CHECK).verdict == "valid"
        unseen(bench, watcher)


def rotated(bench: Bench) -> None:
    """Rotate as an operator does, while users work."""
    began = time.monotonic()
    with users(bench) as answers:
        ended = rotate.rotate_file(bench.file, yes=True, wait=True, ask=lambda _: False, connect=connect(bench))
    say(f"rotated in {time.monotonic() - began:.1f} s under {answers.total()} requests: {dict(answers)}")
    assert ended == 0
    assert set(answers) == {"200"}
    assert answers.total() > 100


@contextmanager
def shop(folder: Path) -> Iterator[Bench]:
    """Deploy servers of WSO2 AS; see in the end that none of their secrets was to be found anywhere, at any time."""
    with Watcher() as watcher, service(SERVERS) as rehearsal:
        bench = Bench(rehearsal, cluster_file(folder, "shop", {"nodes": GROUPS}), folder)
        changed(bench, 300)
        yield bench
        unseen(bench, watcher)


def test_other_accounts_of_the_repository_reach_all_by_a_deploy_and_those_of_before_get_nobody_in(
    tmp_path: Path,
) -> None:
    """The control of the refusal are the new accounts, and the former ones before the deploy."""
    with shop(tmp_path) as bench:
        deployed(bench, "first", "1")
        commits, reads = account(bench, "a"), account(bench, "b")
        assert refused(bench, bench.member("a"), *commits) == ""
        with under_load(bench):
            given = {name: another(bench, name) for name in ("commit", "checkout")}
            changed(bench, 301)
        assert account(bench, "a")[1:] == given["commit"]
        assert {account(bench, node)[1:] for node in "bc"} == {given["checkout"]}
        poll(lambda: "uth" in refused(bench, bench.member("b"), *commits), within=60)
        assert reads[1:] != given["checkout"]
        deployed(bench, "second", "2")


def test_another_discovery_key_of_the_servers_reaches_all_under_users_and_the_one_of_before_ends(
    tmp_path: Path,
) -> None:
    """The control of the refusal is the former key before the second deploy, with which all are found."""
    with shop(tmp_path) as bench:
        first, nodes = key_in_the_secret(bench), {*GROUPS}
        with under_load(bench):
            rekeyed(bench)
            second = key_in_the_secret(bench)
            files = [configured(bench, node) for node in nodes]
            assert all(second["access_key_id"] in each and first["access_key_id"] not in each for each in files)
            assert found_by(bench, first) == found_by(bench, second) == nodes
            rekeyed(bench)
        assert key_in_the_secret(bench) == second
        assert found_by(bench, first) == "AuthFailure"
        assert found_by(bench, second) == nodes


def rekeyed(bench: Bench) -> None:
    """Let the next deploy make another key, or end the former one; deploy, and wait until all are one cluster."""
    rotate_key(bench)
    run = bench.deploy()
    assert run.code == 0, run.failure
    whole(bench)


DATABASE = (ENDPOINTS, 5432)
"""Where the engines' database is: outside of their VPC, at the one address there that a rehearsal has."""


def test_another_user_of_the_engines_database_reaches_all_by_a_deploy_and_the_one_of_before_ends_unnoticed(
    tmp_path: Path,
) -> None:
    """The control are users who do notice when the database ends the one that the engines still have."""
    with Watcher() as watcher, service(ENGINES) as rehearsal:
        bench = Bench(rehearsal, prepared(rehearsal, engines_file(tmp_path, 300)), tmp_path)
        run = bench.deploy()
        assert run.code == 0, run.failure
        bench.wait_until_healthy()
        first = in_secret(bench, "database")
        with a_database(bench, first) as database:
            poll(lambda: of_all(bench, database) == {first["username"]}, within=20)
            with readers(bench, "/api/session") as answers:
                user, password = another(bench, "database")
                database.users[user] = password
                engines_file(tmp_path, 301)
                run = bench.deploy()
                assert run.code == 0, run.failure
                assert of_all(bench, database) == {user}
                assert is_let_in(bench, first["username"], first["password"]), "until somebody ends it"
                del database.users[first["username"]]
                asked = answers.total()
                poll(lambda: answers.total() > asked + 100, within=60)
            say(f"{answers.total()} requests while engines began anew and the former user ended: {dict(answers)}")
            assert set(answers) == {"200"}
            assert database.refused == []
            assert not is_let_in(bench, first["username"], first["password"])
            assert is_let_in(bench, user, password)
            bench.wait_until_healthy()
            unseen(bench, watcher)
            noticed(bench, database, user)


def noticed(bench: Bench, database: LoginDatabase, user: str) -> None:
    """See that users are refused once the database has ended the user that the engines have."""
    with readers(bench, "/api/session") as answers:
        poll(lambda: answers["200"] > 0, within=20)
        password = database.users.pop(user)
        poll(lambda: answers.total() > answers["200"], within=20)
        database.users[user] = password
    say(f"without the user that the engines have: {dict(answers)}")
    bench.wait_until_healthy()


def engines_file(folder: Path, timeout: int) -> Path:
    """Write the file of engines with that database."""
    url = f"jdbc:postgresql://{DATABASE[0]}:{DATABASE[1]}/ivy"
    return ivy_file(folder, "engines", {"axonivy.database.url": url, "formation.timeout": timeout})


def outside(bench: Bench) -> str:
    """Return the namespace in which that address is."""
    return bench.scene.visitor_namespace.replace(f"{NAMESPACE_PREFIX}v-", f"{NAMESPACE_PREFIX}x-", 1)


@contextmanager
def a_database(bench: Bench, user: User) -> Iterator[LoginDatabase]:
    """Let a database that knows this user be where the engines look for it."""
    listening = socket_in(outside(bench), socket.SOCK_STREAM, DATABASE)
    with serving(listening, LoginDatabase({user["username"]: user["password"]})) as database:
        yield database


def of_all(bench: Bench, database: LoginDatabase) -> set[str]:
    """Return the users with whom the engines have logged in last, '' for one that never has."""
    return {database.last.get(member.address, "") for member in bench.scene.members}


def is_let_in(bench: Bench, user: str, password: str) -> bool:
    """Return whether the database lets a user in."""
    return log_in(connect_in(outside(bench), DATABASE, timeout=5), user, password)


def another(bench: Bench, name: str) -> tuple[str, str]:
    """Put another account into a secret, as an operator does; return its user and password."""
    former = in_secret(bench, name)
    user, password = f"{former['username']}2", random.token_hex(16)
    arn = bench.scene.settings_document["secrets"][name]
    value = json.dumps({"username": user, "password": password})
    bench.rehearsal.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=value)
    return user, password


def changed(bench: Bench, timeout: int) -> None:
    """Deploy an edit of the file, and wait until all are one cluster."""
    cluster_file(bench.folder, bench.cluster.name, {"nodes": GROUPS, "formation.timeout": timeout})
    assert lock_file(bench.file, check=False) == 0
    run = bench.deploy()
    assert run.code == 0, run.failure
    whole(bench)

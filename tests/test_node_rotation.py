"""Two users of the database in turn: pure decisions, and a pair of real H2 1.4.199 servers under H2's own driver."""

import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from musternode.aws import Credentials
from musternode.failure import Failure
from musternode.h2 import rotation, text, turning
from musternode.h2.faults import H2Error
from musternode.h2.rotation import Admitting, Step, Wanted
from musternode.h2.session import Session
from musternode.h2.tools import Tools
from musternode.h2.turning import DRAIN, Turning
from musternode.h2.wire import Wire, probe
from musternode.waiting import poll
from tests.h2_alone import NAME, port
from tests.node_support import ADDRESSES, ADMIN, USER, Processes, h2_jar

NEXT = Credentials("as400gateway_2", "o'ther \"pass;\\")
WANTED = Wanted(NEXT, "v2")


@dataclass
class Servers:
    """Two servers that hold one cluster's list, without gates."""

    tools: Tools
    port: int

    @property
    def url(self) -> str:
        """The pair's URL."""
        return text.url(text.servers(list(ADDRESSES.values()), self.port), NAME)

    def wire(self, name: str, user: Credentials = ADMIN) -> Wire:
        """Connect to one server alone."""
        return Wire((ADDRESSES[name], self.port), NAME, user)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Return a pair whose application's user has had no turn yet."""
    folder, number = tmp_path_factory.mktemp("pair"), port()
    servers = Servers(Tools(h2_jar(), folder / "run"), number)
    sides = {name: Processes(address, number, folder / name) for name, address in ADDRESSES.items()}
    try:
        for name, side in sides.items():
            (folder / name).mkdir()
            side.start("muster-h2.service")
            poll(partial(probe, (ADDRESSES[name], number)), within=30)
            with Session(servers.tools, text.url(f"{ADDRESSES[name]}:{number}", NAME), ADMIN) as session:
                session.execute("CREATE TABLE T(N INT PRIMARY KEY)", *rotation.users(USER))
                session.execute(f"SET CLUSTER '{text.servers(list(ADDRESSES.values()), number)}'")
        yield servers
    finally:
        for side in sides.values():
            side.stop("muster-h2.service")


def schema(pair: Servers, name: str) -> list[str]:
    """Return what the two copies must have in common: all but passwords and settings."""
    url = text.probe(f"{ADDRESSES[name]}:{pair.port}", NAME)
    with Session(pair.tools, url, ADMIN) as session:
        return [line for line in session.query("SCRIPT NODATA NOPASSWORDS NOSETTINGS") if not line.startswith("-- ")]


def enters(pair: Servers, user: Credentials) -> bool:
    return turning.gets_in(pair.tools, pair.url, user)


def test_a_rotation_lets_the_other_user_in_once_both_servers_know_it_and_changes_no_schema(pair: Servers) -> None:
    before = [schema(pair, name) for name in "ab"]
    assert before[0] == before[1]
    assert not enters(pair, NEXT)
    with pair.wire("a") as session:
        rotation.admit(session, NEXT)
    assert not enters(pair, NEXT)  # one server is not enough
    with pair.wire("b") as session:
        rotation.admit(session, NEXT)
    assert enters(pair, NEXT)
    assert enters(pair, USER)  # who has not switched yet is not locked out
    assert [schema(pair, name) for name in "ab"] == before
    later = Credentials(USER.username, "third")
    for name in "ab":
        with pair.wire(name) as session:
            rotation.admit(session, later)
    assert enters(pair, later)
    assert not enters(pair, USER)  # the next turn has made the first password void
    for name in "ab":
        with pair.wire(name) as session:
            rotation.admit(session, USER)


def test_a_try_with_a_user_that_one_server_lacks_leaves_the_cluster_as_it_is(pair: Servers) -> None:
    with pair.wire("a") as session:
        rotation.admit(session, Credentials("as400gateway_2", "known to a alone"))
    assert not enters(pair, Credentials("as400gateway_2", "known to a alone"))
    listed = "SELECT CAST(VALUE AS VARCHAR) FROM INFORMATION_SCHEMA.SETTINGS WHERE NAME = 'CLUSTER'"
    for name in "ab":
        with pair.wire(name) as session:
            assert session.query(listed) == [(f"'{text.servers(list(ADDRESSES.values()), pair.port)}'",)]


def test_no_writer_fails_while_users_are_admitted(pair: Servers) -> None:
    faults: list[Exception] = []
    wrote, going = [0], threading.Event()
    going.set()

    def write() -> None:
        try:
            with Session(pair.tools, pair.url, USER) as client:
                while going.is_set():
                    client.execute(f"INSERT INTO T VALUES({wrote[0]})")
                    wrote[0] += 1
        except H2Error as fault:
            faults.append(fault)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        poll(lambda: wrote[0] > 20 or faults, within=30)
        for _ in range(10):
            for name in "ab":
                with pair.wire(name) as session:
                    rotation.admit(session, NEXT)
        before = wrote[0]
        poll(lambda: wrote[0] > before + 20 or faults, within=30)
    finally:
        going.clear()
        thread.join()
    assert faults == []
    assert wrote[0] > before + 20


def test_the_other_user_of_a_new_database_lets_nobody_in(pair: Servers) -> None:
    statements = rotation.users(Credentials("someone", "known"))
    assert any("SOMEONE_2" in each for each in statements)
    with pair.wire("a") as session:
        session.execute(*statements)
    with pytest.raises(H2Error, match="Wrong user name or password"):
        pair.wire("a", Credentials("someone_2", "known"))
    with pair.wire("a") as session:
        session.execute('DROP USER "SOMEONE"', 'DROP USER "SOMEONE_2"')


@given(st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,50}", fullmatch=True))
def test_two_names_take_turns(name: str) -> None:
    other = rotation.twin(name)
    assert other != name
    assert len({name, other, rotation.twin(other), rotation.twin(rotation.twin(other))}) == 2
    text.user(other)


STEPS = [
    # in force, wanted, first, alone, peer's user, peer serves
    ("as400gateway", None, True, False, "as400gateway", True, Step.NOTHING),
    ("as400gateway_2", WANTED, True, False, "as400gateway", True, Step.NOTHING),
    ("as400gateway", WANTED, True, False, "as400gateway", True, Step.TRY),
    ("as400gateway", WANTED, True, False, "as400gateway", False, Step.WAIT),
    ("as400gateway", WANTED, True, False, None, False, Step.WAIT),
    ("as400gateway", WANTED, False, False, "as400gateway", True, Step.WAIT),
    ("as400gateway", WANTED, False, False, "as400gateway_2", True, Step.TRY),
    ("as400gateway", WANTED, False, False, "as400gateway_2", False, Step.WAIT),
    ("as400gateway", WANTED, False, True, None, False, Step.TRY),
]


@pytest.mark.parametrize(("in_force", "wanted", "first", "alone", "peer", "serves", "step"), STEPS)
def test_nodes_switch_one_after_the_other_and_only_while_the_other_serves(
    in_force: str, wanted: Wanted | None, first: bool, alone: bool, peer: str | None, serves: bool, step: Step
) -> None:
    assert rotation.step(in_force, wanted, first=first, alone=alone, peer=peer, serves=serves) is step


@dataclass
class Hands:
    """Remembers what was done; `open_to` are the users that both gates let in."""

    open_to: set[str] = field(default_factory=set)
    switched: list[Credentials] = field(default_factory=list)

    def enters(self, user: Credentials) -> bool:
        """Return whether `user` is known."""
        return user.username in self.open_to

    def switch(self, user: Credentials) -> None:
        """Remember."""
        self.switched.append(user)


@dataclass
class Clock:
    """A clock that stands."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def turner(tmp_path: Path, hands: Hands, clock: Clock) -> Turning:
    return Turning(lambda: WANTED, tmp_path / "wanted.json", USER, hands, first=True, alone=False, clock=clock)


def test_a_member_switches_after_its_users_have_gone_and_says_so_once_it_is_healthy(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hands, clock = Hands(), Clock()
    one = turner(tmp_path, hands, clock)
    one.look()
    assert rotation.load(tmp_path / "wanted.json") == WANTED
    assert not one.tick(USER.username, serves=True, healthy=True)
    hands.open_to.add(NEXT.username)
    clock.now += 5
    assert one.tick(USER.username, serves=True, healthy=True)
    assert hands.switched == []
    clock.now += DRAIN
    one.tick(USER.username, serves=True, healthy=True)
    assert (hands.switched, one.user) == ([NEXT], NEXT)
    with caplog.at_level(logging.INFO, "musternode"):
        one.tick(USER.username, serves=True, healthy=False)
        assert caplog.text == ""
        for _ in range(2):
            one.tick(USER.username, serves=True, healthy=True)
        assert caplog.text.count(turning.confirmation(WANTED)) == 1
        clock.now += turning.TELL_EVERY
        one.tick(USER.username, serves=True, healthy=True)
    assert caplog.text.count(turning.confirmation(WANTED)) == 2, "lines of a log are not kept for ever"


def test_a_password_edited_in_the_secret_is_called_so_and_used_by_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    edited = Wanted(Credentials(USER.username, "by hand"), "v3")
    hands = Hands({USER.username})
    one = Turning(lambda: edited, tmp_path / "wanted.json", USER, hands, first=True, alone=False)
    one.look()
    with caplog.at_level(logging.INFO, "musternode"):
        assert not one.tick(USER.username, serves=True, healthy=True)
    assert (hands.switched, rotation.load(tmp_path / "wanted.json")) == ([], None)
    assert [record.message for record in caplog.records] == [turning.edited(edited)]
    assert "by hand" not in caplog.text


def test_a_member_about_to_switch_stays_when_the_other_one_no_longer_serves(tmp_path: Path) -> None:
    hands, clock = Hands({NEXT.username}), Clock()
    one = turner(tmp_path, hands, clock)
    one.look()
    assert one.tick(USER.username, serves=True, healthy=True)
    clock.now += DRAIN
    assert not one.tick(USER.username, serves=False, healthy=True)
    assert hands.switched == []
    assert one.tick(USER.username, serves=True, healthy=True)  # from the beginning
    assert hands.switched == []


def test_a_secret_that_cannot_be_read_changes_nothing(tmp_path: Path) -> None:
    def fail() -> Wanted:
        raise Failure("no answer")

    one = Turning(fail, tmp_path / "wanted.json", USER, Hands(), first=True, alone=False)
    one.look()
    assert not one.tick(USER.username, serves=True, healthy=True)
    assert rotation.load(tmp_path / "wanted.json") is None


def test_the_gate_process_admits_a_user_once_for_each_version_and_run_of_h2(tmp_path: Path) -> None:
    @dataclass
    class Session:
        statements: list[str] = field(default_factory=list)

        def execute(self, *statements: str) -> None:
            self.statements += statements

    file, session = tmp_path / "wanted.json", Session()
    admitting = Admitting(file)
    admitting.look(session, "run1")
    assert session.statements == []
    rotation.save(file, WANTED)
    assert file.stat().st_mode & 0o777 == 0o600
    for run in ("run1", "run1"):
        admitting.look(session, run)
    once = len(session.statements)
    assert once > 0
    admitting.look(session, "run2")
    assert len(session.statements) == 2 * once
    rotation.save(file, Wanted(NEXT, "v3"))
    assert admitting.due("run2") == Wanted(NEXT, "v3")


def test_the_secret_is_read_with_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    with mock_aws():
        client = boto3.client("secretsmanager", "eu-west-1")
        made = client.create_secret(Name="s", SecretString=json.dumps({"username": "u", "password": "p"}))
        found = rotation.current(client, made["ARN"])
        assert found == Wanted(Credentials("u", "p"), made["VersionId"])
        client.put_secret_value(SecretId=made["ARN"], SecretString='{"username": "u; DROP", "password": "p"}')
        with pytest.raises(Failure, match="is not a letter"):
            rotation.current(client, made["ARN"])
        client.put_secret_value(SecretId=made["ARN"], SecretString="{}")
        with pytest.raises(Failure, match="is not JSON with"):
            rotation.current(client, made["ARN"])
        with pytest.raises(Failure, match="GetSecretValue on none failed"):
            rotation.current(client, "none")

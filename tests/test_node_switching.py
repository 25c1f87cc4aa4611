"""Another user for the application: the member's part in it, on one node's files and among stand-ins for its pair."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from musternode import __main__ as main
from musternode import host, properties, rollout, state, switching
from musternode.aws import Credentials
from musternode.h2 import data, rotation, turning
from musternode.h2.turning import DRAIN, Turning
from musternode.products import as400gateway
from musternode.readiness import hindrance
from tests.node_machine import Machine, Restart, machine
from tests.node_member import LEAVES, Node
from tests.node_words import PEER, whole, word
from tests.test_node_rotation import NEXT, WANTED

HERS = replace(PEER, user="as400gateway")


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Machine]:
    """Yield node a."""
    with machine(tmp_path) as made:
        yield made


def application(node: Machine) -> Credentials:
    """Return the application's user that this host has kept."""
    return host.load_credentials(node.paths)["application"]


def test_a_switch_writes_the_user_into_both_places_and_begins_application_and_member_anew(node: Machine) -> None:
    former, others = application(node), {**host.load_credentials(node.paths)}
    with pytest.raises(Restart):
        switching.Switch(node.host()).switch(NEXT)
    assert application(node) == NEXT != former
    assert host.load_credentials(node.paths) == {**others, "application": NEXT}
    text = node.host().layout.properties.read_bytes()
    assert text == properties.put(text, as400gateway.datasource(node.host().pair.url, NEXT))
    assert node.services.said == [f"stop {as400gateway.UNIT}"]
    assert switching.in_use(node.host()) == NEXT.username


def test_a_switch_that_is_cut_short_is_done_again(node: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user that is kept is what a rotation goes by: it must not be ahead of the application."""
    former = application(node)

    def lost(_unit: str) -> None:
        raise OSError("power is lost")

    monkeypatch.setattr(node.services, "stop", lost)
    with pytest.raises(OSError, match="power is lost"):
        switching.Switch(node.host()).switch(NEXT)
    assert application(node) == former


def test_a_roll_out_in_the_middle_of_a_rotation_leaves_the_application_its_user(node: Machine) -> None:
    """The secret's new user may not be let in yet. The control is the administrator, who comes from the secret."""
    former = application(node)
    node.cloud.password = "of the next user"
    node.apply(node.new())
    assert host.load(node.paths).settings.generation == "new0new0new0new0"
    assert application(node) == former
    assert host.load_credentials(node.paths)["admin"].password == "of the next user"


def test_a_host_without_credentials_takes_the_user_of_the_secret(node: Machine) -> None:
    node.cloud.password = "fresh"
    (node.paths.etc / "credentials.json").unlink()
    node.apply(node.new())
    assert application(node).password == "fresh"


@pytest.mark.parametrize("name", ["a", "b"])
def test_the_members_turner_goes_by_the_settings_and_the_secret(
    node: Machine, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def current(_client: Any, arn: str) -> rotation.Wanted:
        asked.append(arn)
        return WANTED

    monkeypatch.setattr(rotation, "current", current)
    monkeypatch.setattr(switching, "client", lambda *_: object())
    this = replace(node.host(), identity=host.Identity(name, "/p"))
    one = switching.turner(this)
    one.look()
    one.look()
    assert asked == [this.settings.secrets.database_application] * 2
    assert rotation.load(data.wanted_file(this)) == WANTED
    monkeypatch.setattr(turning, "gets_in", lambda _tools, url, user: (url, user) == (this.pair.url, NEXT))
    drains = one.tick(application(node).username, serves=True, healthy=True)
    assert drains is (name == "a")  # the lower ordinal is first


@dataclass
class Hands:
    """Both gates let everybody in."""

    switched: list[Credentials] = field(default_factory=list)

    def enters(self, _user: Credentials) -> bool:
        """Return that it gets in."""
        return True

    def switch(self, user: Credentials) -> None:
        """Remember."""
        self.switched.append(user)


def rotating(tmp_path: Path, one: Node, *, first: bool = True) -> Hands:
    """Let the secret want another user from the member `one`."""
    hands = Hands()
    turner = Turning(
        lambda: WANTED,
        tmp_path / "w.json",
        Credentials("as400gateway", "p"),
        hands,
        first=first,
        alone=False,
        clock=lambda: one.now,
    )
    turner.look()
    one.member.turning = turner
    return hands


def test_a_member_gets_no_new_users_while_it_drains_and_then_switches(tmp_path: Path) -> None:
    one = Node()
    one.tick(whole(peer=word(HERS)))
    hands = rotating(tmp_path, one)
    drains = one.tick(whole(peer=word(HERS)))
    assert drains.phase == state.LEAVING
    assert drains.healthy
    assert hindrance(drains, whole(peer=word(HERS))) == "the member is leaving"
    assert one.tick(whole(peer=word(HERS)), seconds=DRAIN - 1).phase == state.LEAVING
    assert hands.switched == []
    assert one.tick(whole(peer=word(HERS)), seconds=2).phase == state.SERVING
    assert hands.switched == [NEXT]
    assert "stop" not in one.app.said  # the switch itself stops the unit


@pytest.mark.parametrize(
    "peer",
    [
        None,
        word(replace(HERS, phase="leaving")),
        word(replace(HERS, phase="starting")),
        word(HERS, gate=False),
        word(PEER),
    ],
    ids=["is silent", "drains itself", "starts", "is shut", "says no user"],
)
def test_a_member_goes_on_with_its_user_while_the_other_one(peer: Any, tmp_path: Path) -> None:
    """The control is the test above."""
    one = Node()
    one.tick(whole(peer=word(HERS)))
    hands = rotating(tmp_path, one)
    assert one.tick(whole(peer=peer), times=5, seconds=DRAIN).phase == state.SERVING
    assert hands.switched == []


def test_the_second_node_follows_the_first(tmp_path: Path) -> None:
    one = Node("b")
    first = replace(HERS, node="a")
    one.tick(whole(peer=word(first)))
    hands = rotating(tmp_path, one, first=False)
    assert one.tick(whole(peer=word(first)), times=5, seconds=DRAIN).phase == state.SERVING
    turned = whole(peer=word(replace(first, user=NEXT.username)))
    assert one.tick(turned).phase == state.LEAVING
    one.tick(turned, seconds=DRAIN + 1)
    assert hands.switched == [NEXT]


def test_a_node_that_waits_for_its_own_database_is_drained_too(tmp_path: Path) -> None:
    """Its application is served by the peer's, and gets users like any other."""
    one = Node()
    waits = whole(gate=False, phase="copying", peer=word(HERS))
    one.tick(waits)
    rotating(tmp_path, one)
    assert hindrance(one.tick(waits), waits) == "the member is leaving"


def test_draining_for_a_rotation_is_no_departure(tmp_path: Path) -> None:
    one = Node()
    one.tick(whole(peer=word(HERS)))
    rotating(tmp_path, one)
    one.tick(whole(peer=word(HERS)))
    one.tick(whole(peer=word(HERS)), seconds=10 * DRAIN)
    assert one.tick(whole(peer=word(HERS))).phase != state.LEFT
    assert one.app.up


def test_one_that_is_to_be_absent_begins_no_rotation(tmp_path: Path) -> None:
    one = Node(chosen=LEAVES)
    one.tick(whole(peer=word(HERS)))
    hands = rotating(tmp_path, one)
    assert one.tick(whole(peer=word(HERS)), times=5, seconds=DRAIN).phase == state.SERVING
    assert hands.switched == []


def test_the_user_in_use_is_said_to_the_other_node(node: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second node's turn comes by this word."""

    class End(BaseException):
        """The member has begun."""

    def assembled(_this: host.Host, board: state.Board, _turning: Turning) -> None:
        assert board.state.user == application(node).username
        raise End

    monkeypatch.setattr(main, "_assembled", assembled)
    with pytest.raises(End):
        main._live(node.host())
    assert state.read({**vars(HERS)}) == HERS
    assert rollout.is_turn(node.host().settings, "b", "g", replace(HERS, generation="g"))


def test_a_user_of_another_name_is_logged_by_nobody_with_its_password(
    node: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(Restart):
        switching.Switch(node.host()).switch(NEXT)
    assert NEXT.password not in caplog.text

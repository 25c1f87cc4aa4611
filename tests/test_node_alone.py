"""One member of the H2 pair serves alone while the cluster file says that the other is absent: on real H2 servers."""

import contextlib
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from musternode import member
from musternode.state import State
from tests.node_support import ADDRESSES, settings
from tests.node_world import World, until, world

ROWS = "SELECT VALUE FROM CONFIGURATION WHERE KEY = 'w'"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Yield a formed pair whose members leave within half a second."""
    with pytest.MonkeyPatch.context() as patch, world(tmp_path_factory.mktemp("pair")) as made:
        patch.setattr(member, "DRAIN", 0.5)
        made.start()
        made.await_serving()
        yield made


@pytest.fixture
def formed(pair: World) -> Iterator[World]:
    """Yield the formed pair, and form it again at the end."""
    pair.write("DELETE FROM CONFIGURATION WHERE KEY = 'w'")
    yield pair
    whole = settings(pair.port, secrets.token_hex(8))
    for name in "ab":
        pair.sides[name].cut = False
        pair.adopt(name, whole)
    pair.await_serving(within=90)


def state(made: World, name: str) -> State:
    """Return what a member says of itself."""
    return made.sides[name].board.state


def write(made: World, value: str) -> None:
    """Write as a client does, who has both servers in his list."""
    made.write(f"INSERT INTO CONFIGURATION(KEY, VALUE) VALUES('w', '{value}')")


def alone(made: World, name: str, other: str) -> None:
    """Let `other` leave by the word of the cluster file, and `name` be alone."""
    chosen = settings(made.port, "lone", absent=other)
    for each in (other, name):
        made.adopt(each, chosen)
    until(lambda: state(made, other).phase == "left" and made.sides[name].reported.sent)


def stays(condition: Callable[[], bool], seconds: float = 3) -> bool:
    """Return whether a condition holds for some seconds: several times as long as what it excludes would take."""
    with contextlib.suppress(TimeoutError):
        until(lambda: not condition(), within=seconds)
    return condition()


def test_one_leaves_by_the_cluster_files_word_and_the_other_serves_alone_without_a_restart(formed: World) -> None:
    name, other = "a", "b"
    starts = formed.sides[name].application.starts
    write(formed, "both")
    alone(formed, name, other)
    assert state(formed, name).phase == "serving"
    assert formed.sides[name].application.starts == starts
    assert [(body["Status"], body["Data"]) for body in formed.sides[name].reported.sent] == [("SUCCESS", "members=1")]
    assert formed.sides[other].reported.sent == []
    assert not formed.sides[other].processes.running("")
    assert not formed.sides[other].application.up
    write(formed, "alone")
    assert formed.query(name, ROWS) == ["both", "alone"]


def test_who_is_to_be_absent_goes_on_until_the_other_one_serves_alone(formed: World) -> None:
    """A rollout that fails on the one that stays must not take the other one away."""
    formed.adopt("b", settings(formed.port, "lone", absent="b"))
    until(lambda: state(formed, "b").phase == "serving")
    assert stays(lambda: state(formed, "b").phase == "serving")
    formed.adopt("a", settings(formed.port, "lone", absent="b"))
    until(lambda: state(formed, "b").phase == "left")


def test_a_member_that_is_alone_serves_again_after_a_reboot(formed: World) -> None:
    alone(formed, "a", "b")
    write(formed, "alone")
    formed.sides["b"].cut = True
    formed.boot("a")
    until(lambda: state(formed, "a").phase == "serving")
    assert formed.query("a", ROWS) == ["alone"]


def test_a_member_whose_peer_is_only_silent_does_not_serve_after_a_reboot(formed: World) -> None:
    """The control: no silence makes a node alone."""
    formed.sides["b"].cut = True
    formed.boot("a")
    until(lambda: state(formed, "a").phase == "waiting")
    assert stays(lambda: state(formed, "a").database == "shut")


@pytest.mark.parametrize("address", [ADDRESSES["b"], "127.0.1.3"])
def test_who_comes_back_copies_the_one_that_was_alone(formed: World, address: str) -> None:
    """Its volume still holds the data of before it left; its address may be another one."""
    alone(formed, "a", "b")
    write(formed, "alone")
    back = settings(formed.port, "back", addresses={**ADDRESSES, "b": address})
    new = formed.recreate("b", back)
    assert new.board.state.disk == "old"
    until(lambda: state(formed, "b").phase == "waiting")
    assert state(formed, "b").wants == ""  # one that is alone gives no copy: its clients know another server list
    formed.adopt("a", back)
    formed.await_serving()
    until(lambda: all(side.reported.sent for side in formed.sides.values()))
    assert [side.reported.sent[0]["Data"] for side in formed.sides.values()] == ["members=2"] * 2
    write(formed, "again")
    assert [formed.query(each, ROWS) for each in "ab"] == [["alone", "again"]] * 2
    formed.recreate("b", settings(formed.port, "home"))


def test_the_one_that_was_alone_stays_the_truth_if_both_boot_at_once(formed: World) -> None:
    """Also where the one that comes back is the first of both, whose files would win between equals."""
    name, other = "b", "a"
    alone(formed, name, other)
    write(formed, "alone")
    back = settings(formed.port, "back")
    formed.sides[name].cut = True
    formed.recreate(other, back)
    formed.boot(name)
    formed.adopt(name, back)
    formed.boot(name)
    formed.sides[name].cut = False
    formed.await_serving()
    assert [formed.query(each, ROWS) for each in "ab"] == [["alone"]] * 2


def test_a_rolled_back_leaving_makes_the_pair_whole_again(formed: World) -> None:
    alone(formed, "a", "b")
    write(formed, "alone")
    for name in "ab":
        formed.adopt(name, settings(formed.port, "before"))
    formed.await_serving()
    assert [formed.query(each, ROWS) for each in "ab"] == [["alone"]] * 2


def test_one_alone_makes_no_first_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(member, "NOBODY", 0.5)
    with world(tmp_path) as made:
        for one in made.sides.values():
            one.cut = True
        made.start()
        made.adopt("a", settings(made.port, "lone", absent="b"))
        until(lambda: made.sides["a"].reported.sent)
        assert made.sides["a"].reported.sent[0]["Status"] == "FAILURE"
        assert "nodes.b.present: true" in made.sides["a"].reported.sent[0]["Reason"]
        assert state(made, "a").database == "shut"

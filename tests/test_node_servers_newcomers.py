"""Who waits for the members that a changed document adds, and for how long."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.carbon.settings import Settings
from musternode.servers import newcomers, peers
from musternode.servers.newcomers import Newcomers, added, patience
from musternode.servers.turns import is_turn
from musternode.settings import Node
from musternode.state import State
from rehearsal.poll import poll
from tests.node_carbon import chosen
from tests.node_servers import serving


@dataclass
class Ears:
    """What the added members say; it is noted whom somebody listened to."""

    said: dict[str, State] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __call__(self, members: tuple[Node, ...], _port: int) -> "Ears":
        """Listen to some."""
        self.asked += [one.name for one in members]
        return self

    def start(self) -> None:
        """Begin: they have said it already."""

    def states(self) -> Mapping[str, State]:
        """Return their states."""
        return self.said

    def words(self) -> Mapping[str, None]:
        """Return nothing beside."""
        return {}


def names(own: str, node: str, new: str) -> str:
    """Return whom `node` waits for when the nodes `own` become the nodes `new`."""
    return "".join(one.name for one in added(chosen(own), node, chosen(new)))


def test_all_but_the_first_to_change_wait_for_those_that_are_added() -> None:
    assert [names("ab", node, "abcd") for node in "ab"] == ["", "cd"]


def test_a_node_that_comes_back_is_an_added_one() -> None:
    assert "".join(one.name for one in added(chosen("abc", "c"), "b", chosen("abc"))) == "c"


def test_nobody_waits_where_none_is_added_or_who_is_wanted_no_more() -> None:
    assert names("abc", "c", "abc") == names("abc", "b", "ab") == ""
    assert "".join(one.name for one in added(chosen("abc"), "b", chosen("abcd", "b"))) == ""
    assert added(chosen("abc"), "b", None) == ()


def test_the_first_of_those_that_stay_waits_for_nobody() -> None:
    assert "".join(one.name for one in added(chosen("abc"), "b", chosen("abcd", "a"))) == ""


def test_they_are_waited_for_until_they_serve_whatever_their_generation() -> None:
    ears = Ears()
    waits = Newcomers(ears)
    assert waits.awaited(chosen("ab"), "b", "new", chosen("abc"), 0.0) == ("c",)
    ears.said["c"] = serving("c", phase="starting")
    assert waits.awaited(chosen("ab"), "b", "new", chosen("abc"), 1.0) == ("c",)
    ears.said["c"] = serving("c", "another")
    assert waits.awaited(chosen("ab"), "b", "new", chosen("abc"), 2.0) == ()
    assert ears.asked == ["c"]


@pytest.mark.parametrize(("timeout", "seconds"), [(300, 100.0), (900, 300.0), (3600, 300.0)])
def test_one_that_never_comes_is_waited_for_a_third_of_the_time_at_most(timeout: int, seconds: float) -> None:
    waits, new = Newcomers(Ears()), chosen("abc", formation_timeout=timeout)
    assert patience(timeout) == seconds
    assert waits.awaited(chosen("ab"), "b", "new", new, seconds) == ("c",)
    assert waits.awaited(chosen("ab"), "b", "new", new, seconds + 0.1) == ()


def test_an_added_member_is_asked_over_its_peer_port(monkeypatch: pytest.MonkeyPatch) -> None:
    told = b'{"node": "c", "generation": "new", "phase": "serving", "healthy": true, "seen": []}'
    server = peers.serve("127.0.2.7", 0, lambda: told)
    monkeypatch.setattr(peers, "EVERY", 0.05)
    member = Node("c", 2, "z", "127.0.2.7", "vol-c")
    heard = newcomers._ears((member,), server.server_port)
    heard.start()
    try:
        assert poll(lambda: heard.states().get("c"), within=5).phase == "serving"  # type: ignore[union-attr]
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"null", b"\xff", b"[" * 5000])
def test_an_answer_that_is_none_says_nothing(text: bytes) -> None:
    assert newcomers._read(text) is None


def majority(settings: Settings, up: set[str]) -> bool:
    """Return whether one that wants what `settings` want sees enough of the nodes `up`."""
    wanted = {one.name for one in settings.present}
    return 2 * len(wanted & up) > len(wanted)


@given(st.integers(2, 8), st.integers(1, 8), st.lists(st.booleans(), min_size=40, max_size=40))
def test_while_a_cluster_grows_somebody_has_a_majority_all_the_time(before: int, more: int, order: list[bool]) -> None:
    """Nodes change in turn, the added ones come up in the midst of it.

    Of two that know of each other alone, the one that saw the other leave serves.
    """
    letters = "abcdefghijklmnop"
    own, new = chosen(letters[:before]), chosen(letters[: before + more])
    at = dict.fromkeys(letters[:before], "old")
    up = set(letters[:before])
    ears = Ears()
    waits = Newcomers(ears)
    coming = list(letters[before : before + more])
    for come in order:
        if come and coming:
            name = coming.pop()
            up.add(name)
            ears.said[name] = serving(name, "new")
        for node in sorted(at):
            states = {each: serving(each, at[each]) for each in at}
            if at[node] == "new" or not is_turn(own, node, "new", states, new):
                continue
            if waits.awaited(own, node, "new", new, 0.0):
                continue
            rest = up - {node}
            ready = [each for each in at if each != node and majority(new if at[each] == "new" else own, rest)]
            assert ready or (before == 2 and set(at.values()) == {"old"})
            at[node] = "new"
            break

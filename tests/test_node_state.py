"""What a node's processes say to each other through files in memory, and what is made of it."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode import standing, state
from musternode.h2 import clock
from musternode.paths import Paths
from musternode.state import Board, State
from rehearsal.poll import poll
from tests.node_words import OWN, PEER, pair_json, put

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def test_a_state_reaches_the_other_processes_of_its_node_whole(tmp_path: Path) -> None:
    board = Board(OWN, folder=Paths(tmp_path).public)
    board.write()
    assert state.own(Paths(tmp_path)) == OWN
    board.put(phase="leaving", healthy=False)
    assert state.own(Paths(tmp_path)) == dataclasses.replace(OWN, phase="leaving", healthy=False)


def test_the_words_can_be_read_by_processes_without_any_right(tmp_path: Path) -> None:
    Board(OWN, folder=Paths(tmp_path).public).write()
    assert Paths(tmp_path).public.stat().st_mode & 0o777 == 0o755
    assert (Paths(tmp_path).public / "state.json").stat().st_mode & 0o777 == 0o644


def test_a_member_that_does_long_work_goes_on_speaking(tmp_path: Path) -> None:
    Board(OWN, folder=Paths(tmp_path).public).publish()
    file = Paths(tmp_path).public / "state.json"
    first = json.loads(file.read_bytes())["at"]
    poll(lambda: json.loads(file.read_bytes())["at"] > first, within=5)


@pytest.mark.parametrize(("age", "heard"), [(state.STALE - 5, True), (state.STALE + 1, False)])
def test_a_member_that_has_died_says_nothing(tmp_path: Path, age: float, heard: bool) -> None:
    put(tmp_path, "state.json", {**vars(OWN), "at": clock.now() - age})
    assert (state.own(Paths(tmp_path)) is not None) is heard


@pytest.mark.parametrize("strange", [None, [], {}, {"node": 1, "generation": "g"}, {"node": "a"}, "text"])
def test_a_strange_state_is_none(strange: Any) -> None:
    assert state.read(strange) is None


def test_keys_of_another_musternode_are_passed_over() -> None:
    assert state.read({**vars(OWN), "newer": 1}) == OWN
    assert state.read({"node": "a", "generation": "g"}) == State("a", "g")


def test_how_a_whole_pair_stands_is_read_from_the_gate_processs_words(tmp_path: Path) -> None:
    put(tmp_path, "pair.json", pair_json())
    found = standing.look(Paths(tmp_path))
    assert found is not None
    assert (found.gate, found.peer_open, found.leader, found.witness, found.disk) == (True, True, "a", "", "held")
    assert found.peer_state == standing.peer(Paths(tmp_path)) == PEER


@pytest.mark.parametrize(("age", "heard"), [(standing.STALE - 2, True), (standing.STALE + 0.5, False)])
def test_a_gate_process_that_has_died_says_nothing(tmp_path: Path, age: float, heard: bool) -> None:
    put(tmp_path, "pair.json", pair_json(at=clock.now() - age))
    assert (standing.look(Paths(tmp_path)) is not None) is heard
    assert (standing.peer(Paths(tmp_path)) is not None) is heard


def test_the_last_word_of_a_peer_that_is_silent_is_no_word() -> None:
    assert standing.read(pair_json(silent=standing.STALE + 1)).peer is None
    assert standing.read(pair_json(silent=standing.STALE - 1)).peer_open


@pytest.mark.parametrize(
    ("gates", "answer"),
    [(("open", "shut"), True), (("shut", "open"), True), (("open", "open"), True), (("shut", "shut"), False)],
)
def test_clients_reach_the_database_by_either_gate(gates: tuple[str, str], answer: bool) -> None:
    own, peer = gates
    assert standing.read(pair_json(gate=own, peer={**pair_json()["peer"], "gate": peer})).reachable is answer


@given(st.dictionaries(st.sampled_from(sorted(pair_json())), JSON))
def test_no_words_break_a_reader(strange: dict[str, Any]) -> None:
    found = standing.read(strange)
    assert found.gate is (strange.get("gate") == "open")


def test_files_that_are_missing_or_torn_are_no_words(tmp_path: Path) -> None:
    assert (standing.look(Paths(tmp_path)), state.own(Paths(tmp_path))) == (None, None)
    put(tmp_path, "pair.json", {})
    for torn in (b"", b"[]", b'{"at": ', b"\xff", b'{"at": true}'):
        for name in ("pair.json", "state.json"):
            (Paths(tmp_path).public / name).write_bytes(torn)
        assert (standing.look(Paths(tmp_path)), state.own(Paths(tmp_path))) == (None, None)

"""One cluster is one where each member sees exactly all of them; anything less is told with who lacks whom."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.checks import membership
from rehearsal.checks.membership import ENGINE, NODE, Sight
from tests.checks_support import ScriptedScene, scene

ADDRESSES = {"a": "10.64.0.10", "b": "10.64.1.11", "c": "10.64.0.12"}
ALL = tuple(sorted(ADDRESSES.values()))
WHOLE = [
    Sight(member, address, told_by, 200, ALL, *(("5.3.6", "4.10.126") if told_by == ENGINE else ()))
    for member, address in ADDRESSES.items()
    for told_by in (ENGINE, NODE)
]


def with_sight(number: int, **changes: Any) -> list[Sight]:
    """Return the whole cluster with one sight changed; 4 is what c's engine says, 5 what its node says."""
    return [*WHOLE[:number], replace(WHOLE[number], **changes), *WHOLE[number + 1 :]]


def test_members_that_all_see_each_other_are_valid_and_their_engine_is_named() -> None:
    finding = membership.judge(WHOLE)
    assert finding.verdict == "valid"
    assert finding.detail == "3 members see each other and nobody else (engine 5.3.6 of kernel 4.10.126)"


def test_a_member_that_stands_alone_is_invalid() -> None:
    finding = membership.judge(with_sight(4, sees=(ADDRESSES["c"],)))
    assert (finding.verdict, finding.detail) == ("invalid", "the engine of c sees itself alone")


def test_two_halves_are_invalid() -> None:
    finding = membership.judge(with_sight(0, sees=(ADDRESSES["a"], ADDRESSES["b"])))
    assert (finding.verdict, finding.detail) == ("invalid", "the engine of a sees 2 of 3 members: not c")


def test_a_node_that_believes_otherwise_than_its_engine_is_invalid() -> None:
    finding = membership.judge(with_sight(5, sees=(ADDRESSES["c"],)))
    assert (finding.verdict, finding.detail) == ("invalid", "the node of c sees itself alone")


def test_a_stranger_in_the_cluster_is_invalid() -> None:
    finding = membership.judge(with_sight(2, sees=(*ALL, "10.64.0.99")))
    assert finding.verdict == "invalid"
    assert "the engine of b sees 10.64.0.99, no member" in finding.detail


def test_a_stranger_in_the_place_of_a_member_is_invalid() -> None:
    finding = membership.judge(with_sight(2, sees=(*ALL[:2], "10.64.0.99")))
    assert finding.verdict == "invalid"
    assert "10.64.0.99, no member" in finding.detail


def test_a_member_seen_twice_is_invalid() -> None:
    assert membership.judge(with_sight(0, sees=(*ALL, ALL[0]))).verdict == "invalid"


def test_who_does_not_answer_proves_nothing() -> None:
    finding = membership.judge(with_sight(1, code=503, sees=()))
    assert (finding.verdict, finding.detail) == ("unknown", "the node of a answered 503")


def test_a_split_is_told_even_if_somebody_does_not_answer() -> None:
    split = with_sight(4, sees=(ADDRESSES["c"],))
    assert membership.judge([replace(split[0], code=0, sees=()), *split[1:]]).verdict == "invalid"


@pytest.mark.parametrize("sights", [[], WHOLE[:1], WHOLE[:5], WHOLE[1:], [s for s in WHOLE if s.told_by == ENGINE]])
def test_an_incomplete_record_is_never_valid(sights: list[Sight]) -> None:
    assert membership.judge(sights).verdict != "valid"


def test_one_member_alone_is_no_cluster() -> None:
    alone = [replace(sight, sees=(sight.address,)) for sight in WHOLE[:2]]
    assert membership.judge(alone).verdict == "unknown"


@given(st.integers(0, len(WHOLE) - 1), st.sets(st.sampled_from([*ALL, "10.64.0.99"])))
def test_any_other_sight_of_any_member_is_invalid(number: int, sees: set[str]) -> None:
    finding = membership.judge(with_sight(number, sees=tuple(sees)))
    assert finding.verdict == ("valid" if sees == set(ALL) else "invalid")


def answers(member: str, path: str, _jar: object) -> Any:
    """Answer as a whole cluster's members do."""
    if path == "/state":
        others = {address: f"id-{name}" for name, address in ADDRESSES.items() if name != member}
        return {"node": member, "id": f"id-{member}", "sees": others, "seen": list(ALL)}
    return {"engine": "3.5.4", "kernel": "4.4.40", "members": [f"/{address}:4000" for address in ALL]}


def test_what_a_whole_cluster_answers_is_recorded_and_valid() -> None:
    result = membership.CHECK.result(membership.CHECK.lines(scene(answers)))
    assert (result.verdict, result.detail) == (
        "valid",
        "3 members see each other and nobody else (engine 3.5.4 of kernel 4.4.40)",
    )


@pytest.mark.parametrize("silence", [ConnectionRefusedError("no"), TimeoutError("late"), 503])
def test_a_member_that_cannot_be_asked_is_recorded_and_makes_it_unknown(silence: Any) -> None:
    result = membership.CHECK.result(
        membership.CHECK.lines(scene(lambda *asked: silence if asked[:2] == ("b", "/double") else answers(*asked)))
    )
    assert result.verdict == "unknown"
    assert result.detail.startswith("the engine of b answered")


def test_a_node_whose_engine_does_not_run_does_not_see_itself() -> None:
    def starting(member: str, path: str, jar: object) -> Any:
        told = answers(member, path, jar)
        return {**told, "id": "", "sees": {}, "seen": []} if (member, path) == ("c", "/state") else told

    result = membership.CHECK.result(membership.CHECK.lines(scene(starting)))
    assert (result.verdict, result.detail) == ("invalid", "the node of c sees 0 of 3 members: not a, c, b")


def test_of_a_product_without_a_telling_engine_the_nodes_word_counts_alone() -> None:
    def nodes(member: str, path: str, jar: object) -> Any:
        return answers(member, path, jar) if path == "/state" else AssertionError(path)

    lines = membership.BY_NODES.lines(scene(nodes))
    result = membership.BY_NODES.result(lines)
    assert (result.verdict, result.detail) == ("valid", "3 members see each other and nobody else")
    assert membership.BY_NODES.result(lines[1:]).verdict != "valid"
    assert membership.CHECK.result(lines).verdict == "unknown"


def test_the_nodes_word_alone_tells_of_a_split_too() -> None:
    split = [sight for sight in with_sight(5, sees=(ADDRESSES["c"],)) if sight.told_by == NODE]
    assert membership.judge_nodes(split).verdict == "invalid"


def test_the_scripted_members_are_those_of_the_tests() -> None:
    assert ScriptedScene(answers).addresses == ADDRESSES

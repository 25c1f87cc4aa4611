"""How weights become ports of nodes."""

from collections.abc import Mapping
from fractions import Fraction
from itertools import product
from math import gcd

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.weights import LAST, MOST, crowded, nearest, ports, reduced, refusals, room, spread

NODES = ("a", "b", "c")

some_weights = st.dictionaries(st.sampled_from(NODES), st.integers(1, 10**6))
some_ports = st.dictionaries(st.sampled_from(NODES), st.integers(1, 40), min_size=1)
taken = st.sets(st.integers(0, 20).map(lambda step: 8080 + 5 * step), max_size=6)


def shares(weights: Mapping[str, int]) -> dict[str, Fraction]:
    """Return each node's part of the whole."""
    return {name: Fraction(weight, sum(weights.values())) for name, weight in weights.items()}


def distance(one: Mapping[str, int], other: Mapping[str, int]) -> Fraction:
    """Return by how much the shares differ in sum."""
    return sum((abs(shares(one)[name] - shares(other)[name]) for name in one), Fraction(0))


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ({}, {"a": 1, "b": 1, "c": 1}),
        ({"a": 2}, {"a": 2, "b": 1, "c": 1}),
        ({"a": 4, "b": 4, "c": 4}, {"a": 1, "b": 1, "c": 1}),
        ({"a": 6, "b": 4, "c": 2}, {"a": 3, "b": 2, "c": 1}),
        ({"a": 6, "b": 4}, {"a": 6, "b": 4, "c": 1}),
    ],
)
def test_a_node_has_its_weight_by_the_common_divisor_and_1_by_default(
    weights: dict[str, int], expected: dict[str, int]
) -> None:
    assert reduced(weights, NODES) == expected


@given(some_weights)
def test_reduction_keeps_every_share_and_has_no_divisor_left(weights: dict[str, int]) -> None:
    found = reduced(weights, NODES)
    assert shares(found) == shares({name: weights.get(name, 1) for name in NODES})
    assert gcd(*found.values()) == 1


@pytest.mark.parametrize(
    ("weight", "shown"),
    [
        (0, "0"),
        (-3, "-3"),
        (1.5, "1.5"),
        (2.0, "2.0"),
        (True, "true"),
        (None, "nothing"),
        ("2", "'2'"),
        ([2], "a list"),
    ],
)
def test_what_is_no_whole_number_from_1_is_refused(weight: object, shown: str) -> None:
    assert list(refusals({"a": weight, "b": 1}, NODES)) == [("a", f"got {shown}, want a whole number of 1 or more")]


def test_the_weight_of_an_unknown_node_is_refused_with_those_that_there_are() -> None:
    said = "is the weight of no node (did you mean 'gw1'?), want one of gw1, web"
    assert list(refusals({"gw2": 3}, ["web", "gw1"])) == [("gw2", said)]


def test_every_wrong_weight_is_named() -> None:
    assert [name for name, _ in refusals({"a": 0, "b": 2, "c": 1.0, "d": 1}, NODES)] == ["a", "c", "d"]


def test_more_ports_than_a_node_may_have_are_refused_with_the_nearest_weights() -> None:
    said = "got 14, which is 7 ports beside the others, want at most 5 ports a node, such as {a: 5, b: 2}"
    assert list(refusals({"a": 14, "b": 6}, ["a", "b"])) == [("a", said)]


def test_large_weights_of_a_small_ratio_are_taken() -> None:
    assert list(refusals({"a": 5000, "b": 1000, "c": 3000}, NODES)) == []


@given(some_weights)
def test_weights_are_refused_where_a_node_would_have_too_many_ports_and_nowhere_else(weights: dict[str, int]) -> None:
    refused = {name for name, _ in refusals(weights, NODES)}
    assert refused == {name for name, count in reduced(weights, NODES).items() if count > MOST}


@given(some_weights)
def test_the_nearest_weights_are_themselves_taken(weights: dict[str, int]) -> None:
    assert list(refusals(nearest(reduced(weights, NODES)), NODES)) == []


@given(some_ports)
def test_no_other_weights_are_nearer_than_the_nearest(weights: dict[str, int]) -> None:
    every = (dict(zip(weights, each, strict=True)) for each in product(range(1, MOST + 1), repeat=len(weights)))
    assert distance(nearest(weights), weights) == min(distance(each, weights) for each in every)


def test_ports_begin_at_the_base_and_go_on_by_tens() -> None:
    assert ports(8080, 1) == (8080,)
    assert ports(8080, 5) == (8080, 8090, 8100, 8110, 8120)


def test_a_port_that_the_node_has_already_is_passed_over() -> None:
    assert ports(9140, 5, taken=[9180, 9181, 9150]) == (9140, 9160, 9170, 9190, 9200)


@given(st.integers(1, MOST), taken)
def test_ports_are_as_many_as_asked_and_none_of_the_others(count: int, others: set[int]) -> None:
    found = ports(8080, count, others)
    assert (len(set(found)), found[0]) == (count, 8080)
    assert others.isdisjoint(found[1:])


@given(st.integers(1024, 65535), st.integers(1, 5), st.sets(st.sampled_from([8090, 65530, 65535])))
def test_there_is_room_for_all_ports_or_for_those_up_to_the_last(base: int, count: int, others: set[int]) -> None:
    found = room(base, count, others)
    assert found[0] == base
    assert not {*found[1:]} & others
    if crowded(base, count, others):
        assert len(found) < count
        assert crowded(base, len(found) + 1, others)
    else:
        assert found == ports(base, count, others)


def test_ports_that_would_end_beyond_the_last_are_refused_with_a_base_that_does() -> None:
    said = "got 65500, from which 5 ports in steps of 10 lead to 65540, want one such as 65495"
    assert crowded(65500, 5) == said
    with pytest.raises(ValueError, match=said):
        ports(65500, 5)
    assert ports(65495, 5)[-1] == LAST


def test_each_node_has_its_ports_from_one_base() -> None:
    found = spread({"a": 4, "b": 2}, ["a", "b"], 8080, taken=[8090])
    assert found == {"a": (8080, 8100), "b": (8080,)}


def test_a_node_keeps_its_ports_whatever_order_the_nodes_are_named_in() -> None:
    weights = {"a": 3, "c": 2}
    assert spread(weights, NODES, 8080) == spread(weights, NODES[::-1], 8080)

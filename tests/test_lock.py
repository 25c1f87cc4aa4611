"""What the lock keeps, whatever is edited, and what it refuses."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.spec import Cluster, Lock, SpecError, locked, verify
from muster.spec.balancer import Balancer
from muster.spec.database import Database
from muster.spec.lock import DiscoveryKey, parse, render
from muster.spec.lock_changes import changes
from muster.spec.model import Node
from operations.rolling import steps
from tests.lock_help import NEW, OLD, OWN, PIN, cluster_of, launched, pair, pinned, refused

NAMES = [f"n{letter}" for letter in "abcdefgh"]
ZONES = [f"eu-west-1{letter}" for letter in "abcdefgh"]
Edit = dict[str, tuple[str, bool]]

EDITS = st.lists(
    st.dictionaries(st.sampled_from(NAMES), st.tuples(st.sampled_from(ZONES), st.booleans()), min_size=1),
    min_size=1,
    max_size=12,
)


def edited(lock: Lock | None, edit: Edit, type_: str) -> Cluster:
    """Return the cluster of this edit, without the changes that a lock refuses of nodes that run."""
    nodes = {}
    for name, (zone, present) in edit.items():
        before = lock.nodes.get(name) if lock else None
        nodes[name] = Node(zone=before.zone if before and before.present else zone, present=present)
    runs = [node.type for name, node in lock.nodes.items() if node.present and name in edit] if lock else []
    return cluster_of(nodes, instance={"type": runs[0] if runs else type_})


@given(EDITS, st.sampled_from(["t4g.medium", "t4g.large"]))
def test_no_edit_moves_a_node_that_stays_and_no_place_is_given_twice(edits: list[Edit], type_: str) -> None:
    lock: Lock | None = None
    ordinals: dict[int, int] = {}
    numbers: dict[int, str] = {}
    life: dict[str, int] = {}
    for edit in edits:
        cluster = edited(lock, edit, type_)
        new = locked(lock, cluster)
        for name, node in new.nodes.items():
            before = lock.nodes.get(name) if lock else None
            life[name] = life.get(name, 0) + (before is None)
            assert ordinals.setdefault(node.ordinal, hash((name, life[name]))) == hash((name, life[name]))
            if before and (before.present or before.zone == node.zone):
                kept = (node.ordinal, node.zone, node.address)
                assert kept == (before.ordinal, before.zone, before.address)
        for name, zone in new.zones.items():
            assert numbers.setdefault(zone.number, name) == name
            if lock and name in lock.zones:
                assert zone == lock.zones[name]
        assert locked(new, cluster) == new
        lock = new


@given(EDITS, st.randoms(use_true_random=False))
def test_the_order_of_the_nodes_in_the_file_means_nothing(edits: list[Edit], random: Any) -> None:
    lock: Lock | None = None
    for edit in edits:
        names = list(edit)
        random.shuffle(names)
        cluster = edited(lock, edit, "t4g.medium")
        shuffled = edited(lock, {name: edit[name] for name in names}, "t4g.medium")
        other, lock = locked(lock, shuffled), locked(lock, cluster)
        assert other == lock


def test_a_node_that_comes_back_gets_a_place_of_its_own() -> None:
    first = launched(cluster_of({"a": "eu-west-1a", "b": "eu-west-1b"}))
    without = locked(first, cluster_of({"a": "eu-west-1a"}))
    again = locked(without, cluster_of({"a": "eu-west-1a", "b": "eu-west-1b"}))
    assert (first.nodes["b"].ordinal, again.nodes["b"].ordinal) == (1, 2)
    assert again.nodes["b"].address == "10.64.1.12"


def test_a_pin_reaches_nodes_without_an_image_alone() -> None:
    unpinned = locked(None, pair())
    assert {node.image for node in unpinned.nodes.values()} == {None}
    first = locked(pinned(unpinned, OLD), pair())
    assert {node.image for node in first.nodes.values()} == {OLD}
    second = locked(pinned(first, NEW), pair())
    assert {node.image for node in second.nodes.values()} == {OLD}


def test_an_absent_node_takes_zone_type_and_image_of_the_file_when_it_is_back() -> None:
    absent = locked(launched(pair()), pair(present="a"))
    assert absent.nodes["b"].address == "10.64.1.11"
    moved = Node(zone="eu-west-1c", present=True)
    back = locked(pinned(absent, NEW), cluster_of({"a": "eu-west-1a", "b": moved}))
    assert (back.nodes["b"].zone, back.nodes["b"].image) == ("eu-west-1c", NEW)
    assert (back.nodes["b"].ordinal, back.nodes["b"].address) == (1, "10.64.2.11")
    assert back.nodes["a"] == absent.nodes["a"]


FILE = "FILE"
SWAP = (
    "the safe way is two deploys: nodes.{}.present: false, ./muster lock FILE, deploy; then the change and true, again"
)
ROLL = "a deploy would replace all at once; one after the other, each from its own data or from a member's: "
KEY = "arn:aws:kms:eu-west-1:123456789012:key/12345678-1234-1234-1234-123456789012"
ANEW = "and another key would make them anew and empty, want it as it was"
ONCE = "and a deploy would stop all at once"
OWN_FILE = "want it as it was; another cluster has a file and a name of its own"

REFUSED: list[tuple[Cluster, str]] = [
    (
        pair(name="y"),
        f"name: got 'y', the lock file is of the cluster 'x', {OWN_FILE}",
    ),
    (
        pair(region="eu-west-2"),
        f"region: got 'eu-west-2', the cluster lies in eu-west-1 and cannot move, {OWN_FILE}",
    ),
    (
        pair(cidr="10.65.0.0/20"),
        f"network.cidr: the cluster lies in 10.64.0.0/20, and another range would replace every node, {OWN_FILE}",
    ),
    (
        pair(instance={"volume": 19}),
        "instance.volume: got 19, the data volumes have 20 GiB and cannot shrink, want at least that",
    ),
    (
        pair(kms_key=KEY),
        f"kms_key: the volumes are encrypted with AWS's own key, {ANEW}",
    ),
    (
        pair(balancer=Balancer(scheme="internet-facing")),
        (
            "balancer.scheme: got 'internet-facing', the balancer is internal, and AWS lets no second one have its "
            "target groups, want it as it was; else destroy the cluster, delete its lock file and deploy, or make a "
            "second cluster beside it"
        ),
    ),
    (
        pair(database=Database(tls=True)),
        (
            "database.tls: got true, but the nodes do not speak TLS to each other, and one alone cannot change that, "
            "want it as it was, or a new cluster that begins with this one's data (database.seed)"
        ),
    ),
    (
        cluster_of({"a": "eu-west-1a", "c": "eu-west-1b"}, kind=type(pair())),
        f"nodes.c: takes the place of b, which runs, and its data would go; {SWAP.format('b')}",
    ),
    (
        cluster_of({"a": "eu-west-1a", "b": "eu-west-1c"}, kind=type(pair())),
        f"nodes.b.zone: node b is launched in eu-west-1b, and the change would replace it; {SWAP.format('b')}",
    ),
    (
        pair(instance={"ami": OWN}),
        f"instance.ami: got '{OWN}', another image than that of a, b: {ROLL}./muster roll FILE",
    ),
    (
        pair(instance={"os": "debian-12"}),
        f"instance.os: got 'debian-12', another system than that of a, b: {ROLL}./muster roll FILE",
    ),
    (
        pair(instance={"type": "t3.medium"}),
        f"instance.type: got 't3.medium' (x86_64), another processor than that of a, b: {ROLL}./muster roll FILE",
    ),
    (
        pair(instance={"type": "t4g.large"}),
        f"instance.type: got 't4g.large', a, b run on t4g.medium, {ONCE}; one after the other: ./muster roll FILE",
    ),
]


def test_tls_between_nodes_is_neither_ended_nor_begun_once_they_are_launched() -> None:
    speaking = launched(pair(database=Database(tls=True)))
    assert speaking.between
    assert locked(speaking, pair(database=Database(tls=True))) == speaking
    (said,) = refused(speaking, pair())
    assert said.startswith("database.tls: got false, but the nodes speak TLS to each other")
    assert locked(locked(None, pair()), pair(database=Database(tls=True))).between


def test_a_lock_says_of_tls_between_nodes_only_where_they_speak_it() -> None:
    assert "between" not in render(locked(None, pair()))
    speaking = locked(None, pair(database=Database(tls=True)))
    assert parse(render(speaking)) == speaking


@pytest.mark.parametrize(("cluster", "words"), REFUSED, ids=[words.split(":")[0] for _, words in REFUSED])
def test_refuses_with_the_safe_way(cluster: Cluster, words: str) -> None:
    assert refused(launched(pair()), cluster) == [words]


def test_refuses_an_image_of_ones_own_that_is_gone() -> None:
    lock = locked(None, pair(instance={"ami": OWN}))
    assert refused(lock, pair()) == [
        f"instance.ami: is gone, which is the image of a, b: {ROLL}./muster roll FILE",
    ]


def test_tells_all_that_it_refuses_at_once() -> None:
    lines = refused(launched(pair()), pair(instance={"type": "t4g.large", "volume": 8}))
    assert [line.split(":")[0] for line in lines] == ["instance.type", "instance.volume"]


@pytest.mark.parametrize("scheme", ["internal", "internet-facing"])
def test_a_lock_of_before_takes_the_scheme_of_the_file(scheme: Any) -> None:
    of_before = json.loads(render(launched(pair())))
    del of_before["scheme"]
    lock, cluster = parse(json.dumps(of_before)), pair(balancer=Balancer(scheme=scheme))
    assert verify(cluster, lock) == lock
    assert locked(lock, cluster).scheme == scheme
    assert steps(lock, cluster) == []
    assert steps(lock, pair(balancer=Balancer(scheme=scheme), instance={"ami": OWN}))[-1].after.scheme == scheme


NOT_LAUNCHED = [{"type": "t4g.large"}, {"type": "t3.medium"}, {"os": "debian-12"}, {"type": "t3.medium", "ami": OWN}]


@pytest.mark.parametrize("instance", NOT_LAUNCHED, ids=str)
def test_a_node_without_an_image_takes_type_and_system_of_the_file(instance: dict[str, Any]) -> None:
    """No account has the placeholder, so nothing of it runs: neither refused nor told as what runs."""
    lock, changed = locked(None, pair()), pair(instance=instance)
    new = locked(lock, changed)
    assert new == locked(None, changed)
    assert verify(changed, new) == new
    with pytest.raises(SpecError) as error:
        verify(changed, lock)
    assert str(error.value).startswith("FILE.lock.json does not know of: node a: ")
    assert str(error.value).endswith("run ./muster lock FILE")


def test_one_node_with_an_image_is_refused_what_the_other_may() -> None:
    lock = locked(None, pair()).with_node("a", image=OLD)
    (line,) = refused(lock, pair(instance={"type": "t4g.large"}))
    assert "a runs on t4g.medium" in line


ALLOWED: list[Cluster] = [
    pair(),
    pair(present="a"),
    pair(instance={"volume": 21}),
    pair(instance={"java": 21}),
    cluster_of({"a": "eu-west-1a", "b": "eu-west-1b", "c": "eu-west-1c"}),
    cluster_of({"a": "eu-west-1a"}),
]


@pytest.mark.parametrize("cluster", ALLOWED, ids=range(len(ALLOWED)))
def test_allows_what_replaces_and_interrupts_nothing(cluster: Cluster) -> None:
    """The other side of the refusals."""
    new = locked(launched(pair()), cluster)
    assert set(new.nodes) == set(cluster.nodes)


@pytest.mark.parametrize(
    "instance", [{"type": "t4g.large"}, {"type": "t3.medium"}, {"ami": OWN}, {"os": "debian-12"}], ids=str
)
def test_a_rolling_node_may_still_differ_and_a_settled_one_not(instance: dict[str, Any]) -> None:
    lock = launched(pair())
    changed = pair(instance=instance)
    assert refused(lock.changed(rolling=("a",)), changed)[0].count("a, b") == 0
    both = lock.changed(rolling=("a", "b"))
    assert locked(both, changed) == both


def test_a_rolling_node_must_not_move_either() -> None:
    lock = launched(pair()).with_node("b", present=False).changed(rolling=("b",))
    moved = cluster_of({"a": "eu-west-1a", "b": "eu-west-1c"})
    assert refused(lock, moved)[0].startswith("nodes.b.zone: node b is launched in eu-west-1b")


def test_synthesis_refuses_a_lock_that_does_not_know_all_of_the_file() -> None:
    wider = cluster_of({"a": "eu-west-1a", "b": "eu-west-1b", "c": "eu-west-1c"})
    with pytest.raises(SpecError) as error:
        verify(wider, launched(pair()))
    assert str(error.value) == (
        "FILE.lock.json does not know of: node c is new: 10.64.2.12 in eu-west-1c, t4g.medium, "
        f"image {OLD}; zone eu-west-1c is new: nodes in 10.64.2.0/24: run ./muster lock FILE"
    )
    assert verify(wider, locked(launched(pair()), wider)) == locked(launched(pair()), wider)


def test_synthesis_does_not_mind_another_artifact() -> None:
    lock = launched(pair()).changed(artifact="0" * 64)
    assert verify(pair(), lock) == lock


def test_without_a_lock_the_first_one_is_computed() -> None:
    assert verify(pair(), None) == locked(None, pair())


def test_the_same_lock_has_no_changes_and_each_other_field_has_words() -> None:
    lock = launched(pair())
    assert changes(lock, lock) == []
    for field in type(lock).model_fields:
        other: dict[str, Any] = {
            "cluster": "y",
            "region": "eu-west-2",
            "cidr": "10.0.0.0/20",
            "vpc": "vpc-1",
            "kms_key": "arn:1",
            "scheme": "internet-facing",
            "zones": {**lock.zones, "eu-west-1c": lock.zones["eu-west-1b"].model_copy(update={"number": 2})},
            "nodes": {"a": lock.nodes["a"].model_copy(update={"present": False}), "b": lock.nodes["b"]},
            "images": {PIN: lock.images[PIN].model_copy(update={"id": NEW})},
            "artifact": "0" * 64,
            "volume": 21,
            "rolling": ("a",),
            "discovery_key": DiscoveryKey(current=2, former=1),
        }
        if field in other:
            assert len(changes(lock, lock.changed(**{field: other[field]}))) == 1, field

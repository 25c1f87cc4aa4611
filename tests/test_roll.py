"""`muster roll` takes one node after the other, and goes on from what is there, whatever became of the one before."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from muster.spec import Lock, SpecError, load, locked, read_lock, write_lock
from operations import protection
from operations import roll as rolling_out
from operations.errors import Failure
from operations.roll import roll_file
from operations.rolling import steps
from tests.conftest import WriteCluster
from tests.lock_help import NEW, OLD, OWN, PIN, launched, pair, pinned
from tests.roll_world import Instance, World

Kinds = list[tuple[str, str]]


def kinds(lock: Lock, **instance: Any) -> Kinds:
    """Return the steps to a pair of this instance, as (node, kind)."""
    return [(step.node, step.kind) for step in steps(lock, pair(instance=instance))]


def test_a_type_of_the_same_processor_takes_one_deploy_a_node() -> None:
    assert kinds(launched(pair()), type="t4g.large") == [("a", "type"), ("b", "type")]


@pytest.mark.parametrize("instance", [{"ami": OWN}, {"type": "t3.medium", "ami": OWN}], ids=str)
def test_another_image_or_processor_takes_two_deploys_a_node(instance: dict[str, Any]) -> None:
    assert kinds(launched(pair()), **instance) == [
        ("a", "absent"),
        ("a", "present"),
        ("b", "absent"),
        ("b", "present"),
    ]


def test_a_newer_pin_is_an_image_to_roll_to() -> None:
    assert len(kinds(pinned(launched(pair()), NEW))) == 4


def test_nothing_to_change_takes_no_deploy() -> None:
    assert kinds(launched(pair())) == []


def test_each_deploy_has_one_node_out_at_most_and_names_those_to_come() -> None:
    made = steps(launched(pair()), pair(instance={"ami": OWN}))
    assert [step.lock.rolling for step in made] == [("a", "b"), ("a", "b"), ("b",), ("b",)]
    assert [step.after.rolling for step in made] == [("a", "b"), ("b",), ("b",), ()]
    for step in made:
        assert sum(not node.present for node in step.lock.nodes.values()) <= 1
    assert locked(made[-1].after, pair(instance={"ami": OWN})) == made[-1].after


def test_a_node_that_is_out_comes_back_before_another_goes() -> None:
    lock = launched(pair()).with_node("b", present=False).changed(rolling=("a", "b"))
    assert kinds(lock, ami=OWN) == [("b", "present"), ("a", "absent"), ("a", "present")]


REFUSED: list[tuple[Lock, dict[str, Any], str]] = [
    (
        locked(launched(pair()), pair(present="b")),
        {"present": "b", "instance": {"ami": OWN}},
        "nodes: node b would be taken out, and no other is present: bring another back first",
    ),
    (
        launched(pair()),
        {"instance": {"type": "t3.medium"}},
        "instance: no image is pinned for amazon-linux-2023/x86_64: ./muster bump FILE, then roll",
    ),
    (
        launched(pair()),
        {"instance": {"type": "t4g.large", "volume": 40}},
        "wants more than a roll does (data volume: 20 -> 40 GiB): take that back, ./muster roll FILE, then change it",
    ),
    (
        launched(pair()),
        {"instance": {"volume": 40}},
        "FILE.lock.json does not know of: data volume: 20 -> 40 GiB: run ./muster lock FILE",
    ),
]


@pytest.mark.parametrize(("lock", "fields", "words"), REFUSED, ids=[words[:40] for _, _, words in REFUSED])
def test_refuses_what_a_roll_cannot_bring_about(lock: Lock, fields: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError) as error:
        steps(lock, pair(**fields))
    assert str(error.value) == words


@pytest.fixture
def file(tmp_path: Path, write_cluster: WriteCluster) -> Path:
    """Return the file of a pair that is launched from the old image, and whose file wants another."""
    return prepared(tmp_path, write_cluster, {"type": "t4g.large", "ami": OWN})


def prepared(folder: Path, write_cluster: WriteCluster, instance: dict[str, Any], **fields: Any) -> Path:
    file = folder / "mine.yaml"
    file.write_text(write_cluster(**fields).read_text())
    cluster = load(file)
    write_lock(file, locked(pinned(locked(None, cluster), OLD), cluster))
    file.write_text(write_cluster(instance=instance, **fields).read_text())
    return file


def world(file: Path, **fields: Any) -> World:
    """Return AWS in which the nodes of the file's lock run."""
    lock = read_lock(file)
    assert lock
    return world_of(lock, **fields)


def world_of(lock: Lock, **fields: Any) -> World:
    made = World(**fields)
    for name, node in lock.nodes.items():
        made.made += 1
        place = (node.address, node.zone, made.protected)
        made.instances[name] = Instance(f"i-{made.made:017x}", node.type, str(node.image), *place)
    return made


def roll(file: Path, aws: World, *, yes: bool = True, ask: Callable[[str], bool] = lambda _: True) -> int:
    return roll_file(file, yes=yes, ask=ask, deploy=aws.deploy, connect=lambda _: aws)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for what never gets healthy in a test."""
    monkeypatch.setattr(rolling_out, "HEALTHY_WITHIN", 0.05)
    monkeypatch.setattr(rolling_out, "ASK_EVERY", 0.01)
    monkeypatch.setattr(protection, "ASK_EVERY", 0.01)


def test_rolls_the_pair_and_the_lock_says_so(file: Path) -> None:
    aws = world(file)
    assert roll(file, aws) == 0
    assert aws.deploys == [
        {"b": ("t4g.medium", OLD)},
        {"a": ("t4g.large", OWN), "b": ("t4g.medium", OLD)},
        {"a": ("t4g.large", OWN)},
        {"a": ("t4g.large", OWN), "b": ("t4g.large", OWN)},
    ]
    lock = read_lock(file)
    assert lock
    assert lock.rolling == ()
    assert locked(lock, load(file)) == lock
    assert len(aws.policies) == 4


def test_a_second_roll_has_nothing_to_do(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    aws = world(file)
    roll(file, aws)
    assert roll(file, aws) == 0
    assert len(aws.deploys) == 4
    assert "nothing to roll" in capsys.readouterr().out


Trouble = list[str]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    trouble=st.lists(
        st.sampled_from(["good", "failed", "killed before", "killed after", "killed on the way"]), max_size=8
    )
)
def test_goes_on_after_whatever_became_of_the_roll_before(
    trouble: Trouble, tmp_path: Path, write_cluster: WriteCluster
) -> None:
    """No deploy ever replaces a node in place or touches two; `World.deploy` asserts it."""
    file = prepared(tmp_path, write_cluster, {"type": "t4g.large", "ami": OWN})
    aws = world(file, protected=True)
    pending = list(trouble)

    def happens(_: int) -> int | None:
        kind = pending.pop(0) if pending else "good"
        if kind == "killed before":
            raise KeyboardInterrupt
        if kind == "killed after":
            aws.trouble = lambda _: None
            aws.deploy(file)
            aws.deploys.pop()
            aws.trouble = happens
            raise KeyboardInterrupt
        if kind == "killed on the way":
            aws.trouble = lambda _: 1
            aws.deploy(file)  # CloudFormation goes on alone, and rolls it back
            aws.deploys.pop()
            aws.trouble = happens
            raise KeyboardInterrupt
        return 1 if kind == "failed" else None

    aws.trouble = happens
    for _ in range(len(trouble) + 1):
        try:
            if roll(file, aws) == 0:
                break
        except (KeyboardInterrupt, Failure):
            assert len(aws.instances) >= 1
    lock = read_lock(file)
    assert lock
    assert (lock.rolling, aws.orphans) == ((), [])
    assert {(each.type, each.image) for each in aws.instances.values()} == {("t4g.large", OWN)}
    assert locked(lock, load(file)) == lock


def test_a_bad_image_is_left_for_the_one_before(file: Path, write_cluster: WriteCluster) -> None:
    """The new node never forms: its deploy is rolled back, the file names the old image again, the roll goes on."""
    aws = world(file)
    aws.trouble = lambda number: 1 if number == 2 else None
    with pytest.raises(Failure, match=r"mend the cause, then \./muster roll"):
        roll(file, aws)
    assert set(aws.instances) == {"b"}
    aws.trouble = lambda _: None
    file.write_text(write_cluster().read_text())
    assert roll(file, aws) == 0
    assert {(each.type, each.image) for each in aws.instances.values()} == {("t4g.medium", OLD)}
    lock = read_lock(file)
    assert lock
    assert {node.source for node in lock.nodes.values()} == {PIN}


def test_what_a_failed_deploy_leaves_of_a_protected_node_is_ended(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """CloudFormation cannot terminate the new instance: it lets go of it, with the node's address and tags."""
    aws = world(file, protected=True)
    aws.trouble = lambda number: 1 if number == 2 else None
    with pytest.raises(Failure, match=r"mend the cause, then \./muster roll"):
        roll(file, aws)
    assert (aws.orphans, aws.ended, set(aws.instances)) == ([], ["i-00000000000000003"], {"b"})
    said = "  ending i-00000000000000003, made for node a and none of the stack's"
    assert capsys.readouterr().out.splitlines().count(said) == 1
    aws.trouble = lambda _: None
    assert roll(file, aws) == 0
    assert {(each.type, each.image) for each in aws.instances.values()} == {("t4g.large", OWN)}


def test_what_an_interrupted_roll_left_is_no_node_and_is_ended_by_the_next(file: Path) -> None:
    aws = world(file, protected=True)

    def interrupted(number: int) -> int | None:
        if number != 2:
            return None
        aws.trouble = lambda _: 1
        aws.deploy(file)
        raise KeyboardInterrupt

    aws.trouble = interrupted
    with pytest.raises(KeyboardInterrupt):
        roll(file, aws)
    assert aws.orphans == ["i-00000000000000003"]
    aws.trouble = lambda _: None
    assert roll(file, aws) == 0
    assert (aws.orphans, aws.ended) == ([], ["i-00000000000000003"])
    assert {(each.type, each.image) for each in aws.instances.values()} == {("t4g.large", OWN)}


def test_what_a_swap_by_hand_left_is_named_with_what_ends_it(file: Path, write_cluster: WriteCluster) -> None:
    """Also where nothing is to roll: it is none of the nodes that this roll takes out."""
    file.write_text(write_cluster().read_text())
    aws = world(file, protected=True)
    aws.strays.append(("b", Instance("i-9", "t4g.medium", OLD, "10.64.1.11", "eu-west-1b", protected=True)))
    at = "--region eu-west-1"
    with pytest.raises(Failure) as failure:
        roll(file, aws)
    assert str(failure.value) == (
        "i-9 carries the tags of node b and is not the stack's, which a failed deploy left; it keeps the node's "
        f"address and volume; to end it: aws ec2 modify-instance-attribute --instance-id i-9 {at} "
        f"--no-disable-api-termination && aws ec2 terminate-instances --instance-ids i-9 {at}"
    )
    assert (aws.deploys, aws.orphans) == ([], ["i-9"])


def test_an_unhealthy_member_stops_the_roll_before_another_is_taken_out(file: Path) -> None:
    aws = world(file)
    aws.instances["b"].healthy = False
    with pytest.raises(Failure, match="b is unhealthy; nothing more is taken out"):
        roll(file, aws)
    assert aws.deploys == []


def test_a_member_that_gets_sick_on_the_way_stops_the_roll(file: Path) -> None:
    aws = world(file)

    def sick(number: int) -> None:
        aws.instances["b"].healthy = number < 2

    aws.trouble = sick
    with pytest.raises(Failure, match="b is unhealthy"):
        roll(file, aws)
    assert set(aws.instances) == {"a", "b"}
    assert len(aws.deploys) == 2


def test_protection_is_lifted_from_the_node_that_goes_alone(tmp_path: Path, write_cluster: WriteCluster) -> None:
    file = prepared(tmp_path, write_cluster, {"type": "t4g.medium", "ami": OWN})
    aws = world(file, protected=True)
    aws.trouble = lambda number: 1 if number == 3 else None
    with pytest.raises(Failure):
        roll(file, aws)
    assert aws.orphans == []
    assert all(each.protected for each in aws.instances.values())


def test_the_plan_is_shown_and_a_no_changes_nothing(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    aws = world(file)
    before = read_lock(file)
    assert roll(file, aws, yes=False, ask=lambda _: False) == 1
    assert "4 deploys for 2 nodes" in capsys.readouterr().out
    assert (read_lock(file), aws.deploys) == (before, [])


def test_without_a_terminal_it_wants_a_yes(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(Failure, match="add --yes") as failure:
        roll(file, world(file), yes=False)
    assert failure.value.code == 2


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (None, "is not there: nothing is launched"),
        ("UPDATE_IN_PROGRESS", "is busy"),
        ("UPDATE_ROLLBACK_FAILED", "bring it to rest"),
    ],
)
def test_a_stack_that_is_not_at_rest_is_left_alone(status: str | None, words: str, file: Path) -> None:
    aws = world(file, status=status)
    with pytest.raises(Failure, match=words):
        roll(file, aws)
    assert aws.deploys == []


def test_without_a_lock_file_it_asks_for_one(write_cluster: WriteCluster) -> None:
    with pytest.raises(Failure, match="there is no lock file"):
        roll(write_cluster(name="unlocked"), World())


def test_what_is_refused_is_told_with_its_line(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(file.read_text().replace("eu-west-1b", "eu-west-1c"))
    with pytest.raises(Failure, match="is refused"):
        roll(file, World())
    assert f"{file}:1: nodes.b.zone: node b is launched in eu-west-1b" in capsys.readouterr().err


def test_the_small_aws_refuses_what_would_replace_a_node(file: Path) -> None:
    """Negative control: a lock that skips the step in which the node is out."""
    lock = read_lock(file)
    assert lock
    write_lock(file, lock.with_node("a", image=OWN).changed(rolling=("a", "b")))
    with pytest.raises(AssertionError, match="a would be replaced"):
        world_of(lock).deploy(file)

"""`muster status` compares what AWS has with what the lock file says, and finds each difference."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from muster.spec import load, lock_path, locked, read_lock, write_lock
from operations.errors import Failure
from operations.status import status_file
from tests.conftest import WriteCluster
from tests.lock_help import NEW, OLD, pinned
from tests.roll_world import Instance, World


@pytest.fixture
def file(tmp_path: Path, write_cluster: WriteCluster) -> Path:
    """Return a cluster file with its lock, launched from the old image."""
    file = tmp_path / "mine.yaml"
    file.write_text(write_cluster().read_text())
    cluster = load(file)
    write_lock(file, locked(pinned(locked(None, cluster), OLD), cluster))
    return file


@pytest.fixture
def aws(file: Path) -> World:
    """Return AWS in which all of it runs well."""
    world = World(parameter=json.dumps({"generation": "0123456789abcdef"}))
    world.deploy(file)
    return world


def status(file: Path, aws: World) -> int:
    return status_file(file, lambda _: aws)


def test_all_well_is_0_and_shows_every_node(file: Path, aws: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(file, aws) == 0
    said = capsys.readouterr().out
    assert all(f"i-{number:017x}" in said for number in (1, 2))
    assert "stack muster-as400: UPDATE_COMPLETE; settings generation 0123456789abcdef" in said
    assert "not well" not in said


def other(**fields: str) -> Callable[[World], None]:
    def change(aws: World) -> None:
        for name, value in fields.items():
            setattr(aws.instances["b"], name, value)

    return change


def stray(aws: World) -> None:
    aws.strays.append(("b", Instance("i-9", "t4g.medium", OLD, "10.64.1.11", "eu-west-1b", protected=True)))


def stray_alone(aws: World) -> None:
    """Leave b's instance running, but none of the stack's."""
    aws.strays.append(("b", aws.instances.pop("b")))


ENDS = (
    "i-9 carries the tags of node b and is not the stack's, which a failed deploy left; it keeps the node's address "
    "and volume; to end it: aws ec2 modify-instance-attribute --instance-id i-9 --region eu-west-1 "
    "--no-disable-api-termination && aws ec2 terminate-instances --instance-ids i-9 --region eu-west-1"
)


def orphan(aws: World) -> None:
    aws.instances["c"] = Instance("i-3", "t4g.medium", OLD, "10.64.0.9", "eu-west-1a")


WRONG: list[tuple[Callable[[World], object], str]] = [
    (other(image=NEW), f"b: image {NEW}, the lock says {OLD}"),
    (other(type="t4g.large"), "b: type t4g.large, the lock says t4g.medium"),
    (other(address="10.64.1.99"), "b: address 10.64.1.99, the lock says 10.64.1.11"),
    (other(zone="eu-west-1c"), "b: zone eu-west-1c, the lock says eu-west-1b"),
    (lambda aws: setattr(aws.instances["b"], "healthy", False), "b: is unhealthy"),
    (lambda aws: aws.instances.pop("b"), "b: has no instance"),
    (orphan, "i-3 is tagged as node c, which the lock file does not know"),
    (stray, ENDS),
    (stray_alone, "b: has no instance"),
    (lambda aws: setattr(aws, "parameter", None), "the settings document /muster/as400/settings is not there"),
    (lambda aws: setattr(aws, "status", "UPDATE_ROLLBACK_COMPLETE"), "the last deploy of muster-as400 was rolled back"),
    (lambda aws: setattr(aws, "status", "UPDATE_IN_PROGRESS"), "the stack muster-as400 is busy"),
    (lambda aws: setattr(aws, "status", "DELETE_FAILED"), "the stack muster-as400 is DELETE_FAILED"),
]


@pytest.mark.parametrize(("harm", "words"), WRONG, ids=[words for _, words in WRONG])
def test_each_difference_is_told_and_ends_with_1(
    harm: Callable[[World], object], words: str, file: Path, aws: World, capsys: pytest.CaptureFixture[str]
) -> None:
    harm(aws)
    assert status(file, aws) == 1
    assert f"  {words}" in capsys.readouterr().out


def test_a_node_that_serves_on_one_of_its_ports_alone_is_not_well(
    file: Path, aws: World, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.ports = (8080, 8090)
    assert status(file, aws) == 0
    aws.instances["b"].sick = frozenset({8080})
    assert status(file, aws) == 1
    assert "  b: is unhealthy on port 8080" in capsys.readouterr().out


def test_an_absent_node_without_an_instance_is_well(file: Path, aws: World) -> None:
    text = file.read_text().replace('"eu-west-1b"', '"eu-west-1b", "present": false')
    file.write_text(text)
    lock = locked(read_lock(file), load(file))
    write_lock(file, lock)
    assert status(file, aws) == 1
    del aws.instances["b"]
    assert status(file, aws) == 0


def test_what_the_file_wants_besides_is_a_note(file: Path, aws: World, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(file.read_text().replace("t4g.medium", "t4g.large"))
    assert status(file, aws) == 0
    assert "note: " in (said := capsys.readouterr().out)
    assert f"./muster roll {file}" in said


def test_a_stack_that_is_not_there_is_one_line(file: Path) -> None:
    with pytest.raises(Failure, match="there is no stack muster-as400 in eu-west-1 of the account 123456789012"):
        status(file, World(status=None))


def test_two_instances_of_one_node_are_a_failure(file: Path, aws: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both of the stack: somebody has tagged another's instance so."""
    described = aws._describe_instances()
    described["Reservations"] *= 2
    monkeypatch.setattr(aws, "_describe_instances", lambda **_: described)
    with pytest.raises(Failure, match="node a has two instances"):
        status(file, aws)


def test_a_damaged_lock_file_is_one_line(file: Path, aws: World) -> None:
    lock_path(file).write_text("{")
    with pytest.raises(Failure, match="is not JSON") as failure:
        status(file, aws)
    assert failure.value.code == 2

"""`muster rotate-key` writes what the next deploy does to the keys, and only where the deploy before has ended well."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.spec import Lock, load, lock_path, locked, read_lock, write_lock
from muster.spec.lock import DiscoveryKey
from operations import ROOT
from operations.aws import Aws, Denied, Missing
from operations.errors import Failure
from operations.lock import lock_file
from operations.review import Effect, Review, review
from operations.rotate_key import following, rotate_key_file
from operations.status import observe
from tests.aws_help import REGION
from tests.conftest import CARBON, Template, WriteCluster, synthesized
from tests.lock_help import OLD, pinned
from tests.template_help import attribute, of_type, ref, text, the
from tests.wso2_as_support import server

KEYED: Mapping[str, Any] = {**CARBON, "name": "keyed", "instance": {"type": "t4g.medium", "java": 8}}
KERNEL = {"kernel": "4.4.40"}
FIRST, BOTH, SECOND = DiscoveryKey(), DiscoveryKey(current=2, former=1), DiscoveryKey(current=2)


@dataclass
class World(Aws):
    """An account in which one cluster is deployed with these keys; `keys` are the numbers of those there are."""

    status: str | None = "UPDATE_COMPLETE"
    current: int | None = 1
    keys: list[int] = field(default_factory=lambda: [1])
    denied: bool = False
    asked: int = 0

    def __post_init__(self) -> None:
        super().__init__(REGION)

    def deploy(self, key: DiscoveryKey) -> None:
        """Do what a deploy with the lock's `key` does; a user has two keys at most."""
        wanted = [each for each in (key.former, key.current) if each]
        assert len({*self.keys, *wanted}) <= 2, "Cannot exceed quota for AccessKeysPerUser: 2"
        self.current, self.keys = key.current, wanted

    def call(self, service: str, operation: str, **_: Any) -> Any:
        """Answer as AWS does."""
        self.asked += 1
        if self.denied:
            raise Denied(f"your AWS credentials may not {operation}")
        return getattr(self, f"_{service}_{operation}")()

    def pages(self, service: str, operation: str, result: str, **_: Any) -> list[Any]:
        """Answer as AWS does, all pages at once."""
        assert (service, operation, result) == ("cloudformation", "list_stack_resources", "StackResourceSummaries")
        made = {"ResourceType": "AWS::IAM::AccessKey", "ResourceStatus": "CREATE_COMPLETE"}
        gone = {**made, "ResourceStatus": "DELETE_COMPLETE"}
        return [
            {"ResourceType": "AWS::IAM::User", "ResourceStatus": "CREATE_COMPLETE"},
            gone,
            *[made for _ in self.keys],
        ]

    def _sts_get_caller_identity(self) -> Any:
        return {"Account": "123456789012"}

    def _cloudformation_describe_stacks(self) -> Any:
        if self.status is None:
            raise Missing("Stack with id muster-keyed does not exist", "ValidationError")
        return {"Stacks": [{"StackStatus": self.status}]}

    def _ssm_get_parameter(self) -> Any:
        if self.current is None:
            raise Missing("no parameter", "ParameterNotFound")
        return {"Parameter": {"Value": json.dumps({"settings": {"discovery_key": self.current}})}}


@pytest.fixture
def file(tmp_path: Path, write_cluster: WriteCluster) -> Path:
    """Return the file of a cluster whose engine takes a user's key, launched and with its lock."""
    return prepared(tmp_path, write_cluster)


def prepared(folder: Path, write_cluster: WriteCluster, **changes: Any) -> Path:
    return launched(folder, write_cluster(**{**KEYED, "wso2": KERNEL, **changes}))


def launched(folder: Path, written: Path) -> Path:
    file = folder / "mine.yaml"
    file.write_text(written.read_text())
    cluster = load(file)
    write_lock(file, locked(pinned(locked(None, cluster), OLD), cluster))
    return file


def rotate(file: Path, aws: World, *, yes: bool = True) -> int:
    return rotate_key_file(file, yes=yes, ask=lambda _: False, connect=lambda _: aws)


def lock_of(file: Path) -> Lock:
    lock = read_lock(file)
    assert lock
    return lock


def with_key(file: Path, key: DiscoveryKey) -> None:
    write_lock(file, lock_of(file).changed(discovery_key=key))


# which key comes after which


@given(st.integers(1, 50), st.integers(1, 20))
def test_numbers_only_grow_and_a_user_has_never_more_than_two_keys(current: int, runs: int) -> None:
    key, aws = DiscoveryKey(current=current), World(keys=[current])
    for _ in range(runs):
        after = following(key)
        assert (after.former is None) != (key.former is None)
        assert after.current == key.current + (key.former is None)
        aws.deploy(after)
        key = after
    assert key.current == current + (runs + 1) // 2


# what the command does


def test_the_first_run_puts_another_key_beside_the_one_in_use(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = lock_of(file)
    assert rotate(file, World()) == 0
    assert lock_of(file) == before.changed(discovery_key=BOTH)
    said = capsys.readouterr().out
    assert "node a then node b then node c" in said
    assert "Both keys work meanwhile" in said
    assert "After a leak do both at once: the leaked key works until then" in said
    assert f"deploy it: ./muster cdk deploy -c cluster={file}, then ./muster rotate-key {file} again" in said


def test_members_are_named_in_the_order_of_their_turns_and_absent_ones_not(
    tmp_path: Path, write_cluster: WriteCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    file = prepared(tmp_path, write_cluster)
    nodes = {**CARBON["nodes"], "aa": {"zone": "eu-west-1a"}, "b": {"zone": "eu-west-1b", "present": False}}
    file.write_text(json.dumps({**json.loads(file.read_text()), "nodes": nodes}))
    assert lock_file(file, check=False) == 0
    rotate(file, World())
    assert "node a then node c then node aa" in capsys.readouterr().out


def test_the_second_run_ends_the_former_key(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_key(file, BOTH)
    assert rotate(file, World(current=2, keys=[1, 2])) == 0
    assert lock_of(file).discovery_key == SECOND
    said = capsys.readouterr().out
    assert "no product is restarted" in said
    assert f"deploy it: ./muster cdk deploy -c cluster={file}, which deletes key 1" in said


def test_servers_of_wso2_as_get_another_key_and_lose_the_former_one_in_the_same_way(
    tmp_path: Path, write_cluster: WriteCluster
) -> None:
    file = launched(tmp_path, write_cluster(**server(name="keyed")))
    for key, aws in ((BOTH, World()), (SECOND, World(current=2, keys=[1, 2]))):
        assert rotate(file, aws) == 0
        assert lock_of(file).discovery_key == key


def test_a_rotation_after_the_other_makes_key_after_key(file: Path) -> None:
    aws = World()
    for _ in range(6):
        assert rotate(file, aws) == 0
        key = lock_of(file).discovery_key
        assert key
        aws.deploy(key)
    assert (aws.current, aws.keys) == (4, [4])


def test_nothing_but_the_lock_file_is_written(file: Path) -> None:
    before = file.read_bytes()
    rotate(file, World())
    assert file.read_bytes() == before
    assert {each.name for each in file.parent.iterdir()} == {"mine.yaml", "mine.lock.json"}


def test_who_says_no_changes_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    before = lock_path(file).read_bytes()
    assert rotate(file, World(), yes=False) == 1
    assert lock_path(file).read_bytes() == before


def test_without_a_terminal_it_wants_a_yes(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    with pytest.raises(Failure, match="add --yes") as failure:
        rotate(file, World(), yes=False)
    assert failure.value.code == 2


# what is refused


UNDEPLOYED: list[tuple[DiscoveryKey, dict[str, Any], str]] = [
    (FIRST, {"status": None}, "the stack muster-keyed is not there"),
    (FIRST, {"status": "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"}, "is busy"),
    (FIRST, {"status": "UPDATE_ROLLBACK_COMPLETE"}, "has not ended well (UPDATE_ROLLBACK_COMPLETE)"),
    (FIRST, {"current": None}, "no parameter: ./muster cdk deploy"),
    (BOTH, {}, "the nodes use key 1, and key 2 is the lock file's"),
    (BOTH, {"status": "UPDATE_FAILED", "current": 2, "keys": [1, 2]}, "has not ended well (UPDATE_FAILED)"),
    (BOTH, {"status": "UPDATE_IN_PROGRESS", "current": 2, "keys": [1, 2]}, "is busy"),
    (SECOND, {"current": 2, "keys": [1, 2]}, "the former key is still there"),
    (SECOND, {}, "the nodes use key 1, and key 2 is the lock file's"),
    (FIRST, {"denied": True}, "may not"),
]


@pytest.mark.parametrize(("key", "fields", "words"), UNDEPLOYED, ids=[words for *_, words in UNDEPLOYED])
def test_what_is_not_deployed_yet_is_neither_rotated_nor_ended(
    file: Path, key: DiscoveryKey, fields: dict[str, Any], words: str
) -> None:
    with_key(file, key)
    before = lock_path(file).read_bytes()
    with pytest.raises(Failure) as failure:
        rotate(file, World(**fields))
    assert words in str(failure.value)
    assert (failure.value.code, len(str(failure.value).splitlines())) == (1, 1)
    assert lock_path(file).read_bytes() == before


def test_settings_that_name_no_key_are_one_line(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(World, "_ssm_get_parameter", lambda _: {"Parameter": {"Value": "[]"}})
    with pytest.raises(Failure, match="name no key") as failure:
        rotate(file, World())
    assert (failure.value.code, len(str(failure.value).splitlines())) == (1, 1)


OTHERS: list[tuple[dict[str, Any], str]] = [
    ({"wso2": {"kernel": "4.10.126"}, "instance": {"type": "t4g.medium"}}, "with the instance's own role"),
    ({"wso2": {"kernel": "4.9.28"}, "instance": {"type": "t4g.medium"}}, "with the discovery role"),
    ({"wso2": {**KERNEL, "membership": "wka"}}, "nothing in it asks the EC2 API"),
]


@pytest.mark.parametrize(("changes", "words"), OTHERS, ids=[words for _, words in OTHERS])
def test_a_cluster_without_such_a_key_is_refused_with_what_its_engine_asks_by(
    tmp_path: Path, write_cluster: WriteCluster, changes: dict[str, Any], words: str
) -> None:
    refused(prepared(tmp_path, write_cluster, **changes), words)


def test_another_product_is_refused(write_cluster: WriteCluster) -> None:
    refused(write_cluster(), "there is no key to change: nothing in it asks the EC2 API")


def refused(file: Path, words: str) -> None:
    """See that this is refused as bad input, in one line, before AWS is asked."""
    aws = World()
    with pytest.raises(Failure) as failure:
        rotate(file, aws)
    assert words in str(failure.value)
    assert (failure.value.code, len(str(failure.value).splitlines()), aws.asked) == (2, 1, 0)


def test_without_a_lock_file_it_asks_for_one(file: Path) -> None:
    lock_path(file).unlink()
    refused(file, f"there is no lock file: ./muster lock {file}")


def test_a_lock_that_is_behind_is_named_with_its_command(file: Path) -> None:
    file.write_text(file.read_text().replace('"eu-west-1b"', '"eu-west-1b", "present": false'))
    refused(file, f"mine.lock.json does not know of: node b: is absent: run ./muster lock {file}")


def test_a_roll_under_way_comes_first(file: Path) -> None:
    write_lock(file, lock_of(file).changed(rolling=("a",)))
    refused(file, f"a roll is under way: ./muster roll {file} first")


def test_a_wrong_file_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(Failure) as failure:
        rotate(tmp_path / "none.yaml", World())
    assert failure.value.code == 2


def command(file: Path) -> tuple[int, list[str]]:
    """Run the command as a person without credentials does; return its code and what it said of errors."""
    nobody = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-m", "operations", "rotate-key", "--yes", str(file)],
        cwd=ROOT,
        env={**environment, **nobody, "AWS_EC2_METADATA_DISABLED": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr.splitlines()


def test_on_the_command_line_every_error_is_one_line_and_bad_input_another_code(file: Path) -> None:
    code, (line,) = command(file)
    assert (code, line.partition(":")[0]) == (1, "muster")
    assert "no complete AWS credentials" in line
    lock_path(file).unlink()
    assert command(file) == (2, [f"muster: there is no lock file: ./muster lock {file}"])


# what the lock keeps


def test_the_key_outlives_edits_and_another_lock(file: Path) -> None:
    with_key(file, BOTH)
    file.write_text(file.read_text().replace('"nodes": {', '"nodes": {"d": {"zone": "eu-west-1b"}, '))
    assert lock_file(file, check=False) == 0
    assert lock_of(file).discovery_key == BOTH


def test_a_cluster_that_needs_no_user_any_more_counts_no_keys(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_key(file, BOTH)
    file.write_text(file.read_text().replace('"kernel"', '"membership": "wka", "kernel"'))
    assert lock_file(file, check=False) == 0
    assert lock_of(file).discovery_key is None
    assert "discovery key: 2 beside 1 -> not counted" in capsys.readouterr().out


def test_a_key_that_was_never_changed_does_not_stand_in_the_lock_file(file: Path) -> None:
    assert "discovery_key" not in lock_path(file).read_text()


# what is deployed


Step = dict[str, Template]


@pytest.fixture(scope="module")
def steps(
    write_cluster: WriteCluster,
    node_files: Path,
    context: Mapping[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Step]:
    """Return the templates of a cluster before, in and after a rotation."""
    file = write_cluster(**{**KEYED, "name": "rotating", "wso2": KERNEL})
    lock = locked(None, load(file))
    made = {}
    for name, key in (("before", None), ("both", BOTH), ("after", SECOND)):
        write_lock(file, lock.changed(discovery_key=key))
        made[name] = synthesized(file, node_files, context, tmp_path_factory.mktemp("cdk"))
    yield made
    lock_path(file).unlink()


def document(template: Template) -> dict[str, Any]:
    _, parameter = the(template, "SSM::Parameter")
    found: dict[str, Any] = json.loads(text(parameter["Value"]))
    return found


def keys(template: Template) -> set[str]:
    return set(of_type(template, "IAM::AccessKey"))


def test_two_keys_stand_beside_each_other_while_one_follows_the_other(steps: Step) -> None:
    (first,), (second,) = keys(steps["before"]), keys(steps["after"])
    assert first != second
    assert keys(steps["both"]) == {first, second}
    numbers = {name: document(template)["settings"]["discovery_key"] for name, template in steps.items()}
    assert numbers == {"before": 1, "both": 2, "after": 2}


@pytest.mark.parametrize("step", ["before", "both", "after"])
def test_the_secret_has_the_current_key_and_no_template_has_any(steps: Step, step: str) -> None:
    template = steps[step]
    (current,) = keys(steps["before"] if step == "before" else steps["after"])
    _, secret = the(template, "SecretsManager::Secret")
    parts = secret["SecretString"]["Fn::Join"][1]
    assert [part for part in parts if not isinstance(part, str)] == [
        ref(current),
        attribute(current, "SecretAccessKey"),
    ]
    literal = "".join(part for part in parts if isinstance(part, str))
    assert json.loads(literal) == {"access_key_id": "", "secret_access_key": ""}
    assert json.dumps(template).count('"SecretAccessKey"') == 1, "the secret alone may have it"


def test_the_deploy_of_the_new_key_waits_for_the_members_and_the_end_of_the_former_tells_them_nothing(
    steps: Step,
) -> None:
    waits = {name: set(of_type(template, "CloudFormation::WaitCondition")) for name, template in steps.items()}
    assert not waits["before"] & waits["both"]
    assert waits["both"] == waits["after"]
    assert document(steps["both"]) == document(steps["after"])


def test_the_new_key_is_a_rolling_reconfiguration_and_the_end_of_the_former_touches_no_node(steps: Step) -> None:
    found = review(steps["before"], steps["both"])
    words = "setting settings.discovery_key: 1 to 2; each node's product restarts with that key in its turn"
    assert effects(found) == {
        ("a", Effect.ROLLING, (words,)),
        ("b", Effect.ROLLING, (words,)),
        ("c", Effect.ROLLING, (words,)),
    }
    assert (found.others, found.refusals) == ((), ())
    ended = review(steps["both"], steps["after"])
    assert {effect for _, effect, _ in effects(ended)} == {Effect.NOTHING}
    assert [(each.type, each.loss) for each in ended.others] == [("AWS::IAM::AccessKey", "deleted")]
    assert ended.refusals == ()


def effects(found: Review) -> set[tuple[str, Effect, tuple[str, ...]]]:
    return {(node.name, node.effect, node.reasons) for node in found.nodes}


def test_a_rotation_taken_back_between_its_steps_is_rolling_too(steps: Step) -> None:
    """The lock file of before, from version control: the first key again, and the second is deleted."""
    found = review(steps["both"], steps["before"])
    assert {effect for _, effect, _ in effects(found)} == {Effect.ROLLING}
    assert found.refusals == ()


def test_the_status_says_that_a_former_key_still_works(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operations.status.own_and_strays", lambda *_: ({}, []))
    monkeypatch.setattr("operations.status.seen_targets", lambda *_: [])
    for key, expected in ((FIRST, ()), (SECOND, ())):
        found = observe(World(), load(file), lock_of(file).changed(discovery_key=key))
        assert found
        assert found.notes == expected
    found = observe(World(), load(file), lock_of(file).changed(discovery_key=BOTH))
    assert found
    assert found.notes == (f"key 1 is to work until ./muster rotate-key {file} ends it",)

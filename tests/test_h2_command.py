"""`muster h2`: each command is one conditional write of what was seen, says what it costs, and loses races cleanly."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.aws import Aws
from operations.errors import Failure
from operations.h2 import backups as backup_commands
from operations.h2 import change
from operations.h2 import status as status_command
from operations.h2.item import Item, Restore, Witness, attributes, parsed
from operations.h2.status import status
from operations.h2.words import described
from tests.aws_help import moto as moto
from tests.conftest import WriteCluster
from tests.h2_world import BUCKET, PREFIX, TABLE, World, world

BOTH = Item(12, frozenset("ab"), "a", taken=1_700_000_000.0)
ALONE = Item(13, frozenset("a"), "a")
SHA = "f" * 64


@pytest.fixture
def pair(moto: Aws, write_cluster: WriteCluster, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return an account with a pair of two members, both of whose instances run for who orders a restore."""
    monkeypatch.setattr(backup_commands, "instances", lambda _: dict.fromkeys("ab", "running"))
    made = world(moto, write_cluster)
    made.put(BOTH)
    return made


def nobody(_: str) -> bool:
    raise AssertionError("nobody is to be asked")


def force(pair: World, node: str = "b", *, yes: bool = True) -> int:
    return change.force(pair.file, node, yes=yes, ask=nobody, connect=pair.connect)


def restore(pair: World, backup: str | None = None, node: str | None = None) -> int:
    return backup_commands.restore(pair.file, backup, node, yes=True, ask=nobody, connect=pair.connect)


def pause(pair: World, *, paused: bool = True) -> int:
    return change.pause(pair.file, paused=paused, connect=pair.connect)


def test_force_makes_a_node_the_one_member_by_an_operators_word(
    pair: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert force(pair) == 0
    after = pair.item
    assert after is not None
    assert (after.epoch, after.members, after.leader, after.forced) == (13, frozenset("b"), "b", True)
    assert after.taken == BOTH.taken
    said = capsys.readouterr().out
    assert "lost is whatever only node a has: it is a member" in said
    assert "before:\n  witness item: epoch 12, nodes a and b are members, node a leads" in said
    assert "after:\n  witness item: epoch 13, node b is the one member, last written by an operator" in said


def test_force_twice_changes_nothing_more(pair: World) -> None:
    assert [force(pair), force(pair)] == [0, 0]
    assert pair.item is not None
    assert pair.item.epoch == 13


def test_force_keeps_attributes_that_it_does_not_know_and_the_pause(pair: World) -> None:
    pair.put(Item(12, frozenset("ab"), "a", paused=True), later={"S": "kept"})
    force(pair)
    held = pair.aws("dynamodb").get_item(TableName=TABLE, Key={"id": {"S": "witness"}})["Item"]
    assert held["later"] == {"S": "kept"}
    assert held["paused"] == {"BOOL": True}


def test_force_without_an_item_names_adopt(pair: World) -> None:
    pair.put(None)
    with pytest.raises(Failure, match=r"there is no witness item.*\./muster h2 adopt .* --node NAME") as refused:
        force(pair)
    assert refused.value.code == 1
    assert pair.item is None


@pytest.mark.parametrize("command", [force, lambda pair, node: restore(pair, None, node)])
def test_a_node_that_is_not_in_the_file_is_bad_input(command: Callable[[World, str], int], pair: World) -> None:
    with pytest.raises(Failure, match="there is no node c; there are a, b") as refused:
        command(pair, "c")
    assert refused.value.code == 2


def test_a_node_that_is_absent_by_the_file_is_bad_input(pair: World, write_cluster: WriteCluster) -> None:
    nodes = {"a": {"zone": "eu-west-1a"}, "b": {"zone": "eu-west-1b", "present": False}}
    absent = World(pair.aws, write_cluster(nodes=nodes))
    with pytest.raises(Failure, match="node b is absent by the cluster file") as refused:
        force(absent)
    assert refused.value.code == 2


def test_without_yes_and_without_anybody_to_ask_nothing_is_changed(
    pair: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    with pytest.raises(Failure, match="add --yes") as refused:
        force(pair, yes=False)
    assert refused.value.code == 2
    assert pair.item is not None
    assert pair.item.epoch == 12


def test_who_says_no_changes_nothing_and_ends_with_1(pair: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    assert change.force(pair.file, "b", yes=False, ask=lambda _: False, connect=pair.connect) == 1
    assert pair.item is not None
    assert pair.item.epoch == 12


@pytest.mark.parametrize("command", [force, restore])
def test_a_write_that_comes_between_wins_and_is_named(
    command: Callable[[World], int], pair: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.back_up("1.sql.gz", sha256=SHA)
    honest = Witness.replace

    def late(self: Witness, epoch: int, item: Item) -> bool:
        pair.put(Item(13, frozenset("b"), "b", by="b:77"))
        return honest(self, epoch, item)

    monkeypatch.setattr(Witness, "replace", late)
    with pytest.raises(Failure, match="has changed meanwhile, and was left as it is"):
        command(pair)
    assert pair.item == Item(13, frozenset("b"), "b", by="b:77")


def test_a_write_whose_answer_was_lost_counts_as_done(pair: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client tries it again, and then the epoch is another one already: its own."""
    client = pair.aws("dynamodb")
    honest = client.update_item

    def twice(**arguments: Any) -> Any:
        honest(**arguments)
        return honest(**arguments)

    monkeypatch.setattr(client, "update_item", twice)
    assert force(pair) == 0


def test_pause_and_resume_change_that_alone_and_can_be_repeated(
    pair: World, capsys: pytest.CaptureFixture[str]
) -> None:
    for paused in (True, True, False, False):
        assert pause(pair, paused=paused) == 0
        assert pair.item is not None
        assert pair.item.paused is paused
        assert (pair.item.epoch, pair.item.members) == (12, frozenset("ab"))
    assert "both applications get errors from the database until ./muster h2 resume" in capsys.readouterr().out


def test_a_restore_is_one_write_of_members_epoch_and_order(pair: World, capsys: pytest.CaptureFixture[str]) -> None:
    pair.back_up("1.sql.gz", sha256="0" * 64)
    key = pair.back_up("2.sql.gz", sha256=SHA)
    assert restore(pair, "2.sql.gz", "b") == 0
    after = pair.item
    assert after is not None
    assert (after.epoch, after.members, after.leader) == (13, frozenset("b"), "b")
    assert after.ordered == Restore(key, SHA, 13)
    assert not after.forced
    assert "lost is whatever was written since" in capsys.readouterr().out
    assert restore(pair, key, "b") == 0
    assert pair.item == after


def test_without_a_key_the_newest_backup_is_restored_by_the_leader(pair: World) -> None:
    for name in ("2026-01-01", "2026-01-02"):
        key = pair.back_up(f"{name}.sql.gz", sha256=SHA)
    assert restore(pair) == 0
    assert pair.item is not None
    assert pair.item.members == {"a"}
    assert pair.item.ordered is not None
    assert pair.item.ordered.key == key


def test_an_order_is_void_once_the_epoch_has_moved_on_and_force_removes_it(pair: World) -> None:
    pair.back_up("1.sql.gz", sha256=SHA)
    restore(pair)
    assert pair.item is not None
    later = Item(14, frozenset("a"), "a", restore=pair.item.restore)
    assert later.ordered is None
    force(pair, "a")
    assert pair.item.restore is None
    assert (pair.item.epoch, pair.item.members) == (14, frozenset("a"))


def paused_with_a_backup(pair: World) -> None:
    pair.put(Item(12, frozenset("a"), "a", paused=True))
    pair.back_up("1.sql.gz")


RESTORES: list[tuple[Callable[[World], object], str, int]] = [
    (lambda pair: pair.back_up("1.sql.gz"), "was not put there by a node", 1),
    (lambda _: None, "there is no backup in s3://muster-as400-backups/backups/", 1),
    (lambda pair: pair.put(None), "there is no witness item", 1),
    (paused_with_a_backup, "is paused", 1),
]


def test_a_restore_by_a_node_that_does_not_run_is_refused_and_shuts_nobody_out(
    pair: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.back_up("1.sql.gz", sha256=SHA)
    before = pair.item
    monkeypatch.setattr(backup_commands, "instances", lambda _: {"a": "running", "b": "stopped"})
    with pytest.raises(Failure, match="the instance of node b is stopped"):
        restore(pair, node="b")
    assert pair.item == before
    assert restore(pair, node="a") == 0


@pytest.mark.parametrize(("harm", "words", "code"), RESTORES, ids=[words for _, words, _ in RESTORES])
def test_a_restore_that_cannot_be_is_refused_before_anything(
    harm: Callable[[World], object], words: str, code: int, pair: World
) -> None:
    harm(pair)
    before = pair.item
    with pytest.raises(Failure, match=words) as refused:
        restore(pair)
    assert refused.value.code == code
    assert pair.item == before


def test_a_backup_that_is_not_there_is_bad_input(pair: World) -> None:
    pair.back_up("1.sql.gz", sha256=SHA)
    with pytest.raises(Failure, match=r"there is no backup 9.sql.gz; see ./muster h2 backups") as refused:
        restore(pair, "9.sql.gz")
    assert refused.value.code == 2


def test_backups_are_listed_the_newest_first(pair: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert backup_commands.backups(pair.file, pair.connect) == 1
    for name in ("1.sql.gz", "2.sql.gz", "other.txt"):
        pair.back_up(name)
    capsys.readouterr()
    assert backup_commands.backups(pair.file, pair.connect) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines] == [f"{PREFIX}2.sql.gz", f"{PREFIX}1.sql.gz"]
    assert "99 bytes" in lines[0]


def test_a_cluster_without_backups_says_which_field_makes_them(moto: Aws, write_cluster: WriteCluster) -> None:
    made = world(moto, write_cluster, settings={"backup": {}})
    made.put(BOTH)
    with pytest.raises(Failure, match=r"set database.backup and deploy"):
        restore(made)


def test_status_of_a_whole_pair_is_0_and_shows_each_nodes_last_words(
    pair: World, capsys: pytest.CaptureFixture[str]
) -> None:
    pair.say(
        "a", "muster-gate: one", "muster-gate: two", "muster-member: other", "muster-gate: three", "muster-gate: 4"
    )
    assert status(pair.file, pair.connect) == 0
    said = capsys.readouterr().out
    assert "witness item: epoch 12, nodes a and b are members, node a leads, last written by node a" in said
    assert "last automatic take-over: 2023-11-14 22:13:20 UTC" in said
    assert all(word in said for word in ("UTC two", "UTC three", "UTC 4"))
    assert "UTC one" not in said
    assert "other" not in said
    assert "node b: its instance is not there" in said
    assert "  nothing that is known" in said


def test_status_names_the_newest_backup_and_is_1_if_that_is_old(
    pair: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert status(pair.file, pair.connect) == 0
    assert "there is no backup yet" in capsys.readouterr().out
    key = pair.back_up("1.sql.gz", sha256=SHA)
    assert status(pair.file, pair.connect) == 0
    assert f"the newest backup is {key} of 20" in capsys.readouterr().out
    monkeypatch.setattr(status_command, "OLD", timedelta(seconds=-60))
    assert status(pair.file, pair.connect) == 1
    assert "not well: the newest backup is older than two nights" in capsys.readouterr().out


def test_status_of_a_pair_whose_backups_cannot_be_looked_at_says_so(
    pair: World, capsys: pytest.CaptureFixture[str]
) -> None:
    pair.aws("s3").delete_bucket(Bucket=BUCKET)
    assert status(pair.file, pair.connect) == 0
    assert "its backups are not known: " in capsys.readouterr().out


UNWELL: list[tuple[Item | None, str]] = [
    (None, "not well: there is no witness item"),
    (ALONE, "not well: node b is out of the pair"),
    (Item(12, frozenset("ab"), "a", paused=True), "not well: the pair is paused"),
    (Item(12, frozenset("a"), "a", restore=Restore("k", SHA, 12)), "not well: a restore is under way"),
]


@pytest.mark.parametrize(("item", "words"), UNWELL, ids=[words for _, words in UNWELL])
def test_status_of_a_pair_that_is_not_whole_is_1_and_says_why(
    item: Item | None, words: str, pair: World, capsys: pytest.CaptureFixture[str]
) -> None:
    pair.put(item)
    assert status(pair.file, pair.connect) == 1
    assert words in capsys.readouterr().out


def test_an_item_that_is_not_whole_is_one_sentence(pair: World) -> None:
    pair.aws("dynamodb").put_item(TableName=TABLE, Item={"id": {"S": "witness"}})
    with pytest.raises(Failure, match="is not whole"):
        status(pair.file, pair.connect)


def test_a_stack_that_is_not_there_is_one_sentence(moto: Aws, write_cluster: WriteCluster) -> None:
    with pytest.raises(Failure, match="the stack muster-as400 is not there: deploy it first"):
        status(write_cluster(), lambda _: moto)


def test_a_stack_without_the_table_is_one_sentence(moto: Aws, write_cluster: WriteCluster) -> None:
    body = '{"Resources": {"B": {"Type": "AWS::S3::Bucket"}}}'
    moto("cloudformation").create_stack(StackName="muster-as400", TemplateBody=body)
    with pytest.raises(Failure, match="has 0 DynamoDB tables, not the one of an H2 pair: deploy it"):
        status(write_cluster(), lambda _: moto)


def test_a_file_that_is_not_right_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("name: x\n")
    with pytest.raises(Failure) as refused:
        status(tmp_path / "x.yaml")
    assert refused.value.code == 2


names = st.text("abc", min_size=1, max_size=3)


@given(
    epoch=st.integers(1, 10**12),
    members=st.frozensets(names, min_size=1, max_size=2),
    leader=names,
    taken=st.floats(0, 4e9),
    forced=st.booleans(),
    order=st.none() | st.builds(Restore, st.text(), st.text(), st.integers(0, 10**12)),
)
def test_an_item_is_read_back_as_it_was_written_and_can_be_told(
    epoch: int, members: frozenset[str], leader: str, taken: float, forced: bool, order: Restore | None
) -> None:
    item = Item(epoch, members, leader, taken, forced=forced, restore=order)
    assert parsed(attributes(item), "t") == item
    assert str(epoch) in described(item)[0]

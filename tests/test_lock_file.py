"""The lock file: always the same bytes, replaced as a whole, and refused in one line when it is damaged."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.spec import SpecError, cluster_lock, load, lock_path, read_lock, write_lock
from muster.spec.lock import DiscoveryKey, Lock, parse, render
from tests.conftest import WriteCluster
from tests.lock_help import launched, pair

LOCK = launched(pair())
TEXT = render(LOCK)
WAY_OUT = "take it from version control as it was last deployed; without one, addresses may move"


def changed(**fields: Any) -> str:
    return json.dumps(json.loads(TEXT) | fields)


def node(**fields: Any) -> dict[str, Any]:
    nodes: dict[str, Any] = json.loads(TEXT)["nodes"]
    return nodes | {"b": nodes["b"] | fields}


DAMAGED: list[tuple[str, str]] = [
    ("", "is not JSON (line 1: Expecting value)"),
    (TEXT[:-10], f"is not JSON (line {TEXT[:-10].count(chr(10)) + 1}: Expecting ',' delimiter)"),
    (f"<<<<<<< HEAD\n{TEXT}=======\n{TEXT}>>>>>>> branch\n", "holds the marks of a merge conflict"),
    ("[]", "has the format nothing, this Muster knows 1"),
    (changed(format=2), "has the format 2, this Muster knows 1"),
    (changed(volume="20"), "is damaged: volume: Input should be a valid integer"),
    (changed(more=1), "is damaged: more: Extra inputs are not permitted"),
    (changed(nodes=node(ordinal=0)), "is damaged: ordinal 0 stands twice"),
    (changed(nodes=node(address="10.64.0.10")), "is damaged: address '10.64.0.10' stands twice"),
    (changed(nodes=node(zone="eu-west-1c")), "is damaged: zone eu-west-1c is a node's, but none of the zones"),
    (changed(next_ordinal=1), "is damaged: next_ordinal 1 is not above every node's"),
    (changed(rolling=["c"]), "is damaged: c is rolling, but no node"),
    (
        changed(discovery_key={"current": 0, "former": None}),
        "is damaged: discovery_key.current: Input should be greater than or equal to 1",
    ),
    (
        changed(discovery_key={"current": 2, "former": 2}),
        "is damaged: discovery_key: the former key 2 is not below the current one, 2",
    ),
    (
        changed(discovery_key={"current": 2, "older": 1}),
        "is damaged: discovery_key.older: Extra inputs are not permitted",
    ),
    ('{"format": 1, "format": 1}', "key 'format' stands twice"),
    ("[" * 100_000, "is nested too deep"),
]


@pytest.mark.parametrize(("text", "words"), DAMAGED, ids=[words for _, words in DAMAGED])
def test_a_damaged_lock_file_is_refused_in_one_line(text: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    lock_path(file).write_text(text)
    with pytest.raises(SpecError) as error:
        read_lock(file)
    assert str(error.value) == f"{tmp_path}/x.lock.json: {words}: {WAY_OUT}"


@given(st.data())
def test_any_edit_of_the_text_is_a_lock_or_a_clause(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(TEXT)))
    text = TEXT[:at] + data.draw(st.text(max_size=3)) + TEXT[at + data.draw(st.integers(0, 40)) :]
    try:
        words = render(parse(text))[:1]
    except ValueError as error:
        words = str(error)
    assert len(words.splitlines()) == 1


def test_the_lock_lies_beside_its_cluster_file_and_is_found_by_the_cluster(write_cluster: WriteCluster) -> None:
    file = write_cluster(name="beside")
    assert cluster_lock(load(file)) is None
    write_lock(file, LOCK)
    assert lock_path(file) == file.parent / f"{file.stem}.lock.json"
    assert cluster_lock(load(file)) == LOCK
    lock_path(file).unlink()


def test_the_file_has_sorted_keys_and_a_newline_at_its_end() -> None:
    assert json.dumps(json.loads(TEXT), indent=2, sort_keys=True) + "\n" == TEXT
    assert parse(TEXT) == LOCK


@given(st.integers(1), st.data())
def test_the_numbers_of_keys_stand_in_the_file_once_they_are_counted(current: int, data: st.DataObject) -> None:
    """And a lock of before, or of a cluster without such a key, is the bytes that it always was."""
    former = data.draw(st.none() | st.integers(1, current - 1)) if current > 1 else None
    lock = LOCK.changed(discovery_key=DiscoveryKey(current=current, former=former))
    assert json.loads(render(lock)) == json.loads(TEXT) | {"discovery_key": {"current": current, "former": former}}
    assert parse(render(lock)) == lock
    assert render(lock.changed(discovery_key=None)) == TEXT
    assert "discovery_key" not in TEXT


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "x.yaml"
    write_lock(file, LOCK)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_lock(file, LOCK.changed(volume=40))
    assert read_lock(file) == LOCK
    assert [each.name for each in tmp_path.iterdir()] == ["x.lock.json"]


def test_a_lock_that_is_a_link_stays_one_and_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real = tmp_path / "real" / "lock.json"
    real.write_text("{}")
    real.chmod(0o640)
    lock_path(tmp_path / "x.yaml").symlink_to(real)
    write_lock(tmp_path / "x.yaml", LOCK)
    assert lock_path(tmp_path / "x.yaml").is_symlink()
    assert (parse(real.read_text()), real.stat().st_mode & 0o777) == (LOCK, 0o640)


def test_a_field_that_a_lock_has_not_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="Extra inputs"):
        Lock.changed(LOCK, other=1)

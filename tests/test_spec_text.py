"""Cluster files that are not plain YAML of one mapping are refused in one clear line each."""

from pathlib import Path

import pytest

from muster.spec import SpecError, load
from muster.spec.reading import LARGEST, read

WANT = "want a mapping of fields such as `name: as400`"

REFUSED = [
    (b"", f":1: is empty, {WANT}"),
    (b"# only this\n", f":1: is empty, {WANT}"),
    (b"- a\n", f":1: got a list, {WANT}"),
    (b"text\n", f":1: got 'text', {WANT}"),
    (b"a: b: c\n", ":1: is not YAML: mapping values are not allowed here"),
    (b"a: 1\n\tb: 2\n", ":2: is not YAML: found a tab, want spaces"),
    (b"a: 'x\n", ":2: is not YAML: found unexpected end of stream"),
    (b"a: [\n", ":2: is not YAML: expected the node content, but found '<stream end>'"),
    (b"a: 1\nb: \x00\n", ":2: holds the character U+0000, want printable text"),
    (b"a: 1\nb: \xff\n", ":2: byte 0xff is not UTF-8, want UTF-8"),
    (b"\xef\xbb\xbfa: 1\n", ":1: begins with a byte order mark, want plain UTF-8"),
    ("a: 1".encode("utf-16"), ":1: begins with a byte order mark, want plain UTF-8"),
    (b"[" * 100, f": is nested too deep, {WANT}"),
    (b"a" * (LARGEST + 1), ": is larger than 256 KiB, want a cluster file"),
]


@pytest.mark.parametrize(("data", "words"), REFUSED, ids=lambda value: repr(value)[:40])
def test_refuses_what_is_not_one_mapping(data: bytes, words: str, tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(data)
    with pytest.raises(SpecError) as error:
        load(file)
    assert str(error.value) == f"{file}{words}"


LESSER = [
    ("a: 1\na: 2\n", 2, "a: stands twice, first in line 1, want it once"),
    ("a: &x 1\n", 1, "a: sets the anchor &x, want the value written out"),
    ("a: &x 1\nb: *x\n", 2, "b: uses the alias *x, want the value written out"),
    ("a: !!python/x y\n", 1, "a: has the tag 'tag:yaml.org,2002:python/x', want a plain value"),
    ("a: !x y\n", 1, "a: has the tag '!x', want a plain value"),
    ("? [a]\n: b\n", 1, "has a key that is not plain text"),
    ("%YAML 1.1\n---\na: 1\n", 2, "has a % directive, want none"),
    ("a: 1\n---\nb: 1\n", 2, "begins a second document, want one"),
]


@pytest.mark.parametrize(("text", "line", "words"), LESSER, ids=lambda value: repr(value)[:30])
def test_notes_what_a_mapping_may_not_hold(text: str, line: int, words: str, tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(text, encoding="utf-8")
    assert f"{file}:{line}: {words}" in [str(fault) for fault in read(file).faults]


def test_plain_yaml_has_no_such_note(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("---\na: {b: 1, c: [x, y]}\nd: 'e'\n", encoding="utf-8")
    assert read(file).faults == []


def test_words_and_times_stay_text(tmp_path: Path) -> None:
    """`no` and `1:30` are a boolean and a number to readers of YAML 1.1."""
    file = tmp_path / "x.yaml"
    file.write_text('a: no\nb: on\nc: 1:30\nd: "17"\ne: 017\nf: 0x11\ng: 1_000\nh: 17\ni: true\nj: ~\nk: 1.5\n')
    words = {"a": "no", "b": "on", "c": "1:30", "d": "17", "f": "0x11", "g": "1_000"}
    assert read(file).value == words | {"e": 17, "h": 17, "i": True, "j": None, "k": 1.5}


def test_every_key_knows_its_line(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("a:\n  b:\n    - x\n    - y: 1\n\nc: 2\n", encoding="utf-8")
    document = read(file)
    places = [("a",), ("a", "b"), ("a", "b", "0"), ("a", "b", "1", "y"), ("c",), ("a", "b", "9"), ("none",)]
    assert [document.line(place) for place in places] == [1, 2, 3, 4, 6, 2, 1]


@pytest.mark.parametrize("name", ["none.yaml", ".", "x\0y"])
def test_a_file_that_cannot_be_read_is_refused_by_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"no such file or directory|is a directory|is not the name of a file"):
        load(tmp_path / name)

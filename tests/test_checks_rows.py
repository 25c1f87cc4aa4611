"""The reader of H2's rows sees every difference between two real servers, changes nothing and shows no password."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.checks import copies, inside_h2
from rehearsal.checks.copies import Copy
from rehearsal.checks.h2 import DUMP, PROGRAM, Rows, rows_of
from rehearsal.doubles import build
from tests.double_support import SECRET, Bench


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Start two servers that hold the same rows, written by different ways."""
    made = Bench(tmp_path_factory.mktemp("rows"), build("as400gateway"))
    try:
        for index in (0, 1):
            made.start_h2(index)
        made.sql(0, "CREATE TABLE T(I INT PRIMARY KEY, V VARCHAR)")
        made.sql(0, "INSERT INTO T VALUES (1, 'one; INSERT INTO X('), (2, STRINGDECODE('a\\nSCRIPT: b  ')), (3, NULL)")
        made.create_cluster()
        yield made
    finally:
        for name in list(made.running):
            made.stop(name)


def order(bench: Bench, index: int, **changes: str) -> str:
    url = bench.url(index) + ";IFEXISTS=TRUE"
    return json.dumps(
        {"jar": str(bench.jar), "url": url, "user": "sa", "password": SECRET, "statements": DUMP, **changes}
    )


def read(bench: Bench, index: int, **changes: str) -> Rows:
    done = run(order(bench, index, **changes))
    assert done.returncode == 0, done.stderr
    return rows_of(done.stdout)


def run(text: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.read_text()], input=text, capture_output=True, text=True, timeout=60, check=False
    )


def copy(bench: Bench, index: int) -> Copy:
    rows = read(bench, index)
    return Copy("ab"[index], rows.tables, rows.schema)


def test_two_copies_of_a_real_cluster_are_equal(bench: Bench) -> None:
    """Values that look like the dump's own syntax are no rows of their own."""
    assert [len(rows) for rows in copy(bench, 0).tables.values()] == [3]
    assert copies.judge([copy(bench, 0), copy(bench, 1)]).verdict == "valid"


def test_reading_leaves_the_cluster_as_it_was(bench: Bench) -> None:
    setting = "SELECT VALUE FROM INFORMATION_SCHEMA.SETTINGS WHERE NAME = 'CLUSTER'"
    read(bench, 0)
    assert [bench.servers in bench.sql(index, setting) for index in (0, 1)] == [True, True]


def test_a_value_changed_behind_the_clusters_back_is_seen(bench: Bench) -> None:
    bench.sql(1, "UPDATE T SET V = 'other' WHERE I = 3")
    finding = copies.judge([copy(bench, 0), copy(bench, 1)])
    assert (finding.verdict, finding.detail) == ("invalid", "PUBLIC.T: 1 rows on a alone, 1 on b alone")
    bench.sql(1, "UPDATE T SET V = NULL WHERE I = 3")
    assert copies.judge([copy(bench, 0), copy(bench, 1)]).verdict == "valid"


def test_a_database_that_does_not_exist_is_an_error_and_is_not_made(bench: Bench) -> None:
    url = bench.url(0).replace("connections", "connection") + ";IFEXISTS=TRUE"
    done = run(order(bench, 0, url=url))
    assert done.returncode == 1
    assert "not found" in done.stderr
    assert not list(bench.folder.rglob("connection.*"))


def test_a_wrong_password_is_an_error_of_one_line_that_does_not_show_it(bench: Bench) -> None:
    done = run(order(bench, 0, password="not-this-one"))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "not-this-one" not in done.stderr


def test_the_password_is_on_no_command_line(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A java that shows its command line stands in for the real one."""
    java = tmp_path / "java"
    java.write_text('#!/bin/sh\necho "Error: $0 $*" >&2; ls -l "${1#@}" >&2; exit 1\n')
    java.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    done = run(order(bench, 0))
    assert "/arguments" in done.stderr
    assert SECRET not in done.stderr


@given(st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"])))
def test_any_argument_is_quoted_as_the_java_launcher_unquotes_it(argument: str) -> None:
    quoted = inside_h2.quoted(argument)
    assert "\n" not in quoted
    assert json.loads(quoted.replace("\t", "\\t"), strict=False) == argument

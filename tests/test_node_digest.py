"""What two equal copies have in common, as real servers compute it."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from musternode.h2 import text
from musternode.h2.digest import SCHEMA, Column, Dialect, differences, digest, statement, sum_of_lines
from tests.h2_server import VERSIONS, Held, held

COLUMNS = ("N INT", "V VARCHAR", "C CLOB", "B BLOB", "Y VARBINARY", "D DECIMAL(20, 4)", "I VARCHAR_IGNORECASE")
TYPED = (*COLUMNS, "T TIMESTAMP WITH TIME ZONE", "O BOOLEAN", "F DOUBLE", "U UUID")
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
BYTES = st.binary(max_size=4)
MOMENTS = [f"TIMESTAMP WITH TIME ZONE '2020-01-01 00:00:0{second}{zone}'" for second in "01" for zone in ("+00", "+01")]
CELLS: dict[str, st.SearchStrategy[str]] = {
    "N": st.integers(-3, 3).map(str),
    "V": WORDS.map(text.literal),
    "C": WORDS.map(lambda value: f"CAST({text.literal(value)} AS CLOB)"),
    "B": BYTES.map(lambda value: f"X'{value.hex()}'"),
    "Y": BYTES.map(lambda value: f"X'{value.hex()}'"),
    "D": st.integers(-90000, 90000).map(lambda value: f"{value / 10000:.4f}"),
    "I": st.sampled_from(["'a'", "'A'", "''", "'1:a'"]),
    "T": st.sampled_from(MOMENTS),
    "O": st.sampled_from(["TRUE", "FALSE"]),
    "F": st.sampled_from(["1e0", "1e-300", "-5e7", "1.5e0"]),
    "U": st.uuids().map(lambda value: f"'{value}'"),
}
ROWS = st.lists(st.tuples(*(st.just("NULL") | CELLS[one[0]] for one in TYPED)), max_size=6)
LIVE = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module", params=VERSIONS)
def real(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    """Return a real server with an empty database."""
    with held(tmp_path_factory.mktemp("digest"), request.param) as made:
        made.create("CREATE TABLE KEPT(A INT)")
        yield made


def found(real: Held, *statements: str) -> dict[str, str]:
    """Return the digest after `statements`."""
    with real.session() as session:
        session.execute(*statements)
        return dict(digest(session))


def rows(real: Held, *values: str, columns: str = "A VARCHAR, B VARCHAR") -> str:
    """Return what the digest says of a new table that holds the rows `values`."""
    inserted = [f"INSERT INTO T VALUES({value})" for value in values]
    return found(real, "DROP TABLE IF EXISTS T", f"CREATE TABLE T({columns})", *inserted)["PUBLIC.T"]


@LIVE
@given(ROWS, st.randoms(use_true_random=False))
def test_the_same_rows_in_another_order_are_equal(real: Held, made: list[tuple[str, ...]], random: Any) -> None:
    values = [", ".join(row) for row in made]
    first = rows(real, *values, columns=", ".join(TYPED))
    random.shuffle(values)
    assert rows(real, *values, columns=", ".join(TYPED)) == first
    assert first.startswith(f"{len(made)} rows, ")


@LIVE
@given(ROWS.filter(bool), st.data())
def test_any_changed_cell_is_seen(real: Held, made: list[tuple[str, ...]], data: st.DataObject) -> None:
    row, column = data.draw(st.integers(0, len(made) - 1)), data.draw(st.integers(0, len(TYPED) - 1))
    old = made[row][column]
    new = data.draw((st.just("NULL") | CELLS[TYPED[column][0]]).filter(lambda value: value != old))
    changed = [*made[:row], (*made[row][:column], new, *made[row][column + 1 :]), *made[row + 1 :]]
    columns = ", ".join(TYPED)
    before = rows(real, *(", ".join(one) for one in made), columns=columns)
    assert rows(real, *(", ".join(one) for one in changed), columns=columns) != before


@pytest.mark.parametrize(
    "different",
    [
        ("NULL, 'x'", "'', 'x'", "'N', 'x'"),
        ("'a', 'bc'", "'ab', 'c'", "'abc', ''", "'', 'abc'", "'abc', NULL"),
        ("'a', 'b'", "'b', 'a'"),
        ("'x', 'x '", "'x', 'x'", "'x ', 'x'"),
    ],
)
def test_what_looks_alike_when_joined_is_told_apart(real: Held, different: tuple[str, ...]) -> None:
    assert len({rows(real, one) for one in different}) == len(different)


def test_numbers_beside_each_other_are_told_apart(real: Held) -> None:
    different = ("1, 23", "12, 3", "123, NULL", "NULL, 123", "-1, 23")
    assert len({rows(real, one, columns="A INT, B INT") for one in different}) == len(different)


def test_a_row_held_twice_is_not_a_row_held_once_or_not_at_all(real: Held) -> None:
    counts = [rows(real, *["'x', 'y'"] * times) for times in range(4)]
    assert len(set(counts)) == 4


def test_rows_that_swap_a_cell_are_seen(real: Held) -> None:
    assert rows(real, "'a', 'b'", "'c', 'd'") != rows(real, "'a', 'd'", "'c', 'b'")


@pytest.mark.parametrize("kind", ["CLOB", "VARCHAR"])
def test_the_last_character_of_a_great_value_counts(real: Held, kind: str) -> None:
    great = [f"REPEAT('0123456789', 100000) || '{end}'" for end in "xxy"]
    first, same, other = (rows(real, one, columns=f"A {kind}") for one in great)
    assert first == same
    assert first != other


def test_a_table_with_every_type_of_this_version_has_a_digest(real: Held) -> None:
    both = "BOOLEAN,TINYINT,SMALLINT,BIGINT,REAL,TIME,DATE,TIMESTAMP,BINARY(3),OTHER,CHAR(5),ENUM('a'),GEOMETRY"
    later = ",INT ARRAY,JSON,DECFLOAT,ROW(A INT),TIME WITH TIME ZONE"
    kinds = (both + ("" if real.server.version.startswith("1.") else later)).split(",")
    columns = ", ".join(f"A{number} {kind}" for number, kind in enumerate([*kinds, "INTERVAL DAY TO SECOND"]))
    assert rows(real, ", ".join(["NULL"] * (len(kinds) + 1)), columns=columns).startswith("1 rows, ")


def test_a_name_with_quotes_and_small_letters_is_only_a_name(real: Held) -> None:
    made = found(real, 'CREATE TABLE "o""d.d \'t"("c""; \'x" INT)', 'INSERT INTO "o""d.d \'t" VALUES(1)')
    assert made["PUBLIC.o\"d.d 't"].startswith("1 rows, ")
    found(real, 'DROP TABLE "o""d.d \'t"')


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE KEPT ADD COLUMN B INT DEFAULT 3",
        "ALTER TABLE KEPT ADD CONSTRAINT C CHECK (A > 0)",
        "CREATE INDEX X ON KEPT(A)",
        "CREATE SEQUENCE Q START WITH 4",
        "CREATE USER OTHER PASSWORD 'x'",
        "CREATE VIEW V AS SELECT A FROM KEPT",
        "REVOKE DELETE ON SCHEMA PUBLIC FROM AS400GATEWAY",
        "GRANT SELECT ON SCHEMA MUSTER TO AS400GATEWAY",
    ],
)
def test_a_change_that_is_no_row_is_seen_in_the_entry_of_the_schema(real: Held, change: str) -> None:
    before = found(real)
    after = found(real, change)
    assert before[SCHEMA] != after[SCHEMA]
    assert SCHEMA in differences(before, after)


def test_a_sequence_that_has_moved_is_seen(real: Held) -> None:
    before = found(real, "DROP SEQUENCE IF EXISTS MOVING", "CREATE SEQUENCE MOVING CACHE 1")
    assert found(real, "CALL NEXT VALUE FOR MOVING")[SCHEMA] != before[SCHEMA]


def test_passwords_settings_and_temporary_tables_do_not_count(real: Held) -> None:
    before = found(real)
    after = found(
        real,
        "ALTER USER AS400GATEWAY SET PASSWORD 'another'",
        "SET MAX_LOG_SIZE 17",
        "SET CLUSTER 'a:1,b:1'",
        "CREATE GLOBAL TEMPORARY TABLE PASSING(A INT)",
        "INSERT INTO PASSING VALUES(1)",
        "DROP TABLE PASSING",
        "SET CLUSTER ''",
    )
    assert after == before


def test_rows_of_a_temporary_table_do_not_count(real: Held) -> None:
    before = found(real)
    after = found(real, "CREATE LOCAL TEMPORARY TABLE MINE(A INT)", "INSERT INTO MINE VALUES(1)")
    assert not [name for name in after if "MINE" in name]
    assert differences({**before, SCHEMA: ""}, {**after, SCHEMA: ""}) == ""


def test_differences_name_what_differs_and_nothing_else() -> None:
    here, there = {"A": "1", "B": "2", "C": "3"}, {"A": "1", "B": "4"}
    assert differences(here, there) == "B: 2 here, 4 there; C: 3 here, absent there"
    assert differences(here, here) == ""


@given(st.lists(WORDS, max_size=5), st.randoms(use_true_random=False))
def test_lines_of_a_script_count_in_any_order_and_comments_do_not(script: list[str], random: Any) -> None:
    first = sum_of_lines(script)
    shuffled = [*script, "-- 7 +/- SELECT COUNT(*) FROM PUBLIC.T;"]
    random.shuffle(shuffled)
    assert sum_of_lines(shuffled) == first
    assert sum_of_lines([*script, "x"]) != first


def test_a_table_is_hashed_by_one_statement_with_all_its_columns() -> None:
    made = statement("S", "T", [Column("A", "INTEGER"), Column("B", "CLOB")], Dialect("text({0})", "number({0})"))
    assert made.count("SELECT") == 1
    assert '"A"' in made
    assert "text(HASH('SHA256', \"B\", 1))" in made

"""An existing database becomes the pair's: the product's own file or a dump, on real H2 1.4.199."""

import gzip
import logging
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.aws import Credentials
from musternode.failure import Failure
from musternode.h2 import opening, seeding
from musternode.h2.faults import H2Error
from tests.h2_alone import Alone, alone, made_file, shell
from tests.node_support import ADMIN, USER, h2_jar

TABLES = (
    "CREATE TABLE CONFIGURATION(ID IDENTITY, NAME VARCHAR, VALUE CLOB); CREATE SCHEMA EXTRA; "
    "CREATE TABLE EXTRA.T(N INT PRIMARY KEY); INSERT INTO EXTRA.T VALUES(7); "
    "CREATE USER ROOT2 PASSWORD 'known' ADMIN; "
    "INSERT INTO CONFIGURATION(NAME, VALUE) VALUES('of before', REPEAT('line' || CHAR(10) || ';', 4000)); "
    "SET DB_CLOSE_DELAY -1; SET CLUSTER '10.0.0.1:9092,10.0.0.2:9092'"
)
ROWS = "SELECT CAST(NAME AS VARCHAR) FROM CONFIGURATION"


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Alone]:
    """Return a node's database that does not run yet."""
    with alone(tmp_path / "node") as made:
        yield made


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a product's own file, from a time when the guide's recipe had made it one of a cluster."""
    return made_file(tmp_path_factory.mktemp("product"), [TABLES])


@pytest.fixture(scope="module")
def dump(product: Path) -> Path:
    """Return a dump of it."""
    to = product.parent / "dump.sql"
    shell(f"jdbc:h2:file:{product.parent / 'product'};CLUSTER=TRUE", Credentials("sa", ""), f"SCRIPT TO '{to}'")
    assert b"SET CLUSTER '10.0.0.1" in to.read_bytes()
    return to


def seed(node: Alone, source: Path, kind: str, administrators: tuple[Credentials, ...] = ()) -> list[str]:
    """Seed `node` as its gate process does; return the URLs at which the application was run once."""
    ran: list[str] = []
    node.database.seed(seeding.maker(source, kind, node.shop, node.database.file, ran.append, administrators))
    return ran


def compressed(dump: Path, how: str) -> Path:
    """Return `dump` as `how` says."""
    to = dump.with_name(f"dump.{how}")
    if how == "sql.gz":
        to.write_bytes(gzip.compress(dump.read_bytes()))
    elif how == "zip":
        with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(dump, "script.sql")
    return to if how != "sql" else dump


def test_the_products_own_file_becomes_the_pairs_with_its_rows(node: Alone, product: Path) -> None:
    before = product.read_bytes()
    ran = seed(node, product, "file")
    assert node.query(ROWS, USER) == ["of before"]
    assert node.database.disk().kind == "seeded"
    assert len(ran) == 1
    assert f":{node.database.pair.local[1]}/" in ran[0]
    assert product.read_bytes() == before


@pytest.mark.parametrize("how", ["sql", "sql.gz", "zip"])
def test_a_dump_becomes_the_pairs_whatever_it_is_compressed_by(node: Alone, dump: Path, how: str) -> None:
    seed(node, compressed(dump, how), "script")
    assert node.query(ROWS, USER) == ["of before"]
    assert node.query("SELECT CAST(LENGTH(VALUE) AS VARCHAR) FROM CONFIGURATION", USER) == ["24000"]


def test_identity_columns_are_told_and_no_password_is(
    node: Alone, dump: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "musternode"):
        seeding.build(dump, "script", node.shop)
    assert "PUBLIC.CONFIGURATION.ID" in caplog.text
    assert "admin_writes at leader" in caplog.text
    assert not [word for word in (ADMIN.password, USER.password) if word in caplog.text]


@pytest.mark.parametrize("kind", ["file", "script"])
def test_only_the_clusters_own_administrator_gets_in_afterwards(
    node: Alone, product: Path, dump: Path, kind: str
) -> None:
    seed(node, product if kind == "file" else dump, kind)
    for user in (Credentials("sa", ""), Credentials("root2", "known")):
        with pytest.raises(H2Error, match="Wrong user name or password"):
            node.query("CALL 1", user)
    assert node.query("CALL '1'", ADMIN) == ["1"]


def test_the_application_user_reads_and_writes_every_schema_and_is_no_administrator(node: Alone, dump: Path) -> None:
    seed(node, dump, "script")
    with node.wire(USER) as session:
        session.execute("INSERT INTO EXTRA.T VALUES(8)", "INSERT INTO CONFIGURATION(NAME) VALUES('new')")
        with pytest.raises(H2Error, match="Admin rights"):
            session.execute('CREATE ALIAS X FOR "java.lang.System.getProperty"')


@pytest.mark.parametrize("kind", ["file", "script"])
def test_a_former_clusters_list_and_a_delay_of_closing_are_gone(
    node: Alone, product: Path, dump: Path, kind: str
) -> None:
    seed(node, product if kind == "file" else dump, kind)
    held = "SELECT CAST(NAME || '=' || VALUE AS VARCHAR) FROM INFORMATION_SCHEMA.SETTINGS WHERE NAME IN ('CLUSTER')"
    assert node.query(held) == []
    node.database.release()  # fails if the database stays open without a session


def test_an_administrator_that_is_told_opens_a_file_that_no_usual_one_does(node: Alone, tmp_path: Path) -> None:
    own = Credentials("boss", "o'wn pass")
    file = made_file(tmp_path / "own", ["CREATE TABLE T(N INT)"], own)
    with pytest.raises(Failure, match=r"product.mv.db cannot be used: none of the administrators .* \(sa\) gets in"):
        seed(node, file, "file")
    seed(node, file, "file", (own,))
    assert node.query("SELECT CAST(COUNT(*) AS VARCHAR) FROM T", USER) == ["0"]


def test_rows_of_another_clusters_formation_do_not_come_along(node: Alone, tmp_path: Path) -> None:
    table = "CREATE TABLE MUSTER.FORMATION(NODE VARCHAR PRIMARY KEY, GENERATION VARCHAR)"
    row = "INSERT INTO MUSTER.FORMATION VALUES('x', '1')"
    seed(node, made_file(tmp_path / "other", [f"CREATE SCHEMA MUSTER; {table}; {row}"]), "file")
    assert node.query("SELECT NODE FROM MUSTER.FORMATION") == []


def test_a_backup_by_h2_is_taken_as_the_file_that_it_holds(node: Alone, product: Path, tmp_path: Path) -> None:
    archive = tmp_path / "backup.zip"
    with zipfile.ZipFile(archive, "w") as content:
        content.write(product, "product.mv.db")
    seed(node, archive, "file")
    assert node.query(ROWS, USER) == ["of before"]


REFUSED: list[tuple[str, bytes, str]] = [
    ("file", b"H:2,block:1,blockSize:1000,format:3,version:9\n" + b" " * 8192, "made by H2 2.2 or newer, and the appl"),
    ("file", b"H2encrypt\n" + b"x" * 8192, "it is encrypted"),
    ("file", b"-- H2 0.5/B -- " + b"\0" * 4096, "no database file of H2"),
    ("file", b"H:2,block:1,blockSize:1000,format:1,version:9\n" + b" " * 8192, "cannot be used: "),
    ("script", b"", "it is empty"),
    ("script", b"\0\1\2", "binary data"),
    ("script", b"CREATE TABLE T(N INT);\nINSERT INTO NOWHERE VALUES(1);\n", 'Table "NOWHERE" not found'),
    ("script", gzip.compress(b"CREATE TABLE T(N INT);\n" * 999)[:-20], "it is damaged"),
    ("script", b"PK\x03\x04nothing", "it is damaged"),
]


@pytest.mark.parametrize(("kind", "content", "words"), REFUSED, ids=[words for _, _, words in REFUSED])
def test_a_source_that_cannot_be_used_is_one_sentence(
    kind: str, content: bytes, words: str, node: Alone, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.write_bytes(content)
    with pytest.raises(Failure, match="the database source cannot be used: ") as refused:
        seeding.build(source, kind, node.shop)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_source_that_cannot_be_used_leaves_no_database(node: Alone, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"CREATE TABLE T(N INT);\nINSERT INTO NOWHERE VALUES(1);\n")
    with pytest.raises(Failure):
        seed(node, tmp_path / "source", "script")
    assert not node.database.file.exists()
    assert node.database.disk().kind == "empty"


@given(tail=st.binary(max_size=300), compress=st.booleans())
def test_nothing_but_a_clusters_list_at_the_head_is_left_out_of_a_dump(
    tmp_path_factory: pytest.TempPathFactory, tail: bytes, compress: bool
) -> None:
    folder = tmp_path_factory.mktemp("plain")
    head, body = b"SET MODE MySQL;\n", b"CREATE CACHED TABLE T(N INT);\nSET CLUSTER 'in a text';\n" + tail
    content = head + b"SET CLUSTER 'a:1,b:2';             \n" + body
    (folder / "in").write_bytes(gzip.compress(content) if compress else content)
    seeding.plain(folder / "in", folder / "out")
    assert (folder / "out").read_bytes() == head + body


def test_the_version_of_h2_is_that_of_its_jar() -> None:
    assert opening.version_of(h2_jar()) == "1.4.199"


@pytest.mark.parametrize(("version", "formats"), [("1.4.200", (1,)), ("2.1.214", (2,)), ("2.4.240", (3,))])
def test_a_version_of_h2_opens_files_of_its_own_formats(version: str, formats: tuple[int, ...]) -> None:
    assert opening.reads(version) == formats

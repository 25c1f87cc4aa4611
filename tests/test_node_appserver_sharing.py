"""The shared database on a node: in the product's files by what the node is, and out of them on the way back."""

import grp
from pathlib import Path
from typing import Any

import pytest

from musternode import files
from musternode.appserver import drivers, shared_database
from musternode.appserver.kind import KIND
from musternode.appserver.settings import Database
from musternode.aws import Credentials
from musternode.carbon.host import UNIT, USER
from musternode.failure import Failure
from musternode.servers import stages
from tests.appserver_machine import CONTENT, LIB, NEW, REALM, REGISTRY, SOURCES, WORKER, Machine, machine, zipped
from tests.appserver_support import DOCUMENT, SECRET
from tests.node_servers import artifact

URL = "jdbc:postgresql://db.example.org/wso2?sslmode=require"
SHARED = {"database": {"url": URL}}
SECRETS = {**DOCUMENT["secrets"], "database": f"{SECRET}database"}
PLACES = (SOURCES, REALM, REGISTRY)


def sharing(folder: Path, own: dict[str, Any] | None = None, **changes: Any) -> Any:
    """Return a machine whose cluster has a shared database."""
    return machine(folder, {**SHARED, **(own or {})}, secrets=SECRETS, **changes)


def stock(node: Machine) -> bool:
    """Return whether the three files are those of the archive."""
    return all(node.read(place) == CONTENT[place] for place in PLACES)


@pytest.mark.parametrize(("own", "read_only"), [({}, "false"), ({"committer": "b"}, "false"), (WORKER, "true")])
def test_all_use_the_database_and_workers_only_read_its_registry(
    own: dict[str, Any], read_only: str, tmp_path: Path
) -> None:
    with sharing(tmp_path, own) as node:
        assert f"<url>{URL}</url>" in node.read(SOURCES)
        assert "<username>database</username>" in node.read(SOURCES)
        assert "<password>secret-of-database</password>" in node.read(SOURCES)
        assert "<driverClassName>org.postgresql.Driver</driverClassName>" in node.read(SOURCES)
        assert '<Property name="dataSource">jdbc/WSO2SharedDB</Property>' in node.read(REALM)
        assert f"<readOnly>{read_only}</readOnly>" in node.read(REGISTRY)
        assert f"<cacheId>database@{URL}</cacheId>" in node.read(REGISTRY)


def test_without_a_database_nothing_is_touched(tmp_path: Path) -> None:
    with machine(tmp_path) as node:
        assert stock(node)
        assert not (node.paths.etc / "without-database").exists()


def test_doing_it_again_changes_nothing(tmp_path: Path) -> None:
    with sharing(tmp_path) as node:
        before = node.facts()
        assert not stages.configure(KIND, node.host())
        assert node.facts() == before


def test_the_password_is_read_by_root_and_the_product_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    written: dict[str, str | None] = {}
    write = files.write

    def recorded(path: Path, content: bytes, *, mode: int = 0o644, group: str | None = None) -> bool:
        written[path.name] = group
        return write(path, content, mode=mode, group=group and grp.getgrgid(path.parent.stat().st_gid).gr_name)

    monkeypatch.setattr(files, "write", recorded)
    with sharing(tmp_path, WORKER) as node:
        holders = [file for file in tmp_path.rglob("*") if file.is_file() and b"secret-of-data" in file.read_bytes()]
        modes = {file.name: file.stat().st_mode & 0o777 for file in holders}
        assert modes == {"master-datasources.xml": 0o640, "credentials.json": 0o600}
        assert written["master-datasources.xml"] == USER
        assert "secret-of-data" not in "".join(node.units().values()) + caplog.text


def test_another_password_of_the_account_restarts_the_product_with_it(tmp_path: Path) -> None:
    with sharing(tmp_path) as node:
        known = node.cloud.secret
        node.cloud.secret = lambda arn: Credentials("x", "new") if "database" in arn else known(arn)
        node.apply(node.new())
        assert "<password>new</password>" in node.read(SOURCES)
        assert f"<cacheId>x@{URL}</cacheId>" in node.read(REGISTRY)
        assert f"stop {UNIT}" in node.services.said


def test_a_new_distribution_uses_the_database_too_and_that_of_before_is_forgotten(tmp_path: Path) -> None:
    with sharing(tmp_path) as node:
        folder = node.paths.etc / "without-database"
        assert {file.stat().st_mode & 0o777 for file in folder.rglob("*.xml")} == {0o600}
        (folder / "gone").mkdir()
        node.apply(node.new(artifact=artifact(NEW)))
        assert URL in node.read(SOURCES)
        assert not (folder / "gone").exists()


def test_a_node_that_goes_back_to_settings_without_a_database_has_the_archives_files_again(tmp_path: Path) -> None:
    with machine(tmp_path) as node:
        before = node.facts()
        node.apply(node.new(SHARED, secrets=SECRETS))
        assert not stock(node)
        (node.paths.etc / "settings.json").write_text(node.document)
        node.cloud.broken = "all"
        node.services.said.clear()
        stages.carry_out(KIND, node.host(), again=True)
        assert stock(node)
        assert node.facts() == before
        assert f"stop {UNIT}" in node.services.said
        assert not stages.configure(KIND, node.host(), again=True)


def test_a_document_without_the_database_that_another_had_is_applied(tmp_path: Path) -> None:
    """CloudFormation brings the former one back, with a generation of its own, when another node has failed."""
    with machine(tmp_path) as node:
        node.apply(node.new(SHARED, secrets=SECRETS))
        assert not stock(node)
        node.apply(node.new({"database": None}, generation="old0old0old0old0"))
        assert stock(node)


def test_on_the_way_back_to_a_database_nothing_is_asked_of_aws(tmp_path: Path) -> None:
    with sharing(tmp_path) as node:
        node.cloud.broken = "all"
        assert not stages.configure(KIND, node.host(), again=True)


@pytest.mark.parametrize("missing", PLACES)
def test_a_file_that_is_not_in_the_archive_is_named(missing: str, tmp_path: Path) -> None:
    with sharing(tmp_path) as node:
        (node.host().current.resolve() / missing).unlink()
        with pytest.raises(Failure, match=f"node a: {missing} is not in the distribution"):
            stages.configure(KIND, node.host())


def test_a_driver_that_is_missing_is_said_before_a_file_changes(tmp_path: Path) -> None:
    with machine(tmp_path) as node:
        (node.host().current.resolve() / LIB / "driver.jar").unlink()
        with pytest.raises(Failure) as refused:
            node.apply(node.new(SHARED, secrets=SECRETS))
        assert "node a: no .jar in repository/components/lib has the class org.postgresql.Driver" in str(refused.value)
        assert stock(node)


# drivers


def jar(home: Path, place: str, *classes: str) -> None:
    """Make a .jar with these classes."""
    (home / place).parent.mkdir(parents=True, exist_ok=True)
    (home / place).write_bytes(zipped(dict.fromkeys(classes, b"")))


@pytest.mark.parametrize("folder", drivers.FOLDERS)
def test_the_first_class_that_there_is_is_chosen_wherever_its_jar_is(folder: str, tmp_path: Path) -> None:
    jar(tmp_path, f"{folder}/z.jar", "a/Old.class")
    assert drivers.chosen(tmp_path, ("a.New", "a.Old")) == "a.Old"
    jar(tmp_path, f"{LIB}/b.jar", "a/New.class")
    assert drivers.chosen(tmp_path, ("a.New", "a.Old")) == "a.New"


def test_what_is_no_jar_or_has_a_class_of_a_like_name_is_none(tmp_path: Path) -> None:
    jar(tmp_path, f"{LIB}/a.jar", "a/Driver2.class", "x/a/Driver.class", "a/Driver.java", "a.Driver")
    jar(tmp_path, f"{LIB}/a.txt", "a/Driver.class")
    (tmp_path / LIB / "text.jar").write_text("PK")
    (tmp_path / LIB / "folder.jar").mkdir()
    with pytest.raises(Failure, match=r"has the class a\.Driver; put the database's driver there"):
        drivers.chosen(tmp_path, ("a.Driver",))


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("jdbc:mysql://h/d", "com.mysql.cj.jdbc.Driver"),
        ("jdbc:mariadb://h/d", "org.mariadb.jdbc.Driver"),
        ("jdbc:postgresql://h/d", "org.postgresql.Driver"),
        ("jdbc:sqlserver://h;databaseName=d", "com.microsoft.sqlserver.jdbc.SQLServerDriver"),
        ("jdbc:oracle:thin:@h:1521/d", "oracle.jdbc.OracleDriver"),
    ],
)
def test_the_driver_is_the_usual_one_unless_the_settings_say_another(url: str, driver: str) -> None:
    assert shared_database.drivers(Database(url))[0] == driver
    assert shared_database.drivers(Database(url, "my.Driver")) == ("my.Driver",)


def test_an_address_whose_driver_nobody_knows_is_refused() -> None:
    with pytest.raises(Failure, match=r"say one in wso2as\.database\.driver"):
        shared_database.drivers(Database("jdbc:db2://h/d"))

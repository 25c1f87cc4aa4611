"""A node leads the double of WSO2 AS to a shared database, which that tells and never opens."""

import io
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from musternode.appserver import datasources, drivers, registry_xml, shared_database, user_mgt
from musternode.appserver.registry_xml import Registry
from musternode.appserver.settings import Database
from musternode.appserver.shared_database import Shared
from musternode.appserver.units import SETUP
from musternode.failure import Failure
from rehearsal.doubles import appserver
from rehearsal.doubles.appserver import LAUNCHER, build_appserver
from tests.double_appserver_support import ZIP
from tests.double_carbon_support import Benches, environment, settings, unpacked

URL = "jdbc:postgresql://db.example.org:5432/wso2?sslmode=require&a=<b>"
ACCOUNT = ("the-account", "a<b&c]]>d")
CLASSES = {name for known in shared_database._DRIVERS.values() for name in known}
VERSIONS = pytest.mark.parametrize("version", ["5.2.0", "5.3.0"])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return an unpacked double."""
    return unpacked(build_appserver("5.3.0", ZIP), tmp_path / "home")


def share(home: Path, url: str = URL, *, read_only: bool = False) -> None:
    """Edit the double's files as a node does."""
    shared = Shared(url, drivers.chosen(home, shared_database.drivers(Database(url))), *ACCOUNT)
    sources, registry, users = (home / each.FILE for each in (datasources, registry_xml, user_mgt))
    sources.write_bytes(datasources.patched(sources.read_bytes(), shared))
    registry.write_bytes(registry_xml.patched(registry.read_bytes(), Registry(f"x@{url}", read_only)))
    users.write_bytes(user_mgt.patched(users.read_bytes()))


@VERSIONS
@pytest.mark.parametrize("read_only", [False, True])
def test_the_files_that_a_node_has_edited_say_the_database_without_its_account(
    version: str, read_only: bool, tmp_path: Path
) -> None:
    home = unpacked(build_appserver(version, ZIP), tmp_path)
    share(home, read_only=read_only)
    told = settings(home)
    assert told["database"] == URL
    assert not [word for word in ACCOUNT if word in str(told)]


@VERSIONS
def test_without_one_the_servers_own_and_that_in_a_comment_are_none(version: str, tmp_path: Path) -> None:
    assert settings(unpacked(build_appserver(version, ZIP), tmp_path))["database"] is None


def test_another_address_takes_the_place_of_the_first(home: Path) -> None:
    share(home)
    share(home, "jdbc:mysql://other.example.org/wso2")
    assert settings(home)["database"] == "jdbc:mysql://other.example.org/wso2"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("jdbc:mysql://h/d?user=me&password=its&a=b", "jdbc:mysql://h/d?user=***&password=***&a=b"),
        ("jdbc:sqlserver://h;Password=its;databaseName=d", "jdbc:sqlserver://h;Password=***;databaseName=d"),
        ("jdbc:mysql://me:its@h/d", "jdbc:mysql://***@h/d"),
        ("jdbc:oracle:thin:me/its@h:1521/d", "jdbc:oracle:thin:***@h:1521/d"),
        ("jdbc:oracle:thin:@//h:1521/d", "jdbc:oracle:thin:@//h:1521/d"),
    ],
)
def test_an_account_in_an_address_is_not_told(url: str, told: str, home: Path) -> None:
    share(home, url)
    assert settings(home)["database"] == told


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_each_driver_that_a_node_knows_is_found(name: str, home: Path) -> None:
    assert drivers.chosen(home, (name,)) == name


def test_another_driver_is_missed_as_in_the_product(home: Path) -> None:
    with pytest.raises(Failure, match=r"no \.jar in .* has the class my\.Driver"):
        drivers.chosen(home, ("my.Driver",))


def test_what_stands_for_drivers_says_so_and_has_no_code() -> None:
    with zipfile.ZipFile(build_appserver("5.3.0", ZIP)) as archive:
        (place,) = (name for name in archive.namelist() if name.endswith(appserver.DRIVERS))
        jar = zipfile.ZipFile(io.BytesIO(archive.read(place)))
    with jar:
        assert "connect-to-nothing" in place
        assert "in rehearsals alone: names without code, which connect to nothing" in jar.read("README").decode()
        assert {each.filename for each in jar.infolist() if each.file_size} == {"README"}


def test_the_command_of_a_first_start_is_taken_and_passed_on(home: Path, tmp_path: Path) -> None:
    java = tmp_path / "java/bin/java"
    java.parent.mkdir(parents=True)
    java.write_text('#!/bin/sh\necho "$@"\n')
    java.chmod(0o755)
    for option, end in ((SETUP, f" {SETUP}"), ("settings", " settings")):
        command = (str(home / LAUNCHER), option)
        told = {**environment(SETUP), "JAVA_HOME": str(tmp_path / "java")}
        said = subprocess.run(command, env=told, capture_output=True, text=True, check=True).stdout.rstrip("\n")
        assert said.endswith(f"org.wso2.carbon.bootstrap.Bootstrap{end}")
        assert f"{SETUP} -classpath" in said
    start = subprocess.run((str(home / LAUNCHER), "start"), env=environment(), capture_output=True, check=False)
    assert start.returncode == 2


@pytest.fixture
def benches(tmp_path: Path) -> Iterator[Benches]:
    """Remove what runs."""
    made = Benches(tmp_path / "benches")
    yield made
    made.kill()


def test_a_server_that_is_to_make_tables_starts_without_a_database_that_answers(benches: Benches) -> None:
    member = benches.member(build_appserver("5.3.0", ZIP), SETUP)
    share(member.home)
    member.start()
    member.wait_until_started()
    told = member.json("/double")
    assert told["database"] == URL
    assert not [word for word in ACCOUNT if word in str(told) + member.log + member.output]

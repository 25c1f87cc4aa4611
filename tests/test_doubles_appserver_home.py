"""The double of WSO2 AS is a distribution, and reads its files as the product would."""

import shutil
import stat
import zipfile
from pathlib import Path

import pytest

from rehearsal.doubles import BuildError, appserver, build_carbon, carbon, store
from rehearsal.doubles.appserver import build_appserver
from tests.double_appserver_support import HOSTS, ZIP, be_worker, behind, edit_carbon_xml
from tests.double_carbon_support import settings, unpacked


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return an unpacked double."""
    return unpacked(build_appserver("5.3.0", ZIP), tmp_path)


def test_of_two_synchronizers_the_one_that_is_no_comment_counts(home: Path) -> None:
    told = settings(home)["synchronizer"]
    assert (told["enabled"], told["commits"], told["checks_out"]) == (False, False, False)
    edit_carbon_xml(home, Enabled="true")
    told = settings(home)["synchronizer"]
    assert (told["enabled"], told["commits"], told["checks_out"]) == (True, False, True)


@pytest.mark.parametrize(
    ("given", "append", "url"),
    [
        ("svn://h/a", "true", "svn://h/a/-1234"),
        ("svn://h/a/", "true", "svn://h/a/-1234"),
        ("svn://h/a", "false", "svn://h/a"),
    ],
)
def test_the_tenants_number_is_appended_unless_that_is_off(given: str, append: str, url: str, home: Path) -> None:
    edit_carbon_xml(home, SvnUrl=given, SvnUrlAppendTenantId=append)
    assert settings(home)["synchronizer"]["url"] == url


def test_names_that_are_commented_out_are_none(home: Path) -> None:
    assert [settings(home)[name] for name in ("host", "management")] == [None, None]
    edit_carbon_xml(home, **HOSTS)
    assert [settings(home)[name] for name in ("host", "management")] == [*HOSTS.values()]


def test_a_proxy_port_in_a_comment_is_none(home: Path) -> None:
    assert settings(home)["console"] == "https://localhost:9443/carbon/"
    behind(home, 8280, 8243)
    assert settings(home)["console"] == "https://localhost:8243/carbon/"


def test_the_offset_moves_the_ports(home: Path) -> None:
    edit_carbon_xml(home, Offset="2")
    assert settings(home)["console"] == "https://localhost:9445/carbon/"


def test_the_option_of_a_worker_takes_the_console_away(home: Path) -> None:
    assert settings(home)["worker"] is False
    be_worker(home)
    told = settings(home)
    assert (told["worker"], told["console"]) == (True, None)


@pytest.mark.parametrize(("version", "options"), [("5.2.0", 0), ("5.2.1", 0), ("5.3.0", 1)])
def test_the_newer_kernels_launcher_has_the_option_of_workers(version: str, options: int, tmp_path: Path) -> None:
    launcher = unpacked(build_appserver(version, ZIP), tmp_path) / appserver.LAUNCHER
    text = launcher.read_text()
    assert (text.count("-DworkerNode=false"), text.count("-DworkerNode")) == (options, options)
    assert text.endswith(" \\\n    org.wso2.carbon.bootstrap.Bootstrap $*\n")
    assert launcher.stat().st_mode & stat.S_IXUSR


def test_the_archive_is_a_distribution_whose_one_folder_has_the_archives_name() -> None:
    archive = build_appserver("5.3.0", ZIP)
    assert [each.name for each in archive.parent.iterdir()] == [ZIP]
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
    assert len(names) == len(set(names))
    inner = {name.removeprefix("wso2as-5.3.0/") for name in names}
    conf = {f"repository/conf/{name}" for name in ("axis2/axis2.xml", "carbon.xml", "tomcat/catalina-server.xml")}
    folders = {f"repository/deployment/server/{kind}" for kind in ("webapps/", "axis2services/")}
    jars = {f"lib/hazelcast-all-{appserver.ENGINE}.jar", "lib/wso2-as-double.jar"}
    assert {"bin/wso2server.sh", "repository/resources/security/client-truststore.jks", *conf, *folders, *jars} <= inner
    assert "repository/conf/deployment.toml" not in inner


def test_a_version_without_a_double_is_refused() -> None:
    with pytest.raises(BuildError, match=r"no double of wso2-as 6\.0\.0; there are: 5\.2\.0, 5\.2\.1, 5\.3\.0"):
        build_appserver("6.0.0", ZIP)


@pytest.mark.parametrize("name", [appserver.NAME, carbon.NAME])
def test_a_build_is_kept_until_its_own_or_the_kernels_source_changes(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_appserver("5.3.0", ZIP)
    said: list[str] = []
    build_appserver("5.3.0", ZIP, said.append)
    assert said == []
    for each in (appserver.NAME, carbon.NAME):
        shutil.copytree(store.SOURCES / each, tmp_path / each)
    (tmp_path / name / "src/main/java/New.java").write_text("class New {}\n")
    monkeypatch.setattr(store, "SOURCES", tmp_path)
    monkeypatch.setattr(appserver, "package", refuses)
    with pytest.raises(BuildError, match="built anew"):
        build_appserver("5.3.0", ZIP)


def refuses(project: Path, *_: object) -> Path:
    """Stand where Maven would be called."""
    raise BuildError(f"built anew: {project}")


def test_the_double_of_the_kernel_has_nothing_of_it(tmp_path: Path) -> None:
    kernels = unpacked(build_carbon("5.3.6", "wso2-carbon-4.10.126.zip"), tmp_path)
    with zipfile.ZipFile(kernels / "lib/wso2-carbon-double.jar") as jar:
        assert not [name for name in jar.namelist() if "AppServer" in name or "bootstrap" in name]

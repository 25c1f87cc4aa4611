"""Doubles are built once per source; the one of AS400Gateway does what the product's cluster guide relies on."""

import socket
import urllib.error
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from rehearsal.doubles import BuildError, artifact, build, maven, names, store
from rehearsal.poll import poll
from tests.double_support import APPLICATION_USER, SECRET, Bench


@pytest.fixture(scope="module")
def jar() -> Path:
    """Return the real double, from the cache where it was built before."""
    return build("as400gateway")


@pytest.fixture(scope="module")
def bench(jar: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Form a pair as the guide does: first run as administrator, a user who is none, the cluster."""
    made = Bench(tmp_path_factory.mktemp("double"), jar)
    try:
        made.start_h2(0)
        made.start_h2(1)
        made.start_application("sa")
        made.request("/admin/configuration/before", "PUT", "clustered")
        made.stop("application")
        made.sql(
            0,
            f"CREATE USER {APPLICATION_USER} PASSWORD '{SECRET}';"
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON SCHEMA PUBLIC TO {APPLICATION_USER}",
        )
        made.create_cluster()
        made.start_application(APPLICATION_USER)
        yield made
    finally:
        for name in list(made.running):
            made.stop(name)


def test_it_says_at_start_that_it_is_a_double(bench: Bench) -> None:
    assert "This is Muster's double of AS400Gateway" in (bench.folder / "application.log").read_text()


def test_both_config_files_are_read(bench: Bench) -> None:
    """The health proves config/application.properties (URL, user, password); the property comes from the .conf."""
    info = bench.request("/actuator/info")
    assert info["h2"] == {"driver": "1.4.199 (2019-03-13)", "clustering.enabled": "true"}


def test_configuration_is_written_read_and_removed(bench: Bench) -> None:
    assert bench.request("/admin/configuration/host", "PUT", "ibm i ü") == {"key": "host", "value": "ibm i ü"}
    assert bench.request("/admin/configuration/host", "PUT", "second") == {"key": "host", "value": "second"}
    assert bench.request("/api/configuration/host")["value"] == "second"
    assert bench.request("/admin/configuration")["host"] == "second"
    bench.request("/admin/configuration/host", "DELETE")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        bench.request("/api/configuration/host")


def test_a_user_who_is_no_administrator_serves_the_table_that_is_there(bench: Bench) -> None:
    assert bench.request("/api/configuration/before")["value"] == "clustered"
    assert "Admin rights are required" in bench.sql(0, "SET CLUSTER 'x'", user=APPLICATION_USER)


def test_requests_are_counted_in_the_session(bench: Bench) -> None:
    jar = CookieJar()
    answers = [bench.request("/api/session", jar=jar) for _ in range(3)]
    assert [answer["count"] for answer in answers] == [1, 2, 3]
    assert {answer["session"] for answer in answers} == {cookie.value for cookie in jar if cookie.name == "JSESSIONID"}
    assert bench.request("/api/session")["count"] == 1
    assert answers[0]["node"] == socket.gethostname()


def test_what_the_table_cannot_hold_is_refused(bench: Bench) -> None:
    with pytest.raises(urllib.error.HTTPError, match="400"):
        bench.request("/admin/configuration/long", "PUT", "x" * 4001)
    assert bench.request("/admin/configuration/long", "PUT", "x" * 4000)["key"] == "long"


def test_the_pool_recovers_from_a_lost_server_and_a_new_cluster_without_restart(bench: Bench) -> None:
    """Failing over needs no privilege; forming anew throws out every connection (90067, 90135)."""
    bench.stop("h2-1")
    poll(bench.healthy, within=10)
    bench.request("/admin/configuration/alone", "PUT", "1")
    bench.start_h2(1, "2")
    bench.create_cluster()
    poll(bench.healthy, within=10)
    bench.request("/admin/configuration/together", "PUT", "2")
    dumps = [bench.sql(index, "SELECT * FROM CONFIGURATION ORDER BY 1") for index in (0, 1)]
    assert "together" in dumps[0]
    assert dumps[0] == dumps[1]


def test_without_a_database_it_is_not_healthy_and_acknowledges_nothing(bench: Bench) -> None:
    """Runs last: it takes both servers away."""
    assert bench.healthy()
    bench.stop("h2-0")
    bench.stop("h2-1")
    assert not bench.healthy()
    with pytest.raises(urllib.error.HTTPError, match="503"):
        bench.request("/admin/configuration/lost", "PUT", "1")


def test_a_build_is_kept_until_its_source_changes(jar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    assert build("as400gateway", said.append) == jar
    assert said == []
    (tmp_path / "as400gateway").mkdir()
    (tmp_path / "as400gateway" / "pom.xml").write_text("<project/>")
    monkeypatch.setattr(store, "SOURCES", tmp_path)
    assert artifact("as400gateway") != jar


def test_a_failing_build_shows_the_end_of_its_log_and_leaves_no_artifact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source" / "as400gateway"
    source.mkdir(parents=True)
    (source / "pom.xml").write_text("<project><broken></project>")
    monkeypatch.setattr(store, "SOURCES", source.parent)
    monkeypatch.setenv("MUSTER_CACHE", str(tmp_path / "cache"))
    said: list[str] = []
    with pytest.raises(BuildError, match=r"(?s)Maven failed .*\.log .*pom\.xml"):
        build("as400gateway", said.append)
    assert len(said) == 1
    assert [entry.suffix for entry in (tmp_path / "cache" / "doubles").iterdir()] == [".log"]


def test_a_missing_compiler_is_named_with_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert maven.missing() == ["maven", "openjdk-17-jdk-headless"]
    with pytest.raises(BuildError, match="apt-get install maven openjdk-17-jdk-headless"):
        maven.package(tmp_path, tmp_path / "log")


def test_a_product_without_double_is_refused_with_those_there_are() -> None:
    with pytest.raises(BuildError, match=f"no double of tomcat; there are: {', '.join(names())}"):
        build("tomcat")


def test_a_double_for_a_cluster_file_is_not_built_without_one() -> None:
    for name in store.BY_FILE:
        with pytest.raises(BuildError, match=f"the double of {name} stands for what a cluster file wants"):
            build(name)

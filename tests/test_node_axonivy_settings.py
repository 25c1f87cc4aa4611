"""What a node is told of its engine is checked, and what follows from the engine's version is settled."""

from pathlib import Path
from typing import Any

import pytest

from musternode.axonivy import eras, launch, settings
from musternode.axonivy.layout import Layout, folders
from musternode.failure import Failure

TOLD: dict[str, Any] = {
    "home": "/opt/ivy",
    "version": "9.4",
    "route": "node-a.example.org",
    "connectors": [8080, 8090],
    "jgroups": 7800,
    "database": {"url": "jdbc:postgresql://db:5432/ivy"},
    "shared": "/mnt/ivy",
    "licence": "/etc/muster/ivy.lic",
}


def test_a_node_is_told_what_it_needs() -> None:
    told = settings.read(TOLD)
    assert (told.connectors, told.database.driver, told.route) == ((8080, 8090), "", "node-a.example.org")


@pytest.mark.parametrize("missing", TOLD)
def test_nothing_may_be_missing(missing: str) -> None:
    with pytest.raises(Failure, match=f"key settings.{missing} is missing"):
        settings.read({name: value for name, value in TOLD.items() if name != missing})


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("connectors", [], "settings.connectors has 0 ports; a node has 1 to 5"),
        ("connectors", [8080, 8081, 8082, 8083, 8084, 8085], "settings.connectors has 6 ports"),
        ("connectors", [8080, 8080], "a port stands twice"),
        ("connectors", [8080, 7800], "a port stands twice"),
        ("connectors", [80], "port 80 is not within 1024 and 65535"),
        ("connectors", [65536], "port 65536 is not within"),
        ("connectors", [8080.0], "settings.connectors[0] is 8080.0; a whole number is needed"),
        ("jgroups", 0, "port 0 is not within"),
        ("route", "a/b", "settings.route is 'a/b'"),
        ("route", "a;Path=/", "settings.route is"),
        ("route", ".a", "settings.route is '.a'"),
        ("route", "a" * 65, "settings.route is"),
        ("route", "", "a text that is not empty is needed"),
        ("version", "nine", "version 'nine' is none of an engine"),
        ("version", "7.4", "version 7.4: an engine before 8.0 keeps its ports in its system database"),
        ("database", {"url": "postgresql://db"}, "settings.database.url is no address of a database"),
        ("database", {"url": "jdbc:x\ny"}, "settings.database.url is no address of a database"),
        ("database", {"url": "jdbc:x", "pool": 1}, "unknown key settings.database.pool"),
        ("licence", "", "a text that is not empty is needed"),
        ("licence", "/etc/ivy.txt", "an engine takes a licence by its ending .lic"),
        ("licence", "ivy.lic", "settings.licence is 'ivy.lic'; a path from the root is needed"),
        ("home", "/", "settings.home is '/'; a path from the root is needed"),
        ("shared", "/mnt/../etc", "without .."),
        ("shared", "/opt/ivy/data", "within the engine's home"),
        ("shared", "/opt/ivy", "within the engine's home"),
    ],
)
def test_what_cannot_work_is_refused_by_a_sentence(key: str, value: Any, sentence: str) -> None:
    with pytest.raises(Failure) as refused:
        settings.read({**TOLD, key: value})
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_folder_beside_the_home_is_not_within_it() -> None:
    assert settings.read({**TOLD, "shared": "/opt/ivy-shared"}).shared == "/opt/ivy-shared"


@pytest.mark.parametrize(
    ("version", "cookie"),
    [("8", "JSESSIONID"), ("9.4", "JSESSIONID"), ("12.0.8", "JSESSIONID"), ("12.0.9", "IVYSESSIONID")],
)
def test_the_session_cookie_follows_from_the_version(version: str, cookie: str) -> None:
    assert eras.of(version).cookie == cookie


@pytest.mark.parametrize(
    ("version", "page"),
    [("8.0.29", "/ivy/"), ("9.1", "/"), ("12.0.6", "/"), ("12.0.7", "/system/health"), ("13.1", "/system/health")],
)
def test_so_does_the_page_that_tells_whether_the_engine_runs(version: str, page: str) -> None:
    assert eras.of(version).health == page


def test_eras_stand_in_their_order_and_the_newest_holds_for_what_is_to_come() -> None:
    since = [era.since for era in eras.ERAS]
    assert since == sorted(set(since))
    assert eras.of("99.1") is eras.ERAS[-1]


@pytest.mark.parametrize("version", ["", "v9", "9.", "9..4", "9.4-SNAPSHOT", " 9", "9.4.0.1.2", "٩"])
def test_a_version_that_is_none_is_refused(version: str) -> None:
    with pytest.raises(Failure, match="is none of an engine"):
        eras.of(version)


def test_shared_folders_are_named_by_keys_or_linked() -> None:
    place, old, new = Layout(Path("/opt/ivy")), eras.of("9.1"), eras.of("13.2")
    assert set(folders(old, "/mnt/ivy/").values()) == {"/mnt/ivy/files", "/mnt/ivy/applications"}
    assert place.links(old, "/mnt/ivy") == {}
    assert folders(new, "/mnt/ivy") == {"Data.Directory": "/mnt/ivy/data"}
    assert place.links(new, "/mnt/ivy") == {Path("/opt/ivy/applications"): Path("/mnt/ivy/applications")}


def test_the_engine_is_started_in_the_foreground_with_the_java_of_the_node() -> None:
    assert launch.command(Layout(Path("/opt/ivy"))) == ("/opt/ivy/bin/AxonIvyEngine", "-start")
    assert launch.environment(Path("/usr/lib/jvm/java-17")) == {"IVY_JAVA_HOME": "/usr/lib/jvm/java-17"}


def test_a_licence_has_one_place() -> None:
    assert Layout(Path("/opt/ivy")).licence == Path("/opt/ivy/configuration/licence.lic")

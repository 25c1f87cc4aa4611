"""The double of the Axon.ivy engine is a real Tomcat that reads the files that a node writes."""

import re
import socket
import subprocess
import urllib.error
import zipfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from musternode.axonivy import eras, launch, server_xml
from rehearsal.doubles import axonivy
from rehearsal.doubles.axonivy import build_axonivy
from rehearsal.poll import poll
from tests.double_axonivy_support import VERSION, ZIP, Engine, Engines
from tests.double_support import free_port
from tests.login_database import LoginDatabase, serving


@pytest.fixture
def engines(tmp_path: Path) -> Iterator[Engines]:
    """Make engines for one test."""
    made = Engines(tmp_path)
    try:
        yield made
    finally:
        made.kill()


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Run an engine with two connectors and a route by server.xml, and a shared folder by ivy.yaml."""
    made = Engines(tmp_path_factory.mktemp("ivy"))
    one = made.engine(ports=2)
    try:
        shared = made.folder / "shared"
        shared.mkdir()
        one.configure(Data__FilesDirectory=str(shared), SystemDb__Url="jdbc:x:y", SystemDb__Password="never told")
        one.serve("node-1.example.org")
        one.start()
        one.wait_until_started()
        yield one
    finally:
        made.kill()


# a Tomcat with the files of a node


def test_it_says_at_start_what_it_is_and_for_what_it_stands(engine: Engine) -> None:
    first, second = engine.output.splitlines()[:2]
    assert "double of the Axon.ivy engine" in first
    assert f"it is not the product; Tomcat 9 stands for version {VERSION}" in first
    assert "ports, route and cookie from conf/server.xml" in second


def test_every_answer_says_that_a_double_gave_it(engine: Engine) -> None:
    for path in ("/api/session", engine.health, "/double"):
        with engine.get(path) as answer:
            assert (answer.status, answer.headers["X-Muster-Double"]) == (200, "axonivy")
    with pytest.raises(urllib.error.HTTPError) as refused:
        engine.get("/nothing")
    assert (refused.value.code, refused.value.headers["X-Muster-Double"]) == (404, "axonivy")


def test_each_connector_of_server_xml_is_open_and_leads_to_the_same_sessions(engine: Engine) -> None:
    jar = CookieJar()
    told = [engine.json("/api/session", jar, port) for port in (*engine.ports, *engine.ports)]
    assert [each["port"] for each in told] == [*engine.ports, *engine.ports]
    assert [each["count"] for each in told] == [1, 2, 3, 4]
    assert len({each["session"] for each in told}) == 1


def test_the_route_stands_behind_the_point_in_a_sessions_id(engine: Engine) -> None:
    jar = CookieJar()
    told = engine.json("/api/session", jar)
    assert re.fullmatch(r"[0-9A-F]{32}\.node-1\.example\.org", told["session"])
    assert {cookie.name: cookie.value for cookie in jar} == {"JSESSIONID": told["session"]}
    assert engine.json("/double")["route"] == "node-1.example.org"


def test_a_session_names_the_host_that_the_checks_know(engine: Engine) -> None:
    assert engine.json("/api/session")["node"] == socket.gethostname()


def test_a_user_without_a_session_of_this_node_gets_a_new_one(engine: Engine) -> None:
    jar = CookieJar()
    assert [engine.json("/api/session", jar)["count"] for _ in range(2)] == [1, 2]
    for cookie in jar:
        cookie.value = "0" * 32 + ".another-node"
    assert engine.json("/api/session", jar)["count"] == 1


def test_one_users_parallel_requests_are_all_counted(engine: Engine) -> None:
    jar = CookieJar()
    engine.json("/api/session", jar)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: engine.json("/api/session", jar)["count"], range(40)))
    assert sorted(answers) == list(range(2, 42))


def test_it_tells_what_it_read_of_ivy_yaml_but_no_password(engine: Engine) -> None:
    told = engine.json("/double")
    assert told["database"] == "jdbc:x:y"
    assert told["shared"].endswith("/shared")
    assert "never told" not in str(told) + engine.output


def test_where_a_database_answers_it_serves_as_long_as_that_lets_its_user_in(engines: Engines) -> None:
    """Before it ever answered nobody is refused: most rehearsals have none."""
    engine, port = engines.engine(), free_port()
    login = {"SystemDb__UserName": "ivy", "SystemDb__Password": "one"}
    engine.configure(SystemDb__Url=f"jdbc:postgresql://127.0.0.1:{port}/ivy", **login)
    engine.start()
    engine.wait_until_started()
    assert engine.code("/api/session") == 200
    with serving(socket.create_server(("127.0.0.1", port)), LoginDatabase({"ivy": "one"})) as database:
        assert [engine.code("/api/session"), engine.code(engine.health)] == [200, 200]
        assert (database.last, database.refused) == ({"127.0.0.1": "ivy"}, [])
        database.users["ivy"] = "another"
        assert [engine.code("/api/session"), engine.code(engine.health)] == [503, 503]
        assert engine.code("/double") == 200, "it says what it is in any case"
        assert set(database.refused) == {("127.0.0.1", "ivy")}
        database.users["ivy"] = "one"
        assert engine.code("/api/session") == 200
    assert engine.code("/api/session") == 503, "a database that has answered is missed"


def test_an_engine_that_is_asked_to_end_ends_as_its_unit_knows(engines: Engines) -> None:
    engine = engines.engine()
    engine.configure()
    engine.start()
    engine.wait_until_started()
    assert engine.end() in launch.ENDINGS
    assert "Stopping" in engine.output


# files


def test_without_a_word_in_server_xml_the_port_is_that_of_ivy_yaml_and_the_route_the_hosts_name(
    engines: Engines,
) -> None:
    engine = engines.engine()
    engine.configure()
    engine.start()
    engine.wait_until_started()
    told = engine.json("/api/session")
    assert told["port"] == engine.ports[0]
    assert told["session"].endswith(f".{socket.gethostname()}")


def test_a_new_versions_sessions_have_another_cookie(engines: Engines) -> None:
    engine = engines.engine("12.0.9")
    engine.configure()
    engine.start()
    engine.wait_until_started()
    jar = CookieJar()
    assert [engine.json("/api/session", jar)["count"] for _ in range(2)] == [1, 2]
    assert [cookie.name for cookie in jar] == ["IVYSESSIONID"]


@pytest.mark.parametrize("version", ["8.0", "9.1", "9.4", "11.3", "12.0", "12.0.7", "12.0.8", "12.0.9", "13.2", "14"])
def test_cookie_and_health_page_are_those_which_a_node_expects(version: str) -> None:
    era = eras.of(version)
    assert (axonivy.cookie(version), axonivy.health(version)) == (era.cookie, era.health)


def failing(engine: Engine) -> str:
    """Start an engine that cannot run, and return what it says."""
    engine.start()
    assert engine.child
    assert engine.child.wait(30) == 1
    return engine.output


def test_a_shared_folder_that_is_not_there_ends_the_start_with_the_reason(engines: Engines) -> None:
    engine = engines.engine()
    engine.configure(Data__FilesDirectory="/nowhere/files")
    assert "Data.FilesDirectory is /nowhere/files, in which the engine cannot write" in failing(engine)


def test_two_licences_end_the_start_with_the_reason(engines: Engines) -> None:
    engine = engines.engine()
    (engine.place.configuration / "old.lic").write_text("")
    assert "has several licences" in failing(engine)


def test_an_ivy_yaml_that_nobody_can_read_ends_the_start_with_the_reason(engines: Engines) -> None:
    engine = engines.engine()
    engine.place.ivy_yaml.write_text("a: [")
    assert "cannot read" in failing(engine)


def test_a_jgroups_xml_that_jgroups_does_not_take_ends_the_engine_with_the_reason(engines: Engines) -> None:
    engine = engines.engine()
    engine.configure()
    engine.place.jgroups.write_text('<config xmlns="urn:org:jgroups"><TCP nonsense="1"/></config>')
    assert "cannot join the cluster" in failing(engine)


def test_the_launcher_runs_in_the_foreground_only(engines: Engines) -> None:
    program = engines.engine().place.program
    done = subprocess.run([program, "-startdaemon"], capture_output=True, text=True, check=False)
    assert (done.returncode, "in the foreground only" in done.stderr) == (2, True)


# a cluster


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, Engine]]:
    """Run two nodes with a licence for one."""
    made = Engines(tmp_path_factory.mktemp("pair"))
    try:
        yield made.pair("12.0.9", nodes=1)
    finally:
        made.kill()


Pair = tuple[Engine, Engine]


def wait_for_both(engine: Engine) -> None:
    """Wait until an engine sees both nodes."""
    poll(lambda: engine.json("/double")["members"] == ["node1", "node2"], within=15)


def test_nodes_find_each_other_by_the_file_that_a_node_writes(pair: Pair) -> None:
    for each in pair:
        wait_for_both(each)


def test_a_node_beyond_the_licence_answers_503_and_says_so_of_its_health(pair: Pair) -> None:
    first, second = pair
    wait_for_both(second)
    assert [first.code(path) for path in ("/api/session", "/system/health")] == [200, 200]
    assert [second.code(path) for path in ("/api/session", "/system/health")] == [503, 503]
    assert first.code("/") == 404


def test_a_node_takes_the_place_of_one_that_has_left(pair: Pair) -> None:
    """Runs last: it takes one node away."""
    first, second = pair
    first.end()
    poll(lambda: second.code("/system/health") == 200, within=20)
    assert second.json("/double")["members"] == ["node2"]


def test_health_is_503_until_the_engine_behind_the_web_server_has_started(engines: Engines) -> None:
    engine = engines.engine("12.0.9")
    engine.configure()
    engine.join("127.0.0.11", ("127.0.0.11", "127.0.0.12"), free_port())  # it looks for the other one for 3 s
    engine.start()
    seen: list[int] = []

    def started() -> bool:
        seen.append(engine.code(engine.health))
        return seen[-1] == 200

    poll(started, within=30, every=0.05)
    assert 503 in seen
    assert set(seen) <= {0, 503, 200}


@pytest.mark.full
@pytest.mark.parametrize("version", ["8.0", "9.4"])
def test_nodes_of_other_times_find_each_other_too(version: str, engines: Engines) -> None:
    for each in engines.pair(version, nodes=2):
        wait_for_both(each)
        assert (each.code(each.health), each.code("/system/health")) == (200, 404)


def test_without_a_licence_it_runs_alone(engines: Engines) -> None:
    engine = engines.engine()
    engine.configure()
    engine.join("127.0.0.11", ("127.0.0.11",), free_port())
    engine.place.licence.unlink()
    engine.start()
    engine.wait_until_started()
    assert "demo mode" in engine.output
    assert engine.json("/double")["members"] == []


# the archive


def test_tomcats_own_server_xml_gets_what_is_wanted_and_keeps_every_other_line() -> None:
    (archive,) = axonivy._libraries(axonivy.JGROUPS, lambda _: None).glob("tomcat-*.zip")
    with zipfile.ZipFile(archive) as opened:
        (name,) = (each for each in opened.namelist() if each.endswith("/conf/server.xml"))
        before = opened.read(name)
    after = server_xml.patched(before, "node-a", [8080, 8090])
    assert server_xml.patched(after, "node-a", [8080, 8090]) == after
    gone = Counter(before.splitlines()) - Counter(after.splitlines())
    new = Counter(after.splitlines()) - Counter(before.splitlines())
    assert list(gone) == [b'    <Engine name="Catalina" defaultHost="localhost">']
    assert {line.split(b"=")[0].strip() for line in new} <= {
        b"<Connector port",
        b"connectionTimeout",
        b"redirectPort",
        b"maxParameterCount",
        b"/>",
        b"<Engine jvmRoute",
    }


def test_the_same_sources_give_the_same_bytes(tmp_path: Path) -> None:
    built = build_axonivy(VERSION, ZIP)
    libraries = axonivy._libraries(axonivy.JGROUPS, lambda _: None)
    (tmp_path / "scratch").mkdir()
    again = axonivy._packed(tmp_path / "scratch", ZIP, VERSION, libraries) / ZIP
    assert again.read_bytes() == built.read_bytes()


def test_the_archive_is_laid_out_as_the_products() -> None:
    with zipfile.ZipFile(build_axonivy(VERSION, ZIP)) as archive:
        names = archive.namelist()
        (program,) = (each for each in archive.infolist() if each.filename == "bin/AxonIvyEngine")
    assert program.external_attr >> 16 & 0o777 == 0o755
    assert {"applications/", "data/", "configuration/ivy.yaml", "configuration/double.properties"} < set(names)
    assert names == sorted(names)

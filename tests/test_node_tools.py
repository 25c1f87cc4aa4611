"""H2's tools are started by the names of their classes and without a password in sight; the guide's lines are not."""

import re
import shlex
import stat
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from musternode import host, units
from musternode.h2.database import UNIT, Database
from musternode.h2.tools import Tools
from musternode.host import Host, Identity
from musternode.paths import Paths
from musternode.products import as400gateway
from musternode.settings import Settings
from musternode.system import Systemd
from tests.gate_support import free_port
from tests.h2_support import Server, ask
from tests.node_support import ADMIN, USER, h2_jar, settings

SERVER = ("-tcp", "-tcpAllowOthers", "-tcpPort", "9092", "-ifNotExists")
LIST = "127.0.1.1:9092,127.0.1.2:9092"
CLUSTER = (
    *("-urlSource", "jdbc:h2:tcp://127.0.1.1:9092/./src/main/resources/connections"),
    *("-urlTarget", "jdbc:h2:tcp://127.0.1.2:9092/./src/main/resources/connections"),
    *("-user", "sa", "-password", "password", "-serverList", LIST),
)
RECORDER = """\
#!/bin/sh
printf '%s\\n' "$@" > "$0.line"
cp -p "${1#@}" "$0.file"
"""


def named(database: str) -> Settings:
    """Return settings whose database has that name."""
    return replace(settings(), settings=replace(settings().settings, database=database))


@pytest.fixture
def java(tmp_path: Path) -> Path:
    """Return a program that keeps its command line and its argument file beside itself."""
    program = tmp_path / "java"
    program.write_text(RECORDER)
    program.chmod(0o755)
    return program


def copied(chosen: Settings, java: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let a node of these settings copy the other one's database; return the words of the argument file."""
    this = Host(Identity("b", "/p"), chosen, Paths(java.parent / "root"), Systemd())
    host.save_credentials(this.paths, {"admin": ADMIN, "application": USER})
    database = this.database()
    database._tools = Tools(h2_jar(), this.paths.run, str(java))
    for step in ("start_empty", "checkpoint"):
        monkeypatch.setattr(Database, step, lambda _: None)
    database.create_cluster(("127.0.0.1", 4711), lambda: None)
    assert not list(this.paths.run.iterdir())  # the argument file is gone
    return shlex.split(Path(f"{java}.file").read_text())


def main_of(words: list[str]) -> str:
    """Return the class that a line of java names behind its class path."""
    return words[words.index("-cp") + 2]


@pytest.mark.parametrize("options", [SERVER, CLUSTER], ids=["server", "cluster"])
def test_java_refuses_both_lines_of_the_guide_as_they_are_printed(options: tuple[str, ...]) -> None:
    """The control of the next test: they name a jar and no class."""
    done = subprocess.run(["java", "-cp", str(h2_jar()), *options], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert f"Unrecognized option: {options[0]}" in done.stderr


def test_server_and_copying_are_started_by_classes_that_the_jar_has(
    java: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = settings()
    unit = units.units(chosen, chosen.member("a"), as400gateway.layout(chosen), Paths())[UNIT]
    (line,) = (each.partition("=")[2] for each in unit.splitlines() if each.startswith("ExecStart="))
    mains = [main_of(shlex.split(line)), main_of(copied(chosen, java, monkeypatch))]
    assert mains == ["org.h2.tools.Server", "org.h2.tools.CreateCluster"]
    with zipfile.ZipFile(h2_jar()) as content:
        assert {f"{main.replace('.', '/')}.class" for main in mains} <= set(content.namelist())


def test_the_administrators_password_is_in_a_file_of_roots_alone_and_not_on_the_line(
    java: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guide's line has it in clear, for whoever lists the processes."""
    words = copied(settings(), java, monkeypatch)
    assert words[words.index("-password") + 1] == ADMIN.password
    assert stat.S_IMODE(Path(f"{java}.file").stat().st_mode) == 0o600
    assert re.fullmatch(r"@\S+\.args\n", Path(f"{java}.line").read_text())


@pytest.mark.parametrize("name", ["connection", "connections"])
def test_what_is_copied_is_what_the_application_opens(name: str, java: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = named(name)
    words = copied(chosen, java, monkeypatch)
    source, target = (words[words.index(option) + 1] for option in ("-urlSource", "-urlTarget"))
    url = Host(Identity("a", "/p"), chosen, Paths(), Systemd()).pair.url
    assert url == f"jdbc:h2:tcp://{LIST}/./{name}"
    assert {each.rpartition("/./")[2] for each in (source, target, url)} == {name}
    assert words[words.index("-serverList") + 1] == LIST


def test_the_guides_two_names_are_two_databases_of_which_the_second_is_empty(tmp_path: Path) -> None:
    """The control of the test before: `connections` is made a cluster, and the application is told `connection`."""
    server = Server(("127.0.7.2", free_port()), tmp_path / "h2")
    try:
        server.start()
        url = "jdbc:h2:tcp://{}:{}/./src/main/resources/".format(*server.address)
        assert ask(f"{url}connections", "CREATE TABLE T(A INT)", "SELECT COUNT(*) FROM T") == ["OK", "OK", "OK 0"]
        opened, answer = ask(f"{url}connection", "SELECT COUNT(*) FROM T")
    finally:
        server.kill()
    assert opened == "OK"
    assert answer.startswith("E 42102")  # no such table

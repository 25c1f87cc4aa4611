"""Everything from elsewhere is pinned by an exact version and a hash, and nothing is installed past its pin."""

import json
import os
import re
import subprocess
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations import ROOT
from operations.sbom_pins import Pin, asked_for, below, normal, pins
from rehearsal.doubles import BuildError, axonivy, carbon, kaazing, maven, store
from rehearsal.doubles import pins as jars
from rehearsal.doubles.h2 import VERSIONS, jar

LISTS = sorted(path.stem for path in ROOT.glob("requirements*.in"))
TRACKED = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
CODE = [ROOT / name for name in TRACKED if name.endswith((".py", ".yml", ".sh")) or name in {"muster", ".ci/run"}]
OF_PRODUCT = [each for each in CODE if "tests" not in each.relative_to(ROOT).parts]


@pytest.mark.parametrize("name", LISTS)
def test_every_python_package_is_pinned_by_version_and_hash(name: str) -> None:
    assert pins((ROOT / f"{name}.txt").read_text())


@pytest.mark.parametrize(
    "text", ["a==1\n    # via b\n", "a>=1 \\\n    --hash=sha256:" + "0" * 64 + "\n", "a==1 \\\n    --hash=md5:0\n"]
)
def test_a_package_without_version_or_hash_is_seen(text: str) -> None:
    """Negative control."""
    with pytest.raises(ValueError, match="is not pinned by a version and a hash"):
        pins(text)


@pytest.mark.parametrize("name", LISTS)
def test_what_is_asked_for_is_named_with_its_exact_version_and_is_what_is_pinned(name: str) -> None:
    asked = [line for line in (ROOT / f"{name}.in").read_text().splitlines() if not line.startswith("#")]
    pinned = {(pin.name, pin.version) for pin in pins((ROOT / f"{name}.txt").read_text())}
    for line in asked:
        exact = re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[[a-z0-9,-]+\])?==([0-9][\w.]*)", line)
        assert exact, line
        assert (normal(exact[1]), exact[2]) in pinned


def test_a_pin_that_nobody_asks_for_is_seen() -> None:
    for name in LISTS:
        known = pins((ROOT / f"{name}.txt").read_text())
        running, checking = asked_for((ROOT / f"{name}.in").read_text())
        assert {pin.name for pin in known} == below(known, running | checking)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=20))
def test_what_is_below_a_package_is_all_that_it_leads_to(edges: list[tuple[int, int]]) -> None:
    known = [Pin(str(n), "1", (), frozenset(str(a) for a, b in edges if b == n)) for n in range(10)]
    reached = {0}
    for _ in edges:
        reached |= {b for a, b in edges if a in reached}
    assert below(known, {"0"}) == {str(n) for n in reached}


def test_pip_never_installs_what_has_no_hash() -> None:
    """But Muster itself, of this very checkout, and nothing with it."""
    lines = [line for file in OF_PRODUCT for line in file.read_text().splitlines()]
    commands = [line for line in lines if re.search(r"-m\W+pip\b", line)]
    assert len(commands) >= 3
    for line in commands:
        own = "--no-deps" in line and '-e "$root"' in line
        assert own or "--require-hashes" in line, line
        # isolated: else it leaves out what the user's PYTHONPATH leads to, and there is an environment with a gap
        assert re.search(r"-I\b.*-m\W.*pip\b", line), line


def test_every_node_module_is_locked_by_its_hash_and_installed_by_the_lock() -> None:
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    modules = {name: each for name, each in locked.items() if name}
    assert modules
    assert all(re.fullmatch(r"sha512-[A-Za-z0-9+/]{86}==", each["integrity"]) for each in modules.values())
    assert all(re.fullmatch(r"\d[\d.]*", each) for each in locked[""]["devDependencies"].values())
    installing = [line for file in OF_PRODUCT for line in re.findall(r"npm (?:ci|i|install)\b", file.read_text())]
    assert set(installing) == {"npm ci"}


def test_maven_is_started_in_one_place_alone() -> None:
    """There, what it fetches is compared with its pins before anything is built of it."""
    starting = {file.relative_to(ROOT).as_posix() for file in CODE if re.search(r"\"mvn\"", file.read_text())}
    assert starting == {"rehearsal/doubles/maven.py", "tests/test_supply_chain.py"}


def test_every_part_of_a_build_has_an_exact_version() -> None:
    for pom in (ROOT / "rehearsal" / "doubles").glob("*/pom.xml"):
        versions = re.findall(r"<(?:\w+\.)?version>([^<]+)</", pom.read_text())
        assert versions
        assert all(re.fullmatch(r"[0-9][\w.]*|\$\{[a-z.]+\}", each) for each in versions), pom
        assert f"<tomcat>{axonivy.TOMCAT.split(':')[2]}</tomcat>" in pom.read_text() or "tomcat" not in pom.read_text()


def test_every_jar_of_a_double_is_pinned() -> None:
    wanted = set(jars.pinned().values())
    own = ("wso2-carbon-double.jar", "wso2-as-double.jar", "axonivy-double.jar", "kaazing-gateway-assembly-1.0.0.jar")
    folders = [kaazing._libraries(print), axonivy._libraries(axonivy.OLD_JGROUPS, print)]
    folders += [
        axonivy._libraries(axonivy.JGROUPS, print),
        *(carbon._libraries(each, print) for each in carbon.ENGINES),
    ]
    for folder in folders:
        others = [file.name for file in folder.iterdir() if file.name not in own and jars.sha256(file) not in wanted]
        assert others == []


def test_every_h2_is_pinned() -> None:
    assert {jars.sha256(jar(version)) for version in VERSIONS} <= set(jars.pinned().values())


FAKE = """#!/bin/bash
for word in "$@"; do case $word in -Dmaven.repo.local=*) repository=${word#*=};; esac; done
mkdir -p "$repository/a/b/1" target
printf '%s' "$CONTENT" >"$repository/a/b/1/b-1.jar"
touch "$repository/a/b/1/b-1.jar.sha1" target/made.jar
printf '%s\\n' "$*" >>"$CALLS"
"""
"""A Maven that fetches one file, and writes down how it was called."""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the fake Maven, which is found instead of the real one, writes down its calls."""
    fake = tmp_path / "bin" / "mvn"
    fake.parent.mkdir()
    fake.write_text(FAKE)
    fake.chmod(0o755)
    pinned = tmp_path / "pins"
    pinned.write_text(f"{'f' * 64}  other\n" + jars.written({"a/b/1/b-1.jar": _sha256(tmp_path, "as it was")}))
    monkeypatch.setattr(jars.pinned, "__defaults__", (pinned,))
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("MUSTER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    (tmp_path / "project").mkdir()
    return tmp_path / "calls"


def _sha256(folder: Path, content: str) -> str:
    (folder / "content").write_text(content)
    return jars.sha256(folder / "content")


def test_what_is_as_it_was_is_built_without_the_network(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTENT", "as it was")
    maven.package(tmp_path / "project", tmp_path / "log", ["-Done=1"])
    fetching, building = calls.read_text().splitlines()
    assert fetching.endswith(":go-offline")
    assert building.endswith("--offline -Done=1 package")


def test_nothing_is_built_of_what_is_another_one(calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTENT", "replaced")
    with pytest.raises(BuildError, match=r"does not pin, so nothing is built of it: a/b/1/b-1\.jar; remove "):
        maven.package(tmp_path / "project", tmp_path / "log")
    assert "--offline" not in calls.read_text()


def test_a_fetched_file_that_was_changed_on_this_machine_is_not_used(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTENT", "as it was")
    file = maven.fetched("a:b:1", tmp_path / "log")
    assert maven.fetched("a:b:1", tmp_path / "log") == file
    assert len(calls.read_text().splitlines()) == 1
    file.write_text("changed")
    with pytest.raises(BuildError, match=r"a/b/1/b-1\.jar"):
        maven.fetched("a:b:1", tmp_path / "log")


@given(st.dictionaries(st.text("abc/.-", min_size=1), st.text("0123456789abcdef", min_size=64, max_size=64)))
def test_pins_are_read_as_they_were_written(found: dict[str, str]) -> None:
    with NamedTemporaryFile("w") as file:
        file.write(jars.written(found))
        file.flush()
        assert jars.pinned(Path(file.name)) == found


def test_what_is_not_pinned_and_what_is_another_are_told_apart_from_what_is_right() -> None:
    assert jars.others({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "9", "d": "4"}) == ["b", "c"]


def test_the_pins_are_of_the_doubles_that_there_are() -> None:
    assert {path.split("/")[0] for path in jars.pinned()} >= {"com", "org"}
    assert jars.PINS.parent == store.SOURCES

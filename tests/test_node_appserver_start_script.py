"""wso2server.sh edited in place; the judge is the shell: what Java is given, by a script that stands in for it."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musternode.appserver import start_script
from musternode.failure import Failure

MAIN = "org.wso2.carbon.bootstrap.Bootstrap"
HEAD = """#!/bin/sh
# starts org.wso2.carbon.bootstrap.Bootstrap by java; add -DworkerNode=true behind it to have a worker
echo caf\u00e9 it\\'s -DworkerNodes # -DworkerNode
"""
OLD = f"""while [ "$status" = "121" ]
do
    "$JAVACMD" \\
    $JAVA_OPTS \\
    -Dconf.location="$PWD/a #b"\\
    -Dfile.encoding=UTF8 \\
    {MAIN} $*
    status=$?
done
"""
NEW = OLD.replace(f"    {MAIN}", f"    -DworkerNode=false \\\n    {MAIN}")
JAVA = '#!/bin/sh\nfor each in "$@"; do echo "<$each>"; done >>"$OUT"\n'


@pytest.fixture(scope="session")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a `java` that writes down what it is given."""
    folder = tmp_path_factory.mktemp("carbon")
    java = folder / "bin" / "java"
    java.parent.mkdir()
    java.write_text(JAVA)
    java.chmod(0o755)
    return folder


def given_to_java(room: Path, script: bytes) -> list[str]:
    """Return what Java is given when `script` runs with the argument `-Dx=y`; its own complaints are a failure."""
    out, file = room / "out", room / "bin" / "wso2server.sh"
    file.write_bytes(script)
    out.write_text("")
    environment = {"JAVA_HOME": str(room), "OUT": str(out), "status": "121", "JAVACMD": str(room / "bin/java")}
    command = ["sh", str(file), "-Dx=y"]
    ended = subprocess.run(
        command,
        env={"PATH": os.environ["PATH"], "JAVA_OPTS": "-Xss1m -Xmx9m", **environment},
        cwd=room,
        capture_output=True,
        check=True,
        timeout=30,
    )
    assert b"not found" not in ended.stderr
    return [line[1:-1] for line in out.read_text().splitlines()]


def edited(script: str, worker: bool) -> bytes:
    """Return the script as it is after the edit."""
    return start_script.patched((HEAD + script).encode("latin-1"), worker)


def without(options: list[str]) -> list[str]:
    """Return what Java is given but the option."""
    return [each for each in options if not each.startswith("-DworkerNode")]


def test_the_option_takes_a_line_of_its_own_before_the_main_class() -> None:
    expected = OLD.replace(f"    {MAIN}", f"    -DworkerNode=true \\\n    {MAIN}")
    assert edited(OLD, True) == (HEAD + expected).encode("latin-1")


def test_the_option_that_is_there_is_set_and_no_second_one_comes() -> None:
    assert edited(NEW, True) == (HEAD + NEW.replace("=false", "=true")).encode("latin-1")


@pytest.mark.parametrize("script", [OLD, NEW])
def test_a_management_node_keeps_the_products_own_script(script: str) -> None:
    assert edited(script, False) == (HEAD + script).encode("latin-1")


@pytest.mark.parametrize("script", [OLD, NEW])
def test_a_node_can_go_over_to_the_other_group_and_back(script: str, room: Path) -> None:
    back = start_script.patched(edited(script, True), False)
    assert "-DworkerNode=false" in given_to_java(room, back)
    assert start_script.patched(back, True) == edited(script, True)


@pytest.mark.parametrize("script", [OLD, NEW])
def test_java_is_given_the_option_once_and_all_else_as_before(script: str, room: Path) -> None:
    before = given_to_java(room, (HEAD + script).encode("latin-1"))
    after = given_to_java(room, edited(script, True))
    assert after.count("-DworkerNode=true") == 1
    assert without(after) == without(before)
    assert after.index("-DworkerNode=true") < after.index(MAIN)
    assert after[-1] == "-Dx=y"


@pytest.mark.parametrize(
    "old",
    [
        "-DworkerNode",
        "-DworkerNode=",
        '-DworkerNode="false"',
        '"-DworkerNode=false"',
        "'-DworkerNode=true'",
        "-DworkerNode=$WORKER",
        "-DworkerNode='false' -Da=b",
    ],
)
@pytest.mark.parametrize("worker", [True, False])
def test_the_option_is_set_however_it_is_written(old: str, worker: bool, room: Path) -> None:
    after = given_to_java(room, edited(NEW.replace("-DworkerNode=false", old), worker))
    assert f"-DworkerNode={'true' if worker else 'false'}" in after
    assert ("-Da=b" in after) == ("-Da=b" in old)


def test_of_an_option_that_stands_twice_both_are_set(room: Path) -> None:
    script = NEW.replace(f"{MAIN} $*", f"-DworkerNode=true \\\n    {MAIN} $* -DworkerNode=true")
    after = given_to_java(room, edited(script, False))
    assert [each for each in after if each.startswith("-DworkerNode")] == ["-DworkerNode=false"] * 3


def test_a_remark_of_the_option_counts_for_nothing(room: Path) -> None:
    script = OLD.replace("    status=", "    # java -DworkerNode=true\n    status=")
    assert b"# java -DworkerNode=true\n" in edited(script, True)
    assert given_to_java(room, edited(script, True)).count("-DworkerNode=true") == 1


@pytest.mark.parametrize("worker", [True, False])
def test_a_command_on_one_line_stays_on_one(worker: bool, room: Path) -> None:
    after = edited(f'"$JAVACMD" -Da=b {MAIN} $*\n', worker)
    assert after.count(b"\n") == HEAD.count("\n") + 1
    assert given_to_java(room, after) == ["-Da=b", *["-DworkerNode=true"] * worker, MAIN, "-Dx=y"]


OPTIONS = [
    "-Da=b",
    '-Dq="x # y"',
    "-Dh=a#b",
    "-De=\\\\",
    "-Ds='#'",
    "-Dw=it\\'s",
    "-DworkerNode=false",
    "-DworkerNodes=1",
]
JOINTS = [" ", " \\\n    ", " \\\n\t", " \\\n"]


@given(
    options=st.lists(st.sampled_from(OPTIONS), max_size=5).filter(lambda found: found.count("-DworkerNode=false") < 2),
    joints=st.lists(st.sampled_from(JOINTS), min_size=7, max_size=7),
    worker=st.booleans(),
)
@settings(max_examples=60)
def test_the_shell_joins_the_lines_as_before(options: list[str], joints: list[str], worker: bool, room: Path) -> None:
    words = ['"$JAVACMD"', *options, MAIN, "$*"]
    script = (
        "".join(word + joint for word, joint in zip(words, joints, strict=False)).rstrip(" \\\n\t") + "\nstatus=0\n"
    )
    once = edited(script, worker)
    before, after = given_to_java(room, (HEAD + script).encode("latin-1")), given_to_java(room, once)
    assert without(after) == without(before)
    assert ("-DworkerNode=true" in after) == worker
    assert sum(each.startswith("-DworkerNode=") for each in after) <= 1
    assert start_script.patched(once, worker) == once


@given(st.binary(max_size=40), st.integers(0, len(OLD)), st.booleans())
def test_damage_is_a_sentence_or_no_second_option(damage: bytes, place: int, worker: bool) -> None:
    try:
        after = start_script.patched(OLD.encode()[:place] + damage + OLD.encode()[place:], worker)
    except Failure as failure:
        assert "wso2server.sh" in str(failure)  # noqa: PT017 - either is right
    else:
        assert after.count(b"-DworkerNode=true") == worker + damage.count(b"-DworkerNode=true")
        assert start_script.patched(after, worker) == after


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("", "no command in it starts"),
        (f"# java {MAIN}\n", "no command in it starts"),
        (f'main={MAIN}\njava "$main"\n', "no command in it starts"),
        (OLD.replace("    -Dfile", "    # -Dfile"), "no command in it starts"),
        (OLD.replace("\n", "\r\n"), "no command in it starts"),
        (f"JAVA_OPTS=-DworkerNode=true\n{OLD}", "line 4: -DworkerNode outside of the command"),
        (f"O=-DworkerNode=true\\\\\njava {MAIN}\n", "line 4: -DworkerNode outside of the command"),
        (NEW.replace("=false", '=fal"se"'), "written in a way that cannot be edited"),
        (NEW.replace("=false", "=${WORKER}"), "written in a way that cannot be edited"),
    ],
)
@pytest.mark.parametrize("worker", [True, False])
def test_a_script_that_cannot_be_edited_is_refused_by_a_sentence(script: str, sentence: str, worker: bool) -> None:
    with pytest.raises(Failure) as refused:
        edited(script, worker)
    assert sentence in str(refused.value)
    assert str(refused.value).startswith("bin/wso2server.sh")
    assert "\n" not in str(refused.value)


def stock(name: str) -> bytes:
    """Return a product's own script; skips where this machine has none."""
    file = Path(os.environ.get("MUSTER_STOCK", "")) / name / "wso2server.sh"
    if not os.environ.get("MUSTER_STOCK") or not file.is_file():
        pytest.skip(f"MUSTER_STOCK is not set or has no {name}/wso2server.sh: no product's own script was edited")
    return file.read_bytes()


KERNELS = pytest.mark.parametrize(("kernel", "given"), [("kernel-4.2-era", False), ("kernel-4.4.1", True)])


@KERNELS
def test_one_line_is_all_that_changes_in_a_products_own_script(kernel: str, given: bool) -> None:
    before = stock(kernel)
    line = b"    -DworkerNode=%s \\\n"
    plain = before.replace(line % b"false", b"")
    assert (plain != before) == given
    main = b"    " + MAIN.encode()
    assert start_script.patched(before, True) == plain.replace(main, line % b"true" + main)
    assert start_script.patched(before, False) == before


@KERNELS
def test_a_products_own_script_tells_java(kernel: str, given: bool, room: Path) -> None:
    before = stock(kernel)
    old, worker = given_to_java(room, before), given_to_java(room, start_script.patched(before, True))
    assert ("-DworkerNode=false" in old) == given
    assert worker.count("-DworkerNode=true") == 1
    assert without(worker) == without(old)
    assert len(old) > 20
